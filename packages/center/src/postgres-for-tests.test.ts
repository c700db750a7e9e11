import { Client } from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import openDoor, { freshDatabase } from './postgres-for-tests.ts'

async function run(url: string, sql: string): Promise<number | null> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rowCount
  } finally {
    await client.end()
  }
}

test('whoever asks gets an empty database of its own, or a copy of one made before', { timeout: 60_000 }, async () => {
  vi.stubEnv('KOZENI_TEST_DATABASE_DOOR', '')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  onTestFinished(await openDoor())
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()])
  await run(one, 'create table coins as select 1 as n')
  await expect(run(two, 'select * from coins')).rejects.toThrow('does not exist')
  const copy = await freshDatabase(one)
  expect(await run(copy, 'select * from coins')).toBe(1)
  await expect(freshDatabase('postgres:///no-such')).rejects.toThrow('no-such')
})
