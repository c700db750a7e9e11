/** What every mark must do, wherever it is kept. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareMarks, type Mark, type Marks } from './mark.ts'

/** @param open  the same marks again, as another process would open them */
export function markContract(
  title: string,
  begin: () => Promise<{ open: () => Marks; end: () => Promise<void> }>,
): void {
  test(`${title}: nothing was noted where nothing was noted`, async () => {
    const { open, end } = await begin()
    expect(await open().read()).toBeUndefined()
    await end()
  })

  test(`${title}: whatever is noted, in whatever order, the highest stands, and stands after a restart`, async () => {
    const mark = fc.record({ epoch: fc.integer({ min: 1, max: 4 }), beat: fc.integer({ min: 0, max: 4 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(mark, { minLength: 1, maxLength: 8 }), async marks => {
        const { open, end } = await begin()
        const kept = open()
        await Promise.all(marks.map(one => kept.note(one)))
        expect(await open().read()).toEqual(marks.toSorted(compareMarks).at(-1) satisfies Mark | undefined)
        await end()
      }),
      { numRuns: 20 },
    )
  })
}
