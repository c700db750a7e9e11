/**
 * A running terminal: its folder, its way to the center, the field where chips come, and its clerk's orders
 * (api/order-server.ts).
 */
import { type OrderServer, takeOrders } from '@kozeni/api/order-server'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { base64url, hex } from '@kozeni/base/bytes'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import type { TerminalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { Reader } from '@kozeni/protocol/reader'
import { TcpReader } from '@kozeni/protocol/reader-tcp'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Center } from './center.ts'
import { centerFor, noCenter } from './center-call.ts'
import { openFileJournal } from './journal-file.ts'
import type { SoftwarePolicy } from './limits.ts'
import type { Screen } from './tap.ts'
import { Terminal } from './terminal.ts'
import { openTerminalFolder, type TerminalFolder } from './terminal-file.ts'
import { type OrderTaker, obey } from './till-order.ts'

/** One round of a contact. */
const PATIENCE_MS = 5_000

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
  /** How it treats chips in software; left out: as the product does. */
  readonly software?: SoftwarePolicy
  /** Sees what clerk and holder are shown. */
  readonly show?: (screen: Screen) => void
}

export interface RunningTerminal extends OrderServer {
  /** What an operator registers, in hexadecimal and as the HTTP contract spells it. */
  readonly publicKey: { readonly hex: string; readonly base64url: string }
  /** Undefined until it is registered. */
  readonly terminal: TerminalId | undefined
  /** Resolves when it was stopped, by an order or by stop(). */
  readonly ended: Promise<void>
}

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
  const { software } = options
  const terminal = await Terminal.open({ ...parts, ...(software && { software }) })
  if (!terminal.ok) {
    await journal.value.close()
    return terminal
  }
  await keep()
  return ok(await serve(options, terminal.value, line, () => journal.value.close()))
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
  mail: Center['mail'] = exchange => this.#center.mail(exchange)
  contact: Center['contact'] = round => patiently(this.#center.contact(round))

  #use(terminal: TerminalId): void {
    const means = { transport: fetchTransport, clock: systemClock, crypto: nodeCrypto, dice: systemDice }
    this.#center = centerFor({ origin: this.#origin, ...means }, terminal, this.#folder.key)
    this.name = terminal
  }
}

/** The answer, if it comes while somebody likes to stand at a counter; whatever it would have said, the next contact hears. */
async function patiently<T>(answer: Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
  const late = Promise.withResolvers<Result<T, Refusal>>()
  const timer = setTimeout(() => late.resolve(no(refusal('center-unreachable'))), PATIENCE_MS)
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function serve(
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
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= stopAll().finally(resolve))
  const orders = await takeOrders({
    ...{ folder, port, dice: systemDice },
    obey: async (order, input) => {
      if (order !== 'DELETE /') return await obey(till, order, input)
      void stop() // waits until this order too is answered
      return ok({})
    },
  })
  const stopAll = async (): Promise<void> => {
    const stopped = orders.stop()
    till.enough.abort()
    await stopped
    await close()
  }
  const { publicKey } = terminal
  const name = { hex: hex(publicKey), base64url: base64url(publicKey) }
  return { ...orders, publicKey: name, terminal: line.name, ended, stop }
}

function tcpReader(place: string): Reader {
  const { hostname, port } = new URL(`tcp://${place}`)
  return new TcpReader({ host: hostname, port: Number(port) })
}
