import { idFromNumber, type PurseId } from '@kozeni/base/ids'
import { afterAll, expect, test } from 'vitest'
import { readSeen } from './book-postgres-read.ts'
import { migrate } from './migrate.ts'
import { freshDatabase } from './postgres-for-tests.ts'
import { openPool, statement, withSession } from './postgres-session.ts'

const url = await freshDatabase()
await migrate(url)
const filling = openPool({ url, connections: 1, name: 'filling' })
const looking = openPool({ url, connections: 1, name: 'looking', byKey: true })
afterAll(() => Promise.all([filling.end(), looking.end()]))

const PURSES = 20_000

/** One of each purse from the first to the last. */
const OPEN = `
  insert into operation (purse_id, epoch, number, kind, amount, currency, reference, digest, decision, opened_at_ms)
  select i, 1, 1, 1, 100, 392, '', '', 1, i from generate_series($1::int, $2::int) as i`
const CLOSE = `update operation set decision = 2, closed_at_ms = purse_id, closed_source = 1, closed_outcome = 1`

const FETCHED = `select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'operation'`

const LOOK = { begin: 'begin read only', lock: 'nothing', lockOneByOne: false, now: (now: number) => now } as const

test('what is open of a purse is found without reading what was closed before, however the table was counted', async () => {
  for (const each of [statement(OPEN, 2, PURSES), CLOSE, 'vacuum (analyze) operation', statement(OPEN, 1, 1)])
    await withSession(filling, session => session.all([each]))
  const purse = idFromNumber<PurseId>(1n)
  await withSession(looking, async session => {
    const { seen } = await readSeen(session, [{ purse }], LOOK)
    const [fetched] = await session.all([FETCHED, 'commit'])
    expect(seen[0]?.open?.purse).toBe(purse)
    expect(fetched?.rows).toEqual([[1n]])
  })
})
