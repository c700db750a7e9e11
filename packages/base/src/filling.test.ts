import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Filling } from './filling.ts'
import { has, including, NO_RANGES } from './ranges.ts'

const BEFORE = 3

/** Its ranges as they are written into memory where other things stand, and read there again. */
function put(filling: Filling): Uint8Array {
  const memory = new DataView(new ArrayBuffer(BEFORE + filling.size + 2), 1)
  filling.put(memory, BEFORE - 1)
  return Filling.at(memory, BEFORE - 1, filling.size).ranges
}

test('a set that is filled is at each step the set with one number more, whatever it began with', () => {
  const some = fc.array(fc.oneof(fc.nat({ max: 20 }), fc.constant(0xffff_ffff)), { maxLength: 30 })
  fc.assert(
    fc.property(some, some, (before, after) => {
      let plain = before.reduce(including, NO_RANGES)
      const filling = new Filling(plain)
      for (const number of after) {
        expect(filling.has(number)).toBe(has(plain, number))
        if (!filling.has(number)) filling.add(number)
        plain = including(plain, number)
        expect(filling.ranges).toEqual(plain)
        expect(put(filling)).toEqual(plain)
      }
    }),
  )
})
