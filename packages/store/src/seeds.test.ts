import { mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Chest, type Handed, handedJson, readHanded } from './chest.ts'
import { fileChest } from './chest-file.ts'
import { memoryChest } from './chest-memory.ts'
import { Seeds } from './seeds.ts'

const rule = { lengthSeconds: 100, overlapSeconds: 10, ahead: 2 }
const seed = (fill: number) => new Uint8Array(32).fill(fill)
const handed = (generation: number, ...windows: number[]): Handed => ({
  epoch: 1,
  generation,
  rule,
  seeds: windows.map(window => ({ window, seed: seed(window) })),
})
const freshPath = (): string => join(mkdtempSync(join(tmpdir(), 'kozeni-chest-')), 'seeds.json')

const chests: readonly [string, () => Chest][] = [
  ['memory', memoryChest],
  ['file', () => fileChest(freshPath())],
]

test.each(chests)('what was handed is there again in the next life (%s)', async (_name, fresh) => {
  const chest = fresh()
  expect(await chest.load()).toBeUndefined()
  await (await Seeds.open(chest)).take(handed(1, 10, 11, 12))
  const seeds = await Seeds.open(chest)
  expect(seeds.find(1, 11)).toEqual(seed(11))
  expect(seeds.lastUntil).toBe(1310)
})

test('the present window is used, the one before only in the overlap, and then it says that it has run out', async () => {
  const seeds = await Seeds.open(memoryChest())
  expect(seeds.present(1000)).toMatchObject({ refusal: { code: 'center-unreachable', facts: { check: 'seeds' } } })
  await seeds.take(handed(1, 10, 11))
  expect([1000, 1099, 1101, 1199, 1209].map(now => windowUsed(seeds, now))).toEqual([10, 10, 11, 11, 11])
  expect(seeds.present(1210)).toMatchObject({ refusal: { facts: { check: 'seeds', ranOutAt: 1210 } } })
})

test('earlier windows stay for late proofs; another generation takes every old seed away, and never comes back', async () => {
  const seeds = await Seeds.open(memoryChest())
  await seeds.take(handed(1, 10, 11))
  await seeds.take(handed(1, 12))
  expect(seeds.find(1, 10)).toEqual(seed(10))
  await seeds.take(handed(2, 12))
  expect(seeds.find(1, 10)).toBeUndefined()
  await seeds.take(handed(1, 13))
  expect(seeds.find(1, 13)).toBeUndefined()
  expect(seeds.find(2, 12)).toEqual(seed(12))
})

test('a center restored from a backup may count generations anew, under a higher epoch', async () => {
  const seeds = await Seeds.open(memoryChest())
  await seeds.take(handed(2, 10))
  await seeds.take({ ...handed(1, 10), epoch: 2 })
  expect(seeds.find(1, 10)).toEqual(seed(10))
  expect(seeds.find(2, 10)).toBeUndefined()
})

test('only the owner may read the file of seeds, and a damaged one says what to do', async () => {
  const path = freshPath()
  const chest = fileChest(path)
  await chest.save(handed(1, 10))
  expect(statSync(path).mode & 0o077).toBe(0)
  writeFileSync(path, '{"epoch":1')
  await expect(chest.load()).rejects.toThrow('delete it')
})

test.each([
  ['epoch', { epoch: -1 }],
  ['seeds', { seeds: [{ window: 10, seed: '00' }] }],
  ['rule', { rule: { ...rule, lengthSeconds: 0 } }],
  ['seeds', { seeds: 'none' }],
])('what the center hands is read strictly: %s', (field, wrong) => {
  const told = handedJson(handed(1, 10))
  expect(readHanded(told)).toEqual({ ok: true, value: handed(1, 10) })
  expect(readHanded({ ...told, ...wrong })).toMatchObject({ refusal: { code: 'data-wrong', facts: { field } } })
})

function windowUsed(seeds: Seeds, now: number): number | undefined {
  const present = seeds.present(now)
  return present.ok ? present.value.window : undefined
}
