/**
 * Pays opened over HTTP: the real server, and its clients in a process of their own. Each request is signed by the purse's
 * device before the clock runs, as telephones do it with processors of their own, and answered when the pay is committed.
 * What the chip says comes at the handler's seam, when the clock has stopped.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { routes } from '@kozeni/api/routes'
import { sign, signerOf } from '@kozeni/api/signature'
import { assert } from '@kozeni/base/assert'
import { base64url, concat, hex, NO_BYTES, utf8 } from '@kozeni/base/bytes'
import { systemClock as clock, seconds } from '@kozeni/base/clock'
import { systemDice as dice } from '@kozeni/base/dice'
import { type DeviceId, id } from '@kozeni/base/ids'
import type { Book } from '@kozeni/center/book'
import { noFunding } from '@kozeni/center/funding'
import { memoryMarks } from '@kozeni/center/mark-memory'
import { defaultPolicy } from '@kozeni/center/policy'
import { type RunningCenter, serveCenter } from '@kozeni/center/serve-center'
import type { Vault } from '@kozeni/center/vault'
import { PostgresViews } from '@kozeni/center/views-postgres'
import { nodeCrypto as crypto, verifyAside } from '@kozeni/protocol/crypto-node'
import { encodeTransaction } from '@kozeni/protocol/transaction'
import type { Measured } from './database.ts'
import { heard } from './heard.ts'
import { measured, type Row, side, type Work } from './measure.ts'
import { purse } from './names.ts'
import { closing, type Sale } from './online.ts'
import { CHIP_KEY } from './receipts.ts'

const CLIENTS = 64

/** Opens each sale's pay; no purse may be in two of them. */
export async function payingOverHttp(
  database: Measured,
  work: string,
  { book, vault }: { readonly book: Book; readonly vault: Vault },
  due: readonly Sale[],
): Promise<Row> {
  await database.client.query(DEVICES)
  await database.client.query(NO_TASKS)
  const views = new PostgresViews({ url: database.url, connections: 1 })
  const center = await served(book, vault, views)
  try {
    const requests = await Promise.all(due.map(sale => requestOf(center.origin, sale)))
    const clients = await clientsOf({ port: Number(new URL(center.origin).port), clients: CLIENTS, requests })
    const row = await measured(database, opening(work, clients, due.length))
    await side(CLIENTS, due.length, i => close(book, due[i]))
    return row
  } finally {
    await center.stop()
    await views.close()
  }
}

/** Each purse's own, with the chips' key; as population.ts names them. */
const DEVICES = `
  insert into device (device_id, account_id, public_key, at_ms)
  select device_id, account_id, decode('${hex(crypto.publicKey(CHIP_KEY))}', 'hex'), 0 from issuance
  on conflict do nothing`

/** What was measured before, without a mover, is not told while this is. */
const NO_TASKS = 'delete from outbox'

/** Nobody is refused because all clients have one address and one processor. */
const NO_LIMITS = { requestsPerMinute: 1e9, lateMs: 60_000 }

async function served(book: Book, vault: Vault, views: PostgresViews): Promise<RunningCenter> {
  const running = await serveCenter({
    ...{ clock, dice, crypto, book, vault, views, funding: noFunding, marks: memoryMarks(), policy: defaultPolicy },
    ...{
      verifyAside,
      module: NO_BYTES,
      operators: [],
      log: () => undefined,
      port: 0,
      host: '127.0.0.1',
      limits: NO_LIMITS,
    },
  })
  assert(running.ok, running.ok ? '' : running.refusal.code)
  return running.value
}

/** What the clients' process is given. */
export interface Load {
  readonly port: number
  readonly clients: number
  /** As they go over the wire. */
  readonly requests: readonly Uint8Array[]
}

/** The clients' process, with all its connections open; it ends when all is answered. */
async function clientsOf(load: Load): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./http-main.ts', import.meta.url)), { serialization: 'advanced' })
  child.send(load)
  await heard(child)
  return child
}

/** Their own time is in no figure of the row. */
const opening = (work: string, clients: ChildProcess, units: number): Work => ({
  ...{ work, batch: 1, clients: CLIENTS, units },
  run: async took => {
    clients.send('go')
    const all: readonly number[] = await heard(clients)
    all.forEach(took)
  },
})

/** A request as the purse's device signs and sends it. */
async function requestOf(origin: string, { by, transaction, number }: Sale): Promise<Uint8Array> {
  const { method, path } = routes.createPayment
  const said = { purse: purse(by), transaction: base64url(encodeTransaction(transaction)), number }
  const body = utf8(JSON.stringify(said))
  const authority = new URL(origin).host
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
  const signer = signerOf(crypto, { kind: 'device', id: id<DeviceId>(purse(by)) }, CHIP_KEY)
  const request = { method, authority, target: path, headers, body }
  const signature = await sign(crypto, request, signer, seconds(clock.now()))
  const lines = Object.entries({ host: authority, ...headers, ...signature }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return concat(utf8([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')), body)
}

async function close(book: Book, sale: Sale | undefined): Promise<void> {
  if (sale === undefined) return
  const { open } = await book.look({ purse: purse(sale.by) })
  assert(open !== undefined, 'it was just opened')
  await book.run(closing(open))
}
