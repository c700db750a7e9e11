/** The port to chance. A simulation throws seeded dice; everything that makes keys throws the machine's. */
import { type Bytes, bigEndian, concat, hex, NO_BYTES } from './bytes.ts'

export interface Dice {
  /** `count` unpredictable bytes, in a buffer of the caller's own. */
  bytes(count: number): Bytes
}

/** The platform's secure generator, in Node and in browsers alike. */
export const systemDice: Dice = {
  bytes: count => crypto.getRandomValues(new Uint8Array(count)),
}

/**
 * Dice that always fall the same way for the same seed (xorshift128+). For simulations and tests, never for keys
 * that guard money.
 */
export class SeededDice implements Dice {
  #a: bigint
  #b: bigint

  constructor(seed: number) {
    this.#a = (BigInt(seed) * 0x9e3779b97f4a7c15n + 1n) & MASK
    this.#b = 0xbf58476d1ce4e5b9n
    for (let i = 0; i < 16; i++) this.#next()
  }

  bytes(count: number): Bytes {
    let drawn = NO_BYTES
    while (drawn.length < count) drawn = concat(drawn, bigEndian(this.#next(), 8))
    return drawn.slice(0, count)
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    return Number(this.#next() % BigInt(below))
  }

  #next(): bigint {
    let x = this.#a
    const y = this.#b
    this.#a = y
    x ^= (x << 23n) & MASK
    this.#b = x ^ y ^ (x >> 17n) ^ (y >> 26n)
    return (this.#b + y) & MASK
  }
}

const MASK = 0xffff_ffff_ffff_ffffn

/** A name of 128 bits of chance, for keys of idempotency and the like. */
export const freshName = (dice: Dice): string => hex(dice.bytes(16))
