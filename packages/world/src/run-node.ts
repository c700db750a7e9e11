/** Many worlds on as many processor cores as are given: each is a process of its own and takes the next seed that is left. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { NO_WORLDS, type Summary, together } from './run.ts'

/** How worlds are run. */
export interface Running {
  readonly cores: number
  /** A line of progress now and then. */
  readonly say: (line: string) => void
  /** Aborted: the worlds that are being lived come to their end, and no others begin. */
  readonly signal?: AbortSignal
}

const WORKER = join(import.meta.dirname, 'worker-main.ts')
const SAY_EVERY = 50

/** @returns what all of these seeds came to together, in whatever order they were lived */
export async function runWorld(seeds: readonly number[], { cores, say, signal }: Running): Promise<Summary> {
  const left = seeds.toReversed().values() // hundreds, the largest, are not what is left at the end
  let whole = NO_WORLDS
  const add = (one: Summary): void => {
    whole = together(whole, one)
    for (const { seed, complaints } of one.failed) say(failureLine(seed, complaints[0]?.says ?? ''))
    if (whole.seeds % SAY_EVERY === 0) say(`${whole.seeds} of ${seeds.length} worlds, ${whole.operations} operations`)
  }
  const next = (): number | undefined => (signal?.aborted === true ? undefined : left.next().value)
  await Promise.all(Array.from({ length: Math.min(cores, seeds.length) }, () => work(next, add)))
  return whole
}

/** How a world that failed can be lived again. */
export const failureLine = (seed: number, says: string): string =>
  `world ${seed}: ${says}; to see it again: npm run world -- --seed ${seed} --story`

/** A world that its process did not survive: a bug in it was thrown, and stands on the screen. */
const diedIn = (seed: number, code: number | null): Summary => ({
  ...NO_WORLDS,
  seeds: 1,
  failed: [
    { seed, complaints: [{ subject: `world ${seed}`, invariant: 'INV-LIVE', says: `it met a bug (exit ${code})` }] },
  ],
})

/** One process, from its first seed to its last; another goes on where it dies. */
function work(next: () => number | undefined, add: (one: Summary) => void): Promise<void> {
  const worker = fork(WORKER, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return new Promise(resolve => {
    let seed = next()
    worker.on('exit', code => {
      if (seed === undefined) return resolve()
      add(diedIn(seed, code))
      resolve(work(next, add))
    })
    worker.on('message', message => {
      add(message as Summary)
      seed = give(worker, next())
    })
    seed = give(worker, seed)
  })
}

function give(worker: ChildProcess, seed: number | undefined): number | undefined {
  if (seed === undefined) worker.disconnect()
  else worker.send(seed)
  return seed
}
