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
  const radix = parts.length === 2 ? 2 ** 26 : 2 ** 17
  const known = new Map<number, readonly Outcome[]>()
  const performed = (key: number, numbers: readonly number[]): readonly Outcome[] => {
    for (const number of numbers) assert(number < radix, `${number} is a number below ${radix}`)
    const outcomes = perform(...numbers)
    known.set(key, outcomes)
    return outcomes
  }
  return {
    parts,
    perform: (...numbers) => {
      const [a = 0, b = 0, c = 0] = numbers
      const key = (c * radix + b) * radix + a
      return known.get(key) ?? performed(key, numbers)
    },
  }
}
