/**
 * What is under way. A message once sent may arrive at any time, any number of times, in any order, or never: so the net is
 * a set that only grows, and a message is the move that its arrival is.
 */
import { Interner } from './interner.ts'
import { type Move, remembering } from './move.ts'

export class Net {
  readonly #messages = new Interner<Move>()
  readonly #sets = new Interner<readonly number[]>()
  readonly #unions = new Map<number, number>()
  readonly #memory: boolean

  /** @param memory  whether arrivals are remembered */
  constructor(memory: boolean) {
    this.#memory = memory
  }

  /** The net in which nothing is under way. */
  get empty(): number {
    return this.#sets.number('', () => [])
  }

  /** How many different messages there ever were. */
  get messages(): number {
    return this.#messages.size
  }

  /** @param key  spells whom the message is for and what it says. @returns its number */
  message(key: string, arrival: () => Move): number {
    return this.#messages.number(key, () => (this.#memory ? remembering(arrival()) : arrival()))
  }

  /** What a message's arrival is. */
  arrival(message: number): Move {
    return this.#messages.value(message)
  }

  /** The messages under way. */
  in(net: number): readonly number[] {
    return this.#sets.value(net)
  }

  /** The net with these too. */
  with(net: number, sends: readonly number[]): number {
    let after = net
    for (const message of sends) after = this.#union(after, message)
    return after
  }

  #union(net: number, message: number): number {
    const key = net * 0x10000 + message
    const known = this.#unions.get(key)
    if (known !== undefined) return known
    const before = this.in(net)
    const after = before.includes(message) ? before : [...before, message].sort((a, b) => a - b)
    const number = this.#sets.number(after.join(), () => after)
    this.#unions.set(key, number)
    return number
  }
}
