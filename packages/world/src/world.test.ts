import { builtPurse } from '@kozeni/program/compile-node'
import { expect, test } from 'vitest'
import { replayCrypto } from './crypto-replay-node.ts'
import failedSeeds from './failed-seeds.json' with { type: 'json' }
import { ROWS } from './recovery.ts'
import { Runner } from './run.ts'

/** Worlds are long, and the machine may be busy. */
const PATIENCE_MS = 240_000

const module = await builtPurse()
const runner = new Runner(replayCrypto(), module)

test.each(failedSeeds)(
  'nothing is wrong any more in world %i, which failed once',
  async seed => {
    const { complaints } = await runner.live(seed)
    expect(complaints).toEqual([])
  },
  PATIENCE_MS,
)

test(
  'the same seed is the same world to the last event, whoever lives it and after whatever others',
  async () => {
    const first = await runner.live(7)
    const again = await new Runner(replayCrypto(), module).live(7)
    expect(again.hash).toBe(first.hash)
    expect((await runner.live(8)).hash).not.toBe(first.hash)
  },
  PATIENCE_MS,
)

test(
  'two worlds between them take every row of the recovery table',
  async () => {
    const lived = [await runner.live(10), await runner.live(12)]
    const taken = new Set(lived.flatMap(({ recoveries }) => Object.keys(recoveries)))
    expect(ROWS.filter(row => !taken.has(row))).toEqual([])
  },
  PATIENCE_MS,
)
