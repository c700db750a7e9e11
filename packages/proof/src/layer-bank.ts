/**
 * The bank test: 64 clients move money about in a real PostgreSQL through two centers, everything is sent one to five times,
 * and the totals are looked at every 50 ms. In turn with one connection a center and with twenty.
 */

import { openPool, withSession } from '@kozeni/center/postgres-session'
import { throwawayPostgres } from '@kozeni/center/postgres-throwaway'
import { client } from './bank-client.ts'
import { drain, type Happened, happened, judged, KINDS, lost } from './bank-end.ts'
import { prepareScene, type Scene } from './bank-scene.ts'
import { wrongTotals } from './bank-snapshot.ts'
import { BankTown } from './bank-town.ts'
import type { Layer, Report, Run, Size } from './layer.ts'

const CLIENTS = 64
const PURSES = 64
const POOLS = [1, 20] as const
const EVERY_MS = 50

/** How many rounds, each in a database of its own, and how many operations in each. */
const ROUNDS: Readonly<Record<Size, readonly [rounds: number, operations: number]>> = {
  canary: [1, 3_000],
  quick: [2, 11_000],
  full: [12, 22_000],
}

export const bank: Layer = {
  name: 'bank',
  proves:
    'Whatever is sent up to five times to two centers on one database, by 64 clients at once, happens once, and the totals balance in every snapshot.',
  tries: 'operations',
  atLeast: { quick: 20_000, full: 250_000 },
  budgetSeconds: { canary: 60, quick: 150, full: 900 },
  cores: 2,
  seesPlanted: true,
  run,
}

interface Round {
  readonly pool: number
  readonly operations: number
  readonly copies: number
  readonly snapshots: number
  readonly longestMs: number
  readonly retries: number
  readonly seconds: number
  readonly happened: readonly Happened[]
  readonly found: readonly string[]
}

async function run(asked: Run): Promise<Report> {
  const postgres = await throwawayPostgres()
  try {
    const scene = await prepareScene(postgres.url, PURSES, asked.seed)
    asked.say(`${scene.people.length} purses are installed`)
    const [count, operations] = ROUNDS[asked.size]
    const rounds: Round[] = []
    for (let i = 0; i < count && !asked.signal.aborted; i++) {
      const round = await playRound(scene, i, operations, asked)
      rounds.push(round)
      for (const each of round.found.slice(0, 5)) asked.say(each)
      asked.say(
        `round ${i + 1} of ${count}, pool of ${round.pool}: ${round.operations} operations, ${round.snapshots} snapshots, ${round.found.length} found, ${round.seconds.toFixed(1)} s`,
      )
    }
    return reportOf(rounds)
  } finally {
    await postgres.stop()
  }
}

async function playRound(scene: Scene, i: number, operations: number, { seed, signal }: Run): Promise<Round> {
  const started = performance.now()
  const pool = POOLS[i % POOLS.length] ?? 1
  const name = `round_${i + 1}`
  const url = await scene.database(name)
  const town = await BankTown.open(scene, url, pool, seed + 1000 * i)
  const goesOn = (): boolean => town.operations < operations && !signal.aborted
  const clients = Array.from({ length: CLIENTS }, (_, k) => client(town, seed + 1000 * i + k, goesOn))
  const [{ wrong, snapshots, longestMs }] = await Promise.all([watch(url, goesOn), ...clients])
  const undone = await drain(town)
  const all = await happened(town)
  const found = [...(await judged(town, url, all)), ...(await lost(town))]
  await town.close()
  const idle = KINDS.filter(kind => countOf(kind, all) === 0).map(
    kind => `there were no ${kind}: nothing is shown of them`,
  )
  const gaveUp = town.interrupted.map(each => `a center gave up: ${each}`)
  return {
    ...{ pool, snapshots, longestMs, operations: town.operations, copies: town.copies, retries: town.retries },
    seconds: (performance.now() - started) / 1000,
    happened: all,
    found: [...wrong, ...undone, ...found, ...gaveUp, ...idle].map(each => `${name}: ${each}`),
  }
}

const countOf = (kind: Happened['kind'], all: readonly Happened[]): number =>
  all.filter(each => each.kind === kind).length

/** Takes a snapshot of the totals every 50 ms, and one at the end. */
async function watch(url: string, goesOn: () => boolean) {
  const pool = openPool({ url, connections: 1, name: 'kozeni proof', patient: true })
  const wrong = new Set<string>()
  let [snapshots, longestMs, last] = [0, 0, performance.now()]
  for (let more = true; more; ) {
    more = goesOn()
    for (const each of await withSession(pool, wrongTotals)) wrong.add(each)
    snapshots += 1
    const now = performance.now()
    longestMs = Math.max(longestMs, now - last)
    await new Promise(resolve => setTimeout(resolve, Math.max(0, EVERY_MS - (now - last))))
    last = performance.now()
  }
  await pool.end()
  return { wrong: [...wrong], snapshots, longestMs }
}

function reportOf(rounds: readonly Round[]): Report {
  const sum = (of: (round: Round) => number): number => rounds.reduce((all, round) => all + of(round), 0)
  const operations = sum(round => round.operations)
  const rate = (pool: number): string => {
    const mine = rounds.filter(round => round.pool === pool)
    const [done, took] = [mine.reduce((n, r) => n + r.operations, 0), mine.reduce((n, r) => n + r.seconds, 0)]
    return `${(done / Math.max(took, 1)).toFixed(0)} operations/s`
  }
  return {
    tried: operations,
    found: rounds.flatMap(round => round.found),
    figures: {
      'requests sent': sum(round => round.copies).toLocaleString('en'),
      'came about': KINDS.map(
        kind => `${sum(round => countOf(kind, round.happened)).toLocaleString('en')} ${kind}`,
      ).join(', '),
      'snapshots of all totals': sum(round => round.snapshots).toLocaleString('en'),
      'longest between two snapshots': `${Math.max(0, ...rounds.map(round => round.longestMs)).toFixed(0)} ms`,
      'retries of a command': `${sum(round => round.retries).toLocaleString('en')}; none was given up`,
      ...Object.fromEntries(
        POOLS.map(pool => [`with ${pool} writing connection${pool > 1 ? 's' : ''} a center`, rate(pool)]),
      ),
    },
  }
}
