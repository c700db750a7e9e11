import { hex } from '@kozeni/base/bytes'
import { id, type StoreId } from '@kozeni/base/ids'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeCrypto } from './crypto-node.ts'
import { numberKey, proofKey, seedOf, windowAt, windowCloses, windowOpen, windowOpens, windowsHanded } from './seed.ts'

const rule = { lengthSeconds: 86_400, overlapSeconds: 3600, ahead: 3 }
const now = fc.nat({ max: 0xffff_ffff })

test('a window is open from its overlap before to its overlap after, to the second', () => {
  fc.assert(
    fc.property(fc.nat({ max: 40_000 }), window => {
      const [opens, closes] = [windowOpens(rule, window), windowCloses(rule, window)]
      expect(closes - opens).toBe(rule.lengthSeconds + 2 * rule.overlapSeconds)
      expect([opens - 1, opens, closes - 1, closes].map(at => windowOpen(rule, window, at))).toEqual([
        false,
        true,
        true,
        false,
      ])
    }),
  )
})

test('at any moment the present window is open, and handed out with exactly k more', () => {
  fc.assert(
    fc.property(now, at => {
      const window = windowAt(at, rule.lengthSeconds)
      expect(windowOpen(rule, window, at)).toBe(true)
      expect(windowsHanded(rule, at)).toEqual([window, window + 1, window + 2, window + 3])
    }),
  )
})

test('no two places share a seed, and a number key is no proof key', () => {
  const made = new Set<string>()
  for (const store of ['0000000000000001', '0000000000000002'])
    for (const generation of [0, 1, 256])
      for (const window of [0, 1, 256]) {
        const seed = seedOf(nodeCrypto, new Uint8Array(32), { store: id<StoreId>(store), generation, window })
        for (const key of [seed, numberKey(nodeCrypto, seed), proofKey(nodeCrypto, seed)]) made.add(hex(key))
      }
  expect(made.size).toBe(2 * 3 * 3 * 3)
})
