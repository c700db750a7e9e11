import { expect, test } from 'vitest'
import { schedule } from './schedule.ts'

test('two run side by side, one that needs the machine runs alone, and nothing overtakes', async () => {
  const log: string[] = []
  const job = (name: string, cores: number) => ({
    cores,
    run: async () => {
      log.push(`${name} begins`)
      await new Promise(resolve => setImmediate(resolve))
      log.push(`${name} ends`)
    },
  })
  await schedule([job('a', 1), job('b', 1), job('c', 2), job('d', 1)], 2)
  expect(log).toEqual(['a begins', 'b begins', 'a ends', 'b ends', 'c begins', 'c ends', 'd begins', 'd ends'])
})
