/**
 * A set of numbers of four bytes that grows, mostly by the next one: then nothing is made anew. What is kept of it are its
 * ranges.
 */
import { has, includingRun, lastRunOf, NO_RANGES, type Ranges, RUN_BYTES } from './ranges.ts'

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

  /** Of ranges that stand in memory where more stands. */
  static at(fields: DataView, at: number, length: number): Filling {
    if (length !== RUN_BYTES) return new Filling(new Uint8Array(fields.buffer, fields.byteOffset + at, length))
    const filling = new Filling(NO_RANGES)
    filling.#first = fields.getUint32(at)
    filling.#last = fields.getUint32(at + 4)
    return filling
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

  /** How many bytes its ranges have. */
  get size(): number {
    return this.#isInOrder ? this.#others.length + RUN_BYTES : this.ranges.length
  }

  /** Writes its ranges where there is room for them. */
  put(into: DataView, at: number): void {
    const ranges = this.#isInOrder ? this.#others : this.ranges
    if (ranges.length > 0) new Uint8Array(into.buffer, into.byteOffset + at, ranges.length).set(ranges)
    if (!this.#isInOrder) return
    into.setUint32(at + ranges.length, this.#first)
    into.setUint32(at + ranges.length + 4, this.#last)
  }

  /** Whether the run that grows is behind the others, and touches none. */
  get #isInOrder(): boolean {
    if (this.#others.length === 0) return this.#first <= this.#last
    return (lastRunOf(this.#others)?.last ?? 0) + 1 < this.#first
  }
}
