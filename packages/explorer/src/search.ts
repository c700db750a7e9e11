/**
 * Breadth first through every state that a world can reach, each judged once. Knows nothing of money: a state is a tuple of
 * numbers. The first state that breaks a rule ends the search, and breadth makes the way to it the shortest.
 */
import { longer, StateSet } from './state-set.ts'

/** What is searched. */
export interface World {
  /** Numbers in a state. */
  readonly words: number
  readonly start: Int32Array
  /** Shows every next state; `fair` when no fault has a part in the step. What `next` holds is copied by the visitor. */
  steps(state: Int32Array, visit: (next: Int32Array, fair: boolean) => void): void
  /** What the state breaks, or undefined. */
  judge(state: Int32Array): string | undefined
  /** Whether everything is closed and confirmed. */
  isAtRest(state: Int32Array): boolean
}

export interface Found {
  readonly states: StateSet
  readonly transitions: number
  /** False when the search was ended by `limit`. */
  readonly whole: boolean
  readonly broken: { readonly at: number; readonly rule: string } | undefined
  /** From which state each was first reached; −1 for the first. */
  readonly parents: Int32Array
  /** Fair steps, from and to. */
  readonly fair: Edges
}

/** Pairs of states. */
export class Edges {
  size = 0
  #pairs: Int32Array = new Int32Array(1 << 12)

  add(from: number, to: number): void {
    if (2 * this.size + 2 > this.#pairs.length) this.#pairs = longer(this.#pairs)
    this.#pairs[2 * this.size] = from
    this.#pairs[2 * this.size + 1] = to
    this.size++
  }

  from(index: number): number {
    return this.#pairs[2 * index] ?? 0
  }

  to(index: number): number {
    return this.#pairs[2 * index + 1] ?? 0
  }
}

/** @param limit  states after which it gives up. @param progress  called now and then with the states so far */
export function search(world: World, limit: number, progress: (states: number) => void = () => {}): Found {
  const states = new StateSet(world.words)
  const fair = new Edges()
  const state = new Int32Array(world.words)
  let parents: Int32Array = new Int32Array(1 << 12)
  let [transitions, at] = [0, 0]
  let broken: Found['broken']
  states.add(world.start)
  parents[0] = -1
  const visit = (next: Int32Array, isFair: boolean): void => {
    transitions++
    const before = states.size
    const index = states.add(next)
    if (isFair && index !== at) fair.add(at, index)
    if (index !== before) return
    if (index >= parents.length) parents = longer(parents)
    parents[index] = at
  }
  for (; at < states.size && states.size < limit; at++) {
    states.read(at, state)
    const rule = world.judge(state)
    if (rule !== undefined) {
      broken = { at, rule }
      break
    }
    world.steps(state, visit)
    if (at % 65_536 === 0) progress(states.size)
  }
  return { states, transitions, whole: at === states.size, broken, parents, fair }
}

/** The states on the shortest way to this one, the first state first. */
export function wayTo({ parents }: Pick<Found, 'parents'>, index: number): readonly number[] {
  const way: number[] = []
  for (let at = index; at !== -1; at = parents[at] ?? -1) way.push(at)
  return way.reverse()
}
