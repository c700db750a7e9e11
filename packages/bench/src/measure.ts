/** One measured piece of work, and what it has cost: time, latencies, processor seconds of center and database, log. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Measured } from './database.ts'

/** Of the keys that all of a bench's processes derive. */
export const SEED = 5

export interface Row {
  readonly work: string
  /** Units in one transaction or one call, as the work says. */
  readonly batch: number
  readonly clients: number
  /** Units of work done. */
  readonly units: number
  readonly seconds: number
  readonly perSecond: number
  /** Of one call, in milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Processor seconds: of this process, load included, and of PostgreSQL. */
  readonly centerCpu: number
  readonly databaseCpu: number
  readonly walBytesPerUnit: number
}

export interface Work {
  readonly work: string
  readonly batch: number
  readonly clients: number
  readonly units: number
  /** Does all of it; says how long each call took. */
  readonly run: (took: (ms: number) => void) => Promise<void>
}

setFlagsFromString('--expose-gc')
/** No row pays for what the one before it, or the making of its own load, has left in memory. */
export const collectGarbage: () => void = runInNewContext('gc')

/** Runs it once. */
export async function measured(database: Measured, { run, units, ...what }: Work): Promise<Row> {
  const latencies: number[] = []
  collectGarbage()
  const before = { cpu: process.cpuUsage(), database: database.cpuSeconds(), wal: await database.walBytes() }
  const begun = performance.now()
  await database.around(() => run(ms => latencies.push(ms)))
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(before.cpu)
  latencies.sort((a, b) => a - b)
  return {
    ...what,
    units,
    seconds,
    perSecond: units / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    centerCpu: (user + system) / 1e6,
    databaseCpu: database.cpuSeconds() - before.database,
    walBytesPerUnit: ((await database.walBytes()) - before.wal) / units,
  }
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN

/** What the run in the middle is chosen by. */
type By = 'perSecond' | 'p99'

/**
 * Of each work the run in the middle. They take turns, for a machine that others use is not always as fast: what is compared was
 * measured side by side.
 */
export async function medians(
  runs: number,
  works: ReadonlyArray<() => Promise<Row>>,
  by: By = 'perSecond',
): Promise<Row[]> {
  const rounds: Row[][] = []
  for (let i = 0; i < runs; i++) {
    const round: Row[] = []
    for (const once of works) round.push(await once())
    rounds.push(round)
  }
  return middles(rounds, by)
}

/** @param rounds  one at least, each with the same works in the same order @returns of each work the row in the middle */
export const middles = ([first = [], ...others]: readonly (readonly Row[])[], by: By = 'perSecond'): Row[] =>
  first.map((row, k) => middle([row, ...others.flatMap(round => round[k] ?? [])], by))

/** @param rows  one at least */
const middle = (rows: readonly Row[], by: By): Row =>
  rows.toSorted((a, b) => a[by] - b[by])[Math.floor(rows.length / 2)] as Row

/** `clients` at once, each doing the next job as soon as its last is done. */
export async function side(clients: number, jobs: number, job: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const client = async (): Promise<void> => {
    for (let i = next++; i < jobs; i = next++) await job(i)
  }
  await Promise.all(Array.from({ length: clients }, client))
}
