/**
 * INV-LIVE: from every state, steps without any fault lead to rest. Found backwards, from the states at rest over the fair
 * steps, which also tells how many such steps the longest recovery takes.
 */
import type { Found, World } from './search.ts'

export interface Recovery {
  /** States at rest. */
  readonly rests: number
  /** Fair steps from the state that is farthest from rest. */
  readonly longest: number
  /** The first state, in the order of the search, from which there is no way to rest. */
  readonly stuck: number | undefined
}

const UNKNOWN = -1

/** Of a search that went through all states. */
export function recovery(world: World, found: Found): Recovery {
  const { size } = found.states
  const distance = new Int32Array(size).fill(UNKNOWN)
  const queue = new Int32Array(size)
  let [head, tail] = [0, 0]
  const state = new Int32Array(world.words)
  for (let index = 0; index < size; index++) {
    found.states.read(index, state)
    if (!world.isAtRest(state)) continue
    distance[index] = 0
    queue[tail++] = index
  }
  const rests = tail
  const { starts, sources } = byTarget(found)
  while (head < tail) {
    const to = queue[head++] ?? 0
    for (let i = starts[to] ?? 0; i < (starts[to + 1] ?? 0); i++) {
      const from = sources[i] ?? 0
      if (distance[from] !== UNKNOWN) continue
      distance[from] = (distance[to] ?? 0) + 1
      queue[tail++] = from
    }
  }
  const stuck = distance.indexOf(UNKNOWN)
  return {
    rests,
    longest: tail === 0 ? 0 : (distance[queue[tail - 1] ?? 0] ?? 0),
    stuck: stuck === -1 ? undefined : stuck,
  }
}

/** The sources of the fair steps to each state: those to `to` stand from starts[to] on. */
function byTarget({ fair, states }: Found): { readonly starts: Int32Array; readonly sources: Int32Array } {
  const starts = new Int32Array(states.size + 2)
  for (let i = 0; i < fair.size; i++) starts[fair.to(i) + 2] = (starts[fair.to(i) + 2] ?? 0) + 1
  for (let i = 2; i < starts.length; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0)
  const sources = new Int32Array(fair.size)
  for (let i = 0; i < fair.size; i++) {
    const at = starts[fair.to(i) + 1] ?? 0
    sources[at] = fair.from(i)
    starts[fair.to(i) + 1] = at + 1
  }
  return { starts, sources }
}
