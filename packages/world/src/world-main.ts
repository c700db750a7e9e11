/**
 * `npm run world -- --seed 7`, `--seeds 1..100`: lives through worlds and says what they came to. With `--story`, one
 * world is told: what was complained of, and all that happened to whom it concerns.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { builtPurse } from '@kozeni/program/compile-node'
import { replayCrypto } from './crypto-replay-node.ts'
import { Runner, type Summary } from './run.ts'
import { failureLine, runWorld } from './run-node.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** One number, or `from..to`. */
function seedsIn(text: string): readonly number[] {
  const [from = Number.NaN, to = from] = text.split('..').map(Number)
  if (!Number.isInteger(from) || !Number.isInteger(to) || to < from) throw new Error(`a seed or from..to, not ${text}`)
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

async function tell(seed: number): Promise<number> {
  const runner = new Runner(replayCrypto(), await builtPurse())
  const { story, complaints, hash } = await runner.live(seed, true)
  for (const line of story) print(line)
  for (const { invariant, subject, says } of complaints) print(`${invariant} ${subject}: ${says}`)
  print(`world ${seed}: ${hash}`)
  return complaints.length
}

async function run(seeds: readonly number[], cores: number): Promise<number> {
  const summary = await runWorld(seeds, { cores, say: print })
  for (const line of linesOf(summary)) print(line)
  return summary.failed.length
}

/** What many worlds came to, for a reader. */
function linesOf(summary: Summary): readonly string[] {
  const { seeds, large, chips, installed, operations, byKind, cpuSeconds, longestHealingMs, failed } = summary
  const counts = (of: Summary['faults']) => Object.entries(of).map(([name, count]) => `  ${name}: ${count}`)
  const tries = Object.entries(summary.tries).map(
    ([name, { begun, done }]) => `  ${name}: ${done} of ${begun}, ${((100 * done) / begun).toFixed(1)} %`,
  )
  return [
    `${seeds} worlds (${large} of a thousand chips), ${chips} chips, ${installed} full installations`,
    `${operations} money operations:`,
    ...counts(byKind),
    'came to their good end at the first try:',
    ...tries,
    'faults that struck:',
    ...counts(summary.faults),
    'recoveries taken (PROTOCOL §3):',
    ...counts(summary.recoveries),
    `longest healing: ${(longestHealingMs / 3_600_000).toFixed(1)} virtual hours`,
    `${(operations / cpuSeconds).toFixed(0)} operations a second and core`,
    ...failed.map(({ seed, complaints }) => failureLine(seed, someOf(complaints.map(({ says }) => says)))),
    `${seeds - failed.length} passed, ${failed.length} failed`,
  ]
}

const SAID_MAX = 3

const someOf = (all: readonly string[]): string =>
  [...all.slice(0, SAID_MAX), ...(all.length > SAID_MAX ? [`and ${all.length - SAID_MAX} more`] : [])].join('; ')

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    story: { type: 'boolean' },
    cores: { type: 'string' },
  },
})
const seeds = seedsIn(values.seeds ?? values.seed ?? '1..100')
const cores = Number(values.cores ?? availableParallelism())
const failed = values.story === true ? await tell(seeds[0] ?? 1) : await run(seeds, cores)
process.exitCode = failed === 0 ? 0 : 1
