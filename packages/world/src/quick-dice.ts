/**
 * Seeded dice for simulations, quick and with many independent streams: whoever throws a stream of its own is not moved by
 * what others throw (sfc32). Never for keys that guard money.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'

export class QuickDice implements Dice {
  #a: number
  #b: number
  #c: number
  #d = 1

  /** @param stream  who throws them */
  constructor(seed: number, stream = '') {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) | 0
    this.#c = textHash(stream)
    for (let i = 0; i < 12; i++) this.#next()
  }

  bytes(count: number): Bytes {
    const drawn = new Uint8Array(count)
    for (let at = 0, word = 0; at < count; at++) {
      word = at % 4 === 0 ? this.#next() : word >>> 8
      drawn[at] = word & 0xff
    }
    return drawn
  }

  /** From 0 to 1, and never 1. */
  part(): number {
    return this.#next() / 2 ** 32
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    return Math.floor(this.part() * below)
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** Many small ones and few large ones, evenly over the magnitudes. @param from  above 0 */
  spread(from: number, to: number): number {
    return Math.round(from * (to / from) ** this.part())
  }

  chance(probability: number): boolean {
    return probability > 0 && this.part() < probability
  }

  pick<T>(among: readonly T[]): T {
    const picked = among[this.below(among.length)]
    if (picked === undefined) throw new Error('something to pick from')
    return picked
  }

  /** One of the names, by their weights. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[]
    let left = this.part() * names.reduce((sum, name) => sum + weights[name], 0)
    for (const name of names) {
      left -= weights[name]
      if (left < 0) return name
    }
    throw new Error('a weight above zero')
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}

function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}
