/** Brings a database's tables to what this code knows: each migration once, in a transaction of its own. */
import { no, ok, type Result } from '@kozeni/base/result'
import { Client } from 'pg'
import { MIGRATIONS, type Migration } from './schema.ts'

export type MigrationRefusal = {
  /** A newer center has been at work on this database; this one does not know its tables. */
  readonly code: 'database-newer'
  /** The newest migration that the database has had, and that this code knows. */
  readonly found: number
  readonly known: number
}

/** One center at a time migrates; the number is arbitrary and ours. */
const LOCK = 7_305_871_203

/**
 * Applies the migrations that the database has not had. Safe to call by several centers at once.
 *
 * @param url  of a database, as a user who may make tables in it
 * @returns    how many were applied
 * @refuses    database-newer
 */
export async function migrate(
  url: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Result<number, MigrationRefusal>> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (let applied = 0; ; applied++) {
      const step = await inTransaction(client, () => applyNext(client, migrations))
      if (!step.ok) return step
      if (step.value === undefined) return ok(applied)
    }
  } finally {
    await client.end()
  }
}

async function applyNext(
  client: Client,
  migrations: readonly Migration[],
): Promise<Result<Migration | undefined, MigrationRefusal>> {
  await client.query('select pg_advisory_xact_lock($1)', [LOCK])
  await client.query(
    'create table if not exists migration (number bigint primary key, applied_at timestamptz not null)',
  )
  const { rows } = await client.query<{ found: string }>('select coalesce(max(number), 0) as found from migration')
  const found = Number(rows[0]?.found)
  const known = migrations.at(-1)?.number ?? 0
  if (found > known) return no({ code: 'database-newer', found, known })
  const next = migrations.find(({ number }) => number > found)
  if (next === undefined) return ok(undefined)
  await client.query(next.sql)
  await client.query('insert into migration (number, applied_at) values ($1, clock_timestamp())', [next.number])
  return ok(next)
}

async function inTransaction<A>(client: Client, work: () => Promise<A>): Promise<A> {
  await client.query('begin')
  try {
    const answer = await work()
    await client.query('commit')
    return answer
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

/**
 * Whether a center has ever served purses from this database.
 *
 * @returns false also when it cannot be reached: whoever starts a center on it is told why then
 */
export async function holdsPurses(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    const { rows } = await client.query<{ there: boolean }>("select to_regclass('purse') is not null as there")
    return rows[0]?.there === true && (await client.query('select 1 from purse limit 1')).rowCount === 1
  } catch {
    return false
  } finally {
    await client.end()
  }
}
