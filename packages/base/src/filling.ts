/**
 * A set of numbers of four bytes that grows, mostly by the next one: then nothing is made anew. What is kept of it are its
 * ranges.
 */
import { has, includingRun, type Ranges } from './ranges.ts'

export class Filling {
  /** Without the run that grows. */
  #others: Ranges
  #first = 0
  #last = -1

  constructor(ranges: Ranges) {
    this.#others = ranges
  }

  has(number: number): boolean {
    return (number >= this.#first && number <= this.#last) || has(this.#others, number)
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
