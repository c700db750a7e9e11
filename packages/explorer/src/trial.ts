/** One scenario, searched to its end: what was visited, and what was found, in words. */
import type { Design } from './design.ts'
import { type Met, metIn } from './met.ts'
import { staged } from './play.ts'
import type { Plot } from './plot.ts'
import { recovery } from './recovery.ts'
import { type Found, search, wayTo } from './search.ts'
import type { Stage } from './stage.ts'

export interface Trial {
  readonly scenario: string
  readonly states: number
  readonly transitions: number
  readonly seconds: number
  /** False when the limit ended it: then nothing is known of recovery. */
  readonly whole: boolean
  /** Fault-free messages of the longest recovery. */
  readonly longest: number | undefined
  readonly rests: number | undefined
  /** In how many states what was met. */
  readonly met: Met
  /** What broke, by the name of its invariant, and the shortest way there, a sentence a step. */
  readonly broken: { readonly rule: string; readonly way: readonly string[] } | undefined
}

export interface TrialOptions {
  readonly design: Design
  /** States after which it gives up. */
  readonly limit: number
  /** False: every handler runs anew each time. */
  readonly memory?: boolean
  readonly progress?: (states: number) => void
}

/** Searches one scenario and judges every state, and every state's way back to rest. */
export function tried(plot: Plot, { design, limit, memory = true, progress = () => {} }: TrialOptions): Trial {
  const begun = performance.now()
  const stage = staged(plot, design, memory)
  const found = search(stage, limit, progress)
  const recovered = found.whole ? recovery(stage, found) : undefined
  const seconds = (performance.now() - begun) / 1000
  return {
    scenario: plot.name,
    states: found.states.size,
    transitions: found.transitions,
    seconds,
    whole: found.whole,
    longest: recovered?.longest,
    rests: recovered?.rests,
    met: metIn(found.states, stage.namings),
    broken: brokenBy(stage, found, recovered?.stuck),
  }
}

const STUCK = 'INV-LIVE: from here, no steps without a fault lead to rest'

function brokenBy(stage: Stage, found: Found, stuck: number | undefined): Trial['broken'] {
  if (found.broken !== undefined) return { rule: found.broken.rule, way: told(stage, found, found.broken.at) }
  return stuck === undefined ? undefined : { rule: STUCK, way: told(stage, found, stuck) }
}

/** The way to a state as sentences. */
function told(stage: Stage, found: Found, index: number): readonly string[] {
  const way = wayTo(found, index).map(at => {
    const state = new Int32Array(stage.words)
    found.states.read(at, state)
    return state
  })
  return way.slice(1).map((state, i) => stage.told(way[i] ?? state, state))
}
