/** Gives every different value a small whole number, the same one whenever it comes again: a state is then a few numbers. */
import { assert } from '@kozeni/base/assert'

export class Interner<T> {
  readonly #numbers = new Map<string, number>()
  readonly #values: T[] = []

  get size(): number {
    return this.#values.length
  }

  /** The number of the value that `key` spells; `make` makes the value when it is new. */
  number(key: string, make: () => T): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#values.length
    this.#numbers.set(key, number)
    this.#values.push(make())
    return number
  }

  /** The value behind a number that number() gave. */
  value(number: number): T {
    const value = this.#values[number]
    assert(value !== undefined, `number ${number} was given to a value`)
    return value
  }
}
