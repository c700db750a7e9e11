/**
 * One connection at work: statements go out together and their answers are awaited together, so that a whole group of
 * commands reads in one round trip and writes in another. Also says what an error means for a retry.
 */
import { DatabaseError, Pool, type PoolClient, types } from 'pg'
import { RowTaken } from './book.ts'
import { type Answer, type Parameter, type Prepared, type Statement, Trip } from './postgres-trip.ts'

const names = new Map<string, string>()

/** @param text  one of a bounded number of texts: each is prepared, and stays so */
export function statement(text: string, ...values: readonly Parameter[]): Statement {
  const name = names.get(text) ?? `book ${names.size}`
  names.set(text, name)
  return { name, text, values }
}

export interface PoolOptions {
  readonly url: string
  readonly connections: number
  /** Shown in pg_stat_activity. */
  readonly name: string
  /** May sit in a transaction, and on a statement, for as long as it likes: it locks nothing. */
  readonly patient?: boolean
  /** Reads nothing but by key. */
  readonly byKey?: boolean
}

/**
 * A plan is prepared once, perhaps while a table was empty; it must not read the whole of it when it no longer is. Bitmaps
 * are off for that too: one of a block range index is the whole table, by another name.
 */
const BY_KEY = [
  'plan_cache_mode=force_generic_plan',
  ...['jit', 'enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan'].map(name => `${name}=off`),
]
  .map(setting => `-c ${setting}`)
  .join(' ')

/** The name of the connections that write the book: nobody else adds to it. */
export const WRITERS = 'kozeni book'

const IDLE_IN_TRANSACTION_MS = 10_000
const STATEMENT_MS = 30_000
const CONNECT_MS = 10_000

/** Connections of one purpose. A center that hangs in the middle of a transaction loses its locks after ten seconds. */
export function openPool({ url, connections, name, patient = false, byKey = false }: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connections,
    application_name: name,
    connectionTimeoutMillis: CONNECT_MS,
    ...(byKey && { options: BY_KEY }),
    ...(!patient && { statement_timeout: STATEMENT_MS, idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS }),
    keepAlive: true,
  })
  // whoever uses a connection that breaks hears of it from its statements; nobody has to hear of an idle one's end
  pool.on('error', () => undefined)
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

const BIGINT = 20
const BYTEA = 17
const JSONB = 3802

/** bigint as bigint, bytea as plain bytes, jsonb as its text; everything else as pg does it. */
function parserOf(oid: number): (text: string) => unknown {
  if (oid === BIGINT) return BigInt
  if (oid === BYTEA) return plainBytes
  if (oid === JSONB) return text => text
  return types.getTypeParser(oid, 'text')
}

/** From `\x` and hexadecimal digits; the same memory as the Buffer's, which is not for itself alone. */
function plainBytes(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(text.slice(2), 'hex')
  return new Uint8Array(buffer, byteOffset, length)
}

const prepared = new WeakMap<PoolClient, Prepared>()

export class Session {
  readonly #client: PoolClient

  constructor(client: PoolClient) {
    this.#client = client
  }

  /** Sends all statements at once and waits for all answers; throws what the first says that fails: no later one is done. */
  all(statements: readonly (Statement | string)[]): Promise<readonly Answer[]> {
    if (statements.length === 0) return Promise.resolve([])
    const known = prepared.get(this.#client) ?? new Map()
    prepared.set(this.#client, known)
    const all = statements.map(each => (typeof each === 'string' ? statement(each) : each))
    return this.#client.query(new Trip(all, known, parserOf)).answers
  }
}

/**
 * Lends a connection to `work` and takes it back; one on which anything failed is thrown away, because what is left of
 * its pipeline and of its prepared statements is anybody's guess.
 */
export async function withSession<A>(pool: Pool, work: (session: Session) => Promise<A>): Promise<A> {
  const client = await pool.connect()
  try {
    const answer = await work(new Session(client))
    client.release()
    return answer
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** What became of a transaction that failed: another one won, the server was not there, or it is of no use to try. */
export type Failure = 'conflict' | 'lost' | 'final'

/** unique_violation, serialization_failure, deadlock_detected, lock_not_available */
const CONFLICTS: ReadonlySet<string> = new Set(['23505', '40001', '40P01', '55P03'])
/** Connection exceptions, insufficient resources, operator intervention; idle_in_transaction_session_timeout. */
const LOST = /^(08|53|57P|25P03)/

/** @returns 'lost' for everything that is not an answer of the database, such as a broken connection */
export function failureOf(error: unknown): Failure {
  if (error instanceof RowTaken) return 'conflict'
  if (!(error instanceof DatabaseError)) return isNetwork(error) ? 'lost' : 'final'
  if (CONFLICTS.has(error.code ?? '')) return 'conflict'
  return LOST.test(error.code ?? '') ? 'lost' : 'final'
}

const isNetwork = (error: unknown): boolean =>
  error instanceof Error &&
  ('syscall' in error || /connection|timeout|Client (was closed|has encountered)|terminated/i.test(error.message))
