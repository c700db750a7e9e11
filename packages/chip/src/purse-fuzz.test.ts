/** A sample of `npm run fuzz`: commands of chance to a chip with a purse, each answered, none changing what it refuses. */
import { expect, test } from 'vitest'
import { fuzz } from './fuzz-for-tests-node.ts'

test('20,000 commands in the clear, through the channel and within the purse’s sessions', async () => {
  const { findings, said, statusWords } = await fuzz(20_000, 7)
  expect(findings).toEqual([])
  for (const count of Object.values(said)) expect(count).toBeGreaterThan(2000)
  for (const word of [0x9000, 0x6985, 0x6988, 0x6a80, 0x940a, 0x63c2])
    expect(statusWords.get(word) ?? 0).toBeGreaterThan(10)
}, 120_000)
