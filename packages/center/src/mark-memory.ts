/** A mark that a test or the simulation keeps: it outlives every book, and nothing else. */
import { compareMarks, type Mark, type Marks } from './mark.ts'

/** Marks in this process. */
export function memoryMarks(): Marks {
  let highest: Mark | undefined
  return {
    read: async () => highest,
    note: async ({ epoch, beat }) => {
      const mark = { epoch, beat }
      if (highest === undefined || compareMarks(highest, mark) < 0) highest = mark
    },
  }
}
