import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countOf, has, including, NO_RANGES, rangesOf, runsOf } from './ranges.ts'

const numbers = fc.array(fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(0xffff_ffff, 0xffff_fffe)), { maxLength: 60 })

test('a set of numbers holds what was put into it, in whatever order, and nothing else', () => {
  fc.assert(
    fc.property(numbers, some => {
      const ranges = some.reduce(including, NO_RANGES)
      const there = new Set(some)
      for (const number of [...there, ...Array.from({ length: 42 }, (_, i) => i), 0xffff_fffd])
        expect(has(ranges, number)).toBe(there.has(number))
      expect(countOf(ranges)).toBe(there.size)
    }),
  )
})

test('numbers that come in a row cost one run, however they arrived', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([3, 4, 5, 6, 7, 8], { minLength: 6 }), some => {
      expect(runsOf(some.reduce(including, NO_RANGES))).toEqual([[3, 8]])
    }),
  )
})

test('runs never touch: each gap between two is a number that is missing', () => {
  fc.assert(
    fc.property(numbers, some => {
      const runs = runsOf(some.reduce(including, NO_RANGES))
      runs.slice(1).forEach(([first], i) => {
        expect(first).toBeGreaterThan((runs[i]?.[1] ?? 0) + 1)
      })
    }),
  )
})

test('numbers that are put in all at once make the same set as one after the other', () => {
  fc.assert(
    fc.property(numbers, some => {
      expect(rangesOf(some)).toEqual(some.reduce(including, NO_RANGES))
    }),
  )
  for (const wrong of [-1, 0x1_0000_0000, 1.5]) expect(() => rangesOf([3, wrong])).toThrow('numbers of four bytes')
})
