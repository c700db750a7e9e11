/**
 * A set of states, each a tuple of so many whole numbers, in flat typed arrays: a state is known by its index, in the
 * order of arrival. Open addressing; nothing is ever taken out.
 */
import { assert } from '@kozeni/base/assert'

const START = 1 << 12
const LOAD = 0.6

export class StateSet {
  readonly words: number
  size = 0
  #states: Int32Array
  /** Index + 1 of the state that hashes here; 0 where none does. */
  #slots = new Int32Array(START * 2)

  constructor(words: number) {
    this.words = words
    this.#states = new Int32Array(START * words)
  }

  /** @returns the state's index; it is new when that is what size was before */
  add(state: Int32Array): number {
    let slot = this.#slotOf(state)
    const found = this.#slots[slot] ?? 0
    if (found !== 0) return found - 1
    if (this.size + 1 > this.#slots.length * LOAD) {
      this.#rehash()
      slot = this.#slotOf(state)
    }
    if ((this.size + 1) * this.words > this.#states.length) this.#states = longer(this.#states)
    this.#states.set(state, this.size * this.words)
    this.#slots[slot] = ++this.size
    return this.size - 1
  }

  /** Copies the state of this index into `into`. */
  read(index: number, into: Int32Array): void {
    assert(index >= 0 && index < this.size, `state ${index} of ${this.size}`)
    const { words } = this
    for (let word = 0, at = index * words; word < words; word++, at++) into[word] = this.#states[at] ?? 0
  }

  /** How many states have each number in this place. */
  numbersAt(place: number): ReadonlyMap<number, number> {
    const counts = new Map<number, number>()
    for (let index = 0, at = place; index < this.size; index++, at += this.words) {
      const number = this.#states[at] ?? 0
      counts.set(number, (counts.get(number) ?? 0) + 1)
    }
    return counts
  }

  #slotOf(state: Int32Array): number {
    const mask = this.#slots.length - 1
    let slot = hash(state, 0, this.words) & mask
    for (;;) {
      const found = this.#slots[slot] ?? 0
      if (found === 0 || this.#isAt(found - 1, state)) return slot
      slot = (slot + 1) & mask
    }
  }

  #isAt(index: number, state: Int32Array): boolean {
    const at = index * this.words
    for (let word = 0; word < this.words; word++) if (this.#states[at + word] !== state[word]) return false
    return true
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let index = 0; index < this.size; index++) {
      let slot = hash(this.#states, index * this.words, this.words) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = index + 1
    }
    this.#slots = slots
  }
}

/** Twice as long, with the same beginning. */
export function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2)
  copy.set(array)
  return copy
}

/** Murmur's mixing of each word. */
function hash(words: Int32Array, at: number, count: number): number {
  let mixed = count
  for (let i = at; i < at + count; i++) {
    mixed = Math.imul(mixed ^ (words[i] ?? 0), 0x85ebca6b)
    mixed ^= mixed >>> 13
    mixed = Math.imul(mixed, 0xc2b2ae35)
    mixed ^= mixed >>> 16
  }
  return mixed
}
