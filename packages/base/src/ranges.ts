/**
 * A set of numbers of four bytes that mostly come in a row, as its runs: first 4 ‖ last 4 each, ascending, never touching.
 * So a purse's receipts, or a terminal's sales, cost eight bytes as long as none is missing. Pure; a set never changes.
 */
import { assert } from './assert.ts'
import { type Bytes, NO_BYTES } from './bytes.ts'

/** Its runs, as they are kept. */
export type Ranges = Bytes

export const NO_RANGES: Ranges = NO_BYTES

export const RUN_BYTES = 8
const MAX = 0xffff_ffff

const view = (ranges: Ranges): DataView => new DataView(ranges.buffer, ranges.byteOffset, ranges.byteLength)

/** How many runs begin at or below `number`: the last of them is the one that may hold it. */
function runsUpTo(runs: DataView, number: number): number {
  let [low, high] = [0, runs.byteLength / RUN_BYTES]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (runs.getUint32(middle * RUN_BYTES) <= number) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether the number is in the set. */
export function has(ranges: Ranges, number: number): boolean {
  const runs = view(ranges)
  const upTo = runsUpTo(runs, number)
  return upTo > 0 && runs.getUint32((upTo - 1) * RUN_BYTES + 4) >= number
}

/** The set with one number more. A bug unless it fits in four bytes. */
export const including = (ranges: Ranges, number: number): Ranges =>
  has(ranges, number) ? ranges : includingRun(ranges, number, number)

/** The set with all numbers from `first` to `last` more. A bug unless they fit in four bytes, or if it has any of them. */
export function includingRun(ranges: Ranges, first: number, last: number): Ranges {
  const isWhole = Number.isInteger(first) && Number.isInteger(last)
  assert(isWhole && first >= 0 && last <= MAX, 'both are numbers of four bytes')
  const runs = view(ranges)
  const at = runsUpTo(runs, first)
  const before = at > 0 ? runs.getUint32((at - 1) * RUN_BYTES + 4) : -2
  const after = at * RUN_BYTES < runs.byteLength ? runs.getUint32(at * RUN_BYTES) : MAX + 2
  assert(first <= last && before < first && last < after, 'none of them is there')
  const [joinsBefore, joinsAfter] = [before + 1 === first, after === last + 1]
  return spliced(
    ranges,
    at - (joinsBefore ? 1 : 0),
    at + (joinsAfter ? 1 : 0),
    joinsBefore ? runs.getUint32((at - 1) * RUN_BYTES) : first,
    joinsAfter ? runs.getUint32(at * RUN_BYTES + 4) : last,
  )
}

/** The set of these numbers. A bug unless they fit in four bytes. @param numbers  in any order, each as often as it likes */
export function rangesOf(numbers: readonly number[]): Ranges {
  const bounds: number[] = []
  for (const number of numbers.length > 1 ? numbers.toSorted((a, b) => a - b) : numbers) {
    const last = bounds.at(-1)
    if (last === undefined || number > last + 1) bounds.push(number, number)
    else bounds[bounds.length - 1] = number
  }
  assert(bounds.every(isFourBytes), 'all are numbers of four bytes')
  const ranges = new Uint8Array(4 * bounds.length)
  const runs = view(ranges)
  for (let i = 0; i < bounds.length; i++) runs.setUint32(4 * i, bounds[i] ?? 0)
  return ranges
}

const isFourBytes = (number: number): boolean => Number.isInteger(number) && number >= 0 && number <= MAX

/** One run in the place of those from `start` up to `end`. */
function spliced(ranges: Ranges, start: number, end: number, first: number, last: number): Ranges {
  const whole = new Uint8Array(ranges.length + (1 - (end - start)) * RUN_BYTES)
  whole.set(ranges.subarray(0, start * RUN_BYTES))
  whole.set(ranges.subarray(end * RUN_BYTES), (start + 1) * RUN_BYTES)
  const run = new DataView(whole.buffer, start * RUN_BYTES, RUN_BYTES)
  run.setUint32(0, first)
  run.setUint32(4, last)
  return whole
}

/** The set in two: its last run, and what is before it; undefined of an empty one. */
export function lastRunOf(
  ranges: Ranges,
): { readonly before: Ranges; readonly first: number; readonly last: number } | undefined {
  const at = ranges.length - RUN_BYTES
  if (at < 0) return undefined
  const runs = view(ranges)
  return {
    before: at === 0 ? NO_RANGES : ranges.subarray(0, at),
    first: runs.getUint32(at),
    last: runs.getUint32(at + 4),
  }
}

/** Its runs in their order: first and last number of each. */
export function runsOf(ranges: Ranges): Array<readonly [first: number, last: number]> {
  const runs = view(ranges)
  return Array.from({ length: runs.byteLength / RUN_BYTES }, (_, i) => [
    runs.getUint32(i * RUN_BYTES),
    runs.getUint32(i * RUN_BYTES + 4),
  ])
}

/** How many numbers are in the set. */
export function countOf(ranges: Ranges): number {
  const runs = view(ranges)
  let count = 0
  for (let at = 0; at < runs.byteLength; at += RUN_BYTES) count += 1 + runs.getUint32(at + 4) - runs.getUint32(at)
  return count
}
