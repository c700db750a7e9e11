/**
 * A set of numbers of four bytes that grows, mostly by the next one: then nothing is made anew. What is kept of it are its
 * ranges.
 */
import { has, includingRun, lastRunOf, NO_RANGES, type Ranges } from './ranges.ts'

const NOTHING = { before: NO_RANGES, first: 0, last: -1 } as const

export class Filling {
  /** Without the run that grows. */
  #others: Ranges
  #first: number
  #last: number

  constructor(ranges: Ranges) {
    const { before, first, last } = lastRunOf(ranges) ?? NOTHING
    this.#others = before
    this.#first = first
    this.#last = last
  }

  has(number: number): boolean {
    if (number >= this.#first && number <= this.#last) return true
    return this.#others.length > 0 && has(this.#others, number)
  }

  /** @param number  that is not in it */
  add(number: number): void {
    if (number !== this.#last + 1) {
      this.#others = this.ranges
      this.#first = number
    }
    this.#last = number
  }

  /** All of it. */
  get ranges(): Ranges {
    return this.#last < this.#first ? this.#others : includingRun(this.#others, this.#first, this.#last)
  }
}
