/**
 * Pays opened over HTTP: the real server, and its clients in the same process, each request signed by the purse's device
 * and answered when the pay is committed. What the chip says comes at the handler's seam, when the clock has stopped.
 */
import { type Call, caller } from '@kozeni/api/call'
import { routes } from '@kozeni/api/routes'
import { signerOf } from '@kozeni/api/signature'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { assert } from '@kozeni/base/assert'
import { base64url, hex, NO_BYTES } from '@kozeni/base/bytes'
import { systemClock as clock } from '@kozeni/base/clock'
import { systemDice as dice } from '@kozeni/base/dice'
import { type DeviceId, id } from '@kozeni/base/ids'
import type { Book } from '@kozeni/center/book'
import { noFunding } from '@kozeni/center/funding'
import { memoryMarks } from '@kozeni/center/mark-memory'
import { defaultPolicy } from '@kozeni/center/policy'
import { type RunningCenter, serveCenter } from '@kozeni/center/serve-center'
import type { Vault } from '@kozeni/center/vault'
import { PostgresViews } from '@kozeni/center/views-postgres'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { encodeTransaction } from '@kozeni/protocol/transaction'
import type { Measured } from './database.ts'
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
  const views = new PostgresViews({ url: database.url, connections: 1 })
  const center = await served(book, vault, views)
  try {
    const row = await measured(database, opening(work, center.origin, due))
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
  select device_id, account_id, decode('${hex(crypto.publicKey(CHIP_KEY))}', 'hex'), 0 from purse
  on conflict do nothing`

/** Nobody is refused because all clients have one address and one processor. */
const NO_LIMITS = { requestsPerMinute: 1e9, lateMs: 60_000 }

async function served(book: Book, vault: Vault, views: PostgresViews): Promise<RunningCenter> {
  const running = await serveCenter({
    ...{ clock, dice, crypto, book, vault, views, funding: noFunding, marks: memoryMarks(), policy: defaultPolicy },
    ...{ module: NO_BYTES, operators: [], log: () => undefined, port: 0, host: '127.0.0.1', limits: NO_LIMITS },
  })
  assert(running.ok, running.ok ? '' : running.refusal.code)
  return running.value
}

const opening = (work: string, origin: string, due: readonly Sale[]): Work => ({
  ...{ work, batch: 1, clients: CLIENTS, units: due.length },
  run: took =>
    side(CLIENTS, due.length, async i => {
      const sale = due[i]
      if (sale === undefined) return
      const begun = performance.now()
      const { transaction, number } = sale
      const body = { purse: purse(sale.by), transaction: base64url(encodeTransaction(transaction)), number }
      const opened = await deviceOf(origin, sale.by)(routes.createPayment, { body })
      took(performance.now() - begun)
      assert(opened.ok, opened.ok ? '' : opened.refusal.code)
    }),
})

function deviceOf(origin: string, by: number): Call {
  const signer = signerOf(crypto, { kind: 'device', id: id<DeviceId>(purse(by)) }, CHIP_KEY)
  const credentials = { show: 'signature', signer } as const
  return caller({ origin, credentials, transport: fetchTransport, clock, crypto, dice })
}

async function close(book: Book, sale: Sale | undefined): Promise<void> {
  if (sale === undefined) return
  const { open } = await book.look({ purse: purse(sale.by) })
  assert(open !== undefined, 'it was just opened')
  await book.run(closing(open))
}
