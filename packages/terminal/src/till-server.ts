/**
 * A running terminal: its clerk's orders over HTTP on this machine alone. Orders move money, and any web page can send
 * requests to this machine: each needs the token that stands in the folder's control.json, which only the folder's
 * owner can read.
 */
import { rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { assert } from '@kozeni/base/assert'
import { base64url, equal, hex, utf8 } from '@kozeni/base/bytes'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import type { TerminalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { parseJson } from '@kozeni/protocol/json'
import type { Reader } from '@kozeni/protocol/reader'
import { TcpReader } from '@kozeni/protocol/reader-tcp'
import { type Refusal, refusal, WIRE } from '@kozeni/protocol/refusal'
import type { Center } from './center.ts'
import { centerFor, noCenter } from './center-call.ts'
import { openFileJournal } from './journal-file.ts'
import type { Screen } from './tap.ts'
import { Terminal } from './terminal.ts'
import { openTerminalFolder, type TerminalFolder } from './terminal-file.ts'
import { type OrderTaker, obey, refusalText } from './till-order.ts'

export interface TerminalOptions {
  /** Holds the key, the name and the journal; and control.json while it runs. Made if absent. */
  readonly folder: string
  /** Where it takes orders, on the loopback only; 0: any that is free. */
  readonly port: number
  /** The center's origin: http://127.0.0.1:7077. */
  readonly center: string
  /** Where chips come: a field over TCP, as host:port, or any other reader. */
  readonly field: string | Reader
  /** What the center calls this terminal; kept in the folder once given. */
  readonly terminal?: TerminalId
  /** Sees what clerk and holder are shown. */
  readonly show?: (screen: Screen) => void
}

export interface RunningTerminal {
  readonly port: number
  /** What every order must show. */
  readonly token: string
  /** What an operator registers, in hexadecimal and as the HTTP contract spells it. */
  readonly publicKey: { readonly hex: string; readonly base64url: string }
  /** Undefined until it is registered. */
  readonly terminal: TerminalId | undefined
  /** Resolves when it was stopped, by an order or by stop(). */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

const BODY_BYTES_MAX = 16_384

/**
 * Starts a terminal. It needs no network: what it has fetched once is in its journal.
 *
 * @refuses journal-in-use · journal-broken
 */
export async function runTerminal(options: TerminalOptions): Promise<Result<RunningTerminal, Refusal>> {
  const folder = await openTerminalFolder(options.folder, nodeCrypto, systemDice)
  if (!folder.ok) return folder
  const journal = await openFileJournal(nodeCrypto, folder.value.journalPath)
  if (!journal.ok) return journal
  const line = new CenterLine(options.center, folder.value)
  if (options.terminal !== undefined) await line.certify(options.terminal)
  const { key, keep } = folder.value
  const parts = { crypto: nodeCrypto, clock: systemClock, journal: journal.value, center: line, key }
  const terminal = await Terminal.open(parts)
  if (!terminal.ok) {
    await journal.value.close()
    return terminal
  }
  await keep()
  return ok(await takeOrders(options, terminal.value, line, () => journal.value.close()))
}

/** The center, as whoever this terminal is at the moment reaches it. */
class CenterLine implements Center {
  readonly #origin: string
  readonly #folder: TerminalFolder
  #center: Center = noCenter
  name: TerminalId | undefined

  constructor(origin: string, folder: TerminalFolder) {
    this.#origin = origin
    this.#folder = folder
    if (folder.terminal !== undefined) this.#use(folder.terminal)
  }

  async certify(terminal: TerminalId): Promise<void> {
    if (terminal !== this.name) await this.#folder.rename(terminal)
    this.#use(terminal)
  }

  deliver: Center['deliver'] = upload => this.#center.deliver(upload)
  standing: Center['standing'] = since => this.#center.standing(since)

  #use(terminal: TerminalId): void {
    const means = { transport: fetchTransport, clock: systemClock, crypto: nodeCrypto, dice: systemDice }
    this.#center = centerFor({ origin: this.#origin, ...means }, terminal, this.#folder.key)
    this.name = terminal
  }
}

async function takeOrders(
  { folder, port, field, show }: TerminalOptions,
  terminal: Terminal,
  line: CenterLine,
  close: () => Promise<void>,
): Promise<RunningTerminal> {
  const till: OrderTaker = {
    terminal,
    reader: typeof field === 'string' ? tcpReader(field) : field,
    certify: name => line.certify(name),
    enough: new AbortController(),
    ...(show && { show }),
  }
  const token = base64url(systemDice.bytes(24))
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const underWay = new Set<Promise<void>>()
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= stopAll().finally(resolve))
  const server = createServer((request, response) => {
    const work = serve(till, token, stop, request, response).finally(() => underWay.delete(work))
    underWay.add(work)
  })
  const stopAll = async (): Promise<void> => {
    await rm(join(folder, 'control.json'), { force: true })
    till.enough.abort()
    await ending(server, underWay)
    await close()
  }
  const control = { port: await listen(server, port), token }
  await writeFile(join(folder, 'control.json'), JSON.stringify(control), { mode: 0o600 })
  const { publicKey } = terminal
  const name = { hex: hex(publicKey), base64url: base64url(publicKey) }
  return { ...control, publicKey: name, terminal: line.name, ended, stop }
}

function tcpReader(place: string): Reader {
  const { hostname, port } = new URL(`tcp://${place}`)
  return new TcpReader({ host: hostname, port: Number(port) })
}

async function serve(
  till: OrderTaker,
  token: string,
  stop: () => Promise<void>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (!shows(request, token)) return send(response, no(refusal('not-authenticated')))
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const order = `${request.method} ${pathname}`
    if (order === 'DELETE /') {
      send(response, ok({}))
      return void stop()
    }
    const body = await bodyOf(request)
    send(response, body.ok ? await obey(till, order, body.value) : body)
  } catch (failure) {
    process.stderr.write(`${String(failure)}\n`)
    response.destroy()
  }
}

const shows = ({ headers }: IncomingMessage, token: string): boolean =>
  equal(utf8(headers.authorization ?? ''), utf8(`Bearer ${token}`))

async function bodyOf(request: IncomingMessage): Promise<Result<object, Refusal>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > BODY_BYTES_MAX) return no(refusal('too-large'))
  }
  const value = text === '' ? {} : parseJson(text)
  return typeof value === 'object' && value !== null ? ok(value) : no(refusal('input-wrong', { field: 'body' }))
}

function send(response: ServerResponse, answer: Result<unknown, Refusal>): void {
  const status = answer.ok ? 200 : WIRE[answer.refusal.code].http
  const body = answer.ok ? answer.value : refusalText(answer.refusal)
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  assert(address !== null && typeof address === 'object', 'a TCP server has a port')
  return address.port
}

/** A tap that has begun is let finish: no chip is left in doubt by a clerk who closes the till. */
async function ending(server: Server, underWay: ReadonlySet<Promise<void>>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  await Promise.allSettled(underWay)
  server.closeAllConnections()
  await promise
}
