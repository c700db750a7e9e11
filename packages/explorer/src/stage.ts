/**
 * Where a scenario plays: every state is one number for each part (a chip, the center, a terminal …) and one for the net.
 * Turns moves and messages into the steps that the search follows, and tells a way through them as sentences.
 */
import type { Naming } from './met.ts'
import { type Move, type Outcome, remembering } from './move.ts'
import type { Net } from './net.ts'
import type { World } from './search.ts'

const NET = 0

/** What is asked of a state as a whole. */
export interface Rules {
  judge(state: Int32Array): string | undefined
  isAtRest(state: Int32Array): boolean
  /** What stands in its parts. */
  readonly namings: readonly Naming[]
}

export class Stage implements World {
  readonly net: Net
  readonly #memory: boolean
  readonly #start: number[]
  readonly #moves: Move[] = []
  #rules: Rules = { judge: () => undefined, isAtRest: () => true, namings: [] }
  #next = new Int32Array(1)

  /** @param memory  whether what came of a move is remembered */
  constructor(net: Net, memory: boolean) {
    this.net = net
    this.#memory = memory
    this.#start = [net.empty]
  }

  get words(): number {
    return this.#start.length
  }

  get start(): Int32Array {
    return Int32Array.from(this.#start)
  }

  /** A part of the state. @param first  its number in the first state. @returns its place */
  part(first: number): number {
    const place = this.#start.push(first) - 1
    this.#next = new Int32Array(this.words)
    return place
  }

  /** Messages that may arrive from the first state on. */
  underWay(messages: readonly number[]): void {
    this.#start[NET] = this.net.with(this.#start[NET] ?? 0, messages)
  }

  /** Something that may happen in any state. */
  may(move: Move): void {
    this.#moves.push(this.#memory ? remembering(move) : move)
  }

  judgedBy(rules: Rules): void {
    this.#rules = rules
  }

  judge(state: Int32Array): string | undefined {
    return this.#rules.judge(state)
  }

  isAtRest(state: Int32Array): boolean {
    return this.#rules.isAtRest(state)
  }

  get namings(): readonly Naming[] {
    return this.#rules.namings
  }

  steps(state: Int32Array, visit: (next: Int32Array, fair: boolean, says: string) => void): void {
    for (const move of this.#moves) this.#apply(move, state, visit)
    for (const message of this.net.in(state[NET] ?? 0)) this.#apply(this.net.arrival(message), state, visit)
  }

  /** What happened between two states, one after the other. */
  told(from: Int32Array, to: Int32Array): string {
    const told: string[] = []
    this.steps(from, (next, _fair, says) => {
      if (next.every((number, word) => number === to[word])) told.push(says)
    })
    return told[0] ?? 'nothing happens'
  }

  /** This is the innermost loop. */
  #apply(move: Move, state: Int32Array, visit: (next: Int32Array, fair: boolean, says: string) => void): void {
    const { parts } = move
    const next = this.#next
    for (const { next: numbers, sends, fair, says } of performed(move, state)) {
      next.set(state)
      for (let i = 0; i < parts.length; i++) next[parts[i] ?? 0] = numbers[i] ?? 0
      if (sends.length > 0) next[NET] = this.net.with(state[NET] ?? 0, sends)
      visit(next, fair, says)
    }
  }
}

/** Without a list of arguments for the moves of few parts: this is the innermost loop. */
function performed({ parts, perform }: Move, state: Int32Array): readonly Outcome[] {
  const a = state[parts[0] ?? 0] ?? 0
  if (parts.length === 1) return perform(a)
  const b = state[parts[1] ?? 0] ?? 0
  return parts.length === 2 ? perform(a, b) : perform(a, b, state[parts[2] ?? 0] ?? 0)
}
