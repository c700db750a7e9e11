/**
 * The whole exploration: every scenario with the product as it is, then every weakening in the scenario that shows it, two
 * at a time in threads of their own. For the command line and for whoever collects proof.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { together, unmet } from './met.ts'
import { SCENARIOS } from './scenarios.ts'
import type { Trial } from './trial.ts'
import { WEAKENINGS } from './weakenings.ts'

/** `small` looks at the product alone; `quick` is what every integration runs; `full` is the whole claim. */
export type Bound = 'small' | 'quick' | 'full'

/** One job for a worker: a scenario as it is, or with one weakening. */
export interface Job {
  readonly scenario: string
  readonly weakening: number | undefined
  readonly bound: Bound
  readonly memory: boolean
}

export interface Explored {
  readonly bound: Bound
  readonly trials: readonly Trial[]
  readonly weakened: ReadonlyArray<{ readonly number: number; readonly name: string; readonly trial: Trial }>
  /** One scenario of the full bound again, each handler run anew each time. */
  readonly anew?: Trial | undefined
  /** What no scenario has met, though it is there for it; empty unless all were searched. */
  readonly unmet: readonly string[]
  readonly seconds: number
}

/** What a worker says: how far it is, or what it found. */
export type Word = { readonly states: number } | { readonly trial: Trial }

/** Which part of it all is asked for; everything, when nothing is named. */
export interface Wish {
  readonly bound: Bound
  readonly scenario?: string | undefined
  readonly weakening?: number | undefined
  /** Without it every handler runs anew each time: slower, the same result. */
  readonly memory?: boolean
  readonly signal?: AbortSignal | undefined
}

/** Thousands of states, and two minutes without what is remembered. */
const ANEW = 'lost'

/** @param say  one line of progress */
export async function runExplore(wish: Wish, say: (line: string) => void): Promise<Explored> {
  const begun = performance.now()
  const { bound, memory = true } = wish
  const plain = wish.weakening === undefined ? SCENARIOS.filter(({ name }) => (wish.scenario ?? name) === name) : []
  const isAsked = (number: number): boolean => (wish.weakening ?? number) === number
  const weak =
    wish.scenario !== undefined || (bound === 'small' && wish.weakening === undefined)
      ? []
      : WEAKENINGS.filter(({ number }) => isAsked(number))
  const jobs: Job[] = [
    ...plain.map(({ name }) => ({ scenario: name, weakening: undefined, bound, memory })),
    ...weak.map(({ scenario, number }) => ({ scenario, weakening: number, bound, memory })),
  ]
  if (bound === 'full' && plain.length === SCENARIOS.length)
    jobs.push({ scenario: ANEW, weakening: undefined, bound, memory: false })
  const trials = await inThreads(jobs, wish.signal, say)
  return {
    bound,
    trials: trials.slice(0, plain.length),
    weakened: weak.map(({ number, name }, i) => ({ number, name, trial: some(trials[plain.length + i]) })),
    anew: trials[plain.length + weak.length],
    unmet:
      bound !== 'small' && plain.length === SCENARIOS.length
        ? unmet(together(trials.slice(0, plain.length).map(({ met }) => met)))
        : [],
    seconds: (performance.now() - begun) / 1000,
  }
}

async function inThreads(
  jobs: readonly Job[],
  signal: AbortSignal | undefined,
  say: (line: string) => void,
): Promise<readonly Trial[]> {
  const trials: Trial[] = []
  const waiting = [...jobs.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !signal?.aborted; next = waiting.shift()) {
      const [i, job] = next
      trials[i] = await inThread(job, signal, say)
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
  signal?.throwIfAborted()
  return trials
}

function inThread(job: Job, signal: AbortSignal | undefined, say: (line: string) => void): Promise<Trial> {
  const name = job.weakening === undefined ? job.scenario : `${job.scenario}, weakened by ${job.weakening}`
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('worker-main.ts', import.meta.url), {
      workerData: job,
      resourceLimits: { maxOldGenerationSizeMb: 6144 },
    })
    const stop = (): void => void worker.terminate()
    signal?.addEventListener('abort', stop)
    worker.on('message', (word: Word) => {
      if ('states' in word) return say(`${name}: ${word.states.toLocaleString('en')} states so far`)
      resolve(word.trial)
      signal?.removeEventListener('abort', stop)
    })
    worker.on('error', reject)
    worker.on('exit', () => reject(new Error(`${name} ended before it was through`)))
  })
}

function some<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('every job has a result')
  return value
}
