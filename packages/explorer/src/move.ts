/**
 * One thing that can happen, as a function of the parts of a state that it concerns. Moves are pure, so what came of one is
 * remembered: the real handlers run once for each different input, however many states that input is part of.
 */
import { assert } from '@kozeni/base/assert'

/** One of the things that may come of a move. */
export interface Outcome {
  /** The new numbers of the move's parts, in their order. */
  readonly next: readonly number[]
  /** Messages that may arrive from now on, for ever. */
  readonly sends: readonly number[]
  /** No fault has a part in it. */
  readonly fair: boolean
  /** A sentence. */
  readonly says: string
}

export interface Move {
  /** Which numbers of a state it reads and writes. */
  readonly parts: readonly number[]
  /** All that may come of it. None when it cannot happen now. */
  perform(...numbers: readonly number[]): readonly Outcome[]
}

/** The same move with a memory. */
export function remembering({ parts, perform }: Move): Move {
  if (parts.length === 1) {
    const known: (readonly Outcome[] | undefined)[] = []
    return { parts, perform: (a = 0) => (known[a] ??= perform(a)) }
  }
  const known = new Map<number, readonly Outcome[]>()
  const performed = (key: number, radix: number, numbers: readonly number[]): readonly Outcome[] => {
    for (const number of numbers) assert(number < radix, `${number} is a number below ${radix}`)
    const outcomes = perform(...numbers)
    known.set(key, outcomes)
    return outcomes
  }
  if (parts.length === 2) {
    const two = (a = 0, b = 0): readonly Outcome[] => known.get(b * TWO + a) ?? performed(b * TWO + a, TWO, [a, b])
    return { parts, perform: two }
  }
  const three = (a = 0, b = 0, c = 0): readonly Outcome[] => {
    const key = (c * THREE + b) * THREE + a
    return known.get(key) ?? performed(key, THREE, [a, b, c])
  }
  return { parts, perform: three }
}

/** Numbers of moves with two and with three parts are below these, so that a key is a whole number below 2^53. */
const TWO = 2 ** 26
const THREE = 2 ** 17
