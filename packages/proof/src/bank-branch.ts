/**
 * One center process of the bank test: the real handlers and the real mover on a book of its own connections. Two of them
 * share a database, so that what is sent twice meets in PostgreSQL and not in one process's memory.
 */
import type { Clock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { PostgresBook } from '@kozeni/center/book-postgres'
import type { Center } from '@kozeni/center/center'
import type { FundingSource } from '@kozeni/center/funding'
import { Hotlists } from '@kozeni/center/hotlist'
import type { Marks } from '@kozeni/center/mark'
import { Mover } from '@kozeni/center/mover'
import { defaultPolicy } from '@kozeni/center/policy'
import { Pulse } from '@kozeni/center/pulse'
import { contactHandlers } from '@kozeni/center/server-contacts'
import { storeHandlers } from '@kozeni/center/server-stores'
import { terminalHandlers } from '@kozeni/center/server-terminals'
import { memoryVault } from '@kozeni/center/vault-memory'
import { PostgresViews } from '@kozeni/center/views-postgres'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'

/** Short enough for some pays to be late when the machine is busy. */
const SESSION_MS = 300

export interface BranchParts {
  readonly url: string
  /** Connections that write. */
  readonly pool: number
  readonly clock: Clock
  /** The book waits by it between two attempts at a command. */
  readonly retryClock: Clock
  readonly seed: number
  readonly module: Uint8Array<ArrayBuffer>
  readonly funding: FundingSource
  /** Outlive every database. */
  readonly marks: Marks
  /** Hears of what mover and pulse could not do. */
  readonly log: (message: string) => void
}

export interface Branch {
  readonly center: Center
  readonly tills: ReturnType<typeof terminalHandlers>
  readonly contacts: ReturnType<typeof contactHandlers>
  readonly stores: ReturnType<typeof storeHandlers>
  readonly pulse: Pulse
  close(): Promise<void>
}

/** Opens it; mover and pulse run until it is closed. */
export async function openBranch(parts: BranchParts): Promise<Branch> {
  const { url, pool, clock, retryClock, seed, module, funding, marks, log } = parts
  const book = new PostgresBook({ url, writers: pool, clock: retryClock, now: () => clock.now() })
  const views = new PostgresViews({ url, connections: 1 })
  const vault = memoryVault(crypto, seed)
  const policy = { ...defaultPolicy, sessionMs: SESSION_MS }
  const means = { book, crypto, vault, marks, policy, clock, dice: systemDice, module, views, funding }
  const center: Center = {
    ...means,
    hotlists: new Hotlists(means),
    operators: [],
    log: (level, message, facts) => {
      if (level === 'error') log(`${message} ${JSON.stringify(facts)}`)
    },
  }
  const pulse = new Pulse(center)
  await pulse.beat()
  pulse.start()
  const mover = new Mover({ ...center, post: async () => 204 })
  mover.start()
  return {
    center,
    tills: terminalHandlers(center),
    contacts: contactHandlers(center),
    stores: storeHandlers(center),
    pulse,
    close: async () => {
      await Promise.all([mover.stop(), pulse.stop()])
      await Promise.all([book.close(), views.close()])
    },
  }
}
