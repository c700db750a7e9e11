import { afterAll, expect, test } from 'vitest'
import { freshDatabase } from './postgres-for-tests.ts'
import { openPool, statement, withSession } from './postgres-session.ts'

const url = await freshDatabase()
const pool = openPool({ url, connections: 1, name: 'trips' })
afterAll(() => pool.end())

const ADD = 'insert into trip values ($1)'

test('each statement of a trip is answered by itself, prepared before or not', async () => {
  await withSession(pool, async session => {
    await session.all(['create table trip (stop bigint primary key)'])
    for (const from of [1n, 3n]) {
      const answers = await session.all([
        statement(ADD, from),
        'select stop, null, stop::text as spelled from trip order by stop',
        statement(ADD, from + 1n),
      ])
      const stops = Array.from({ length: Number(from) }, (_, i) => [BigInt(i + 1), null, String(i + 1)])
      expect(answers).toEqual([
        { rows: [], count: 1 },
        { rows: stops, count: stops.length },
        { rows: [], count: 1 },
      ])
    }
  })
})

test('behind a statement that fails nothing is done, and the next trip finds another connection', async () => {
  const failing = withSession(pool, session =>
    session.all(['begin', statement(ADD, 8n), statement(ADD, 8n), 'commit', statement(ADD, 9n)]),
  )
  await expect(failing).rejects.toThrow('duplicate key')
  const after = await withSession(pool, session => session.all([statement(ADD, 9n), 'select max(stop) from trip']))
  expect(after.at(-1)?.rows).toEqual([[9n]])
})

test('whoever goes on after a statement that failed may use it, and those behind it, again', async () => {
  await withSession(pool, async session => {
    const late = 'select count(*) from trip where stop = $1'
    const failing = session.all(['begin', statement(ADD, 9n), statement(late, 9n), 'commit'])
    await expect(failing).rejects.toThrow('duplicate key')
    const [, , added, found] = await session.all([
      'rollback',
      'begin',
      statement(ADD, 10n),
      statement(late, 10n),
      'rollback',
    ])
    expect([added, found]).toEqual([
      { rows: [], count: 1 },
      { rows: [[1n]], count: 1 },
    ])
  })
})

test('nothing to send is no trip', async () => {
  expect(await withSession(pool, session => session.all([]))).toEqual([])
})
