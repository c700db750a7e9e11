/** Worlds: the whole system in one process from a seed, under faults, then healed and judged (packages/world). */
import { availableParallelism } from 'node:os'
import { runWorld } from '@kozeni/world/run-node'
import type { Layer, Report, Run, Size } from './layer.ts'

const WORLDS: Readonly<Record<Size, number>> = { canary: 10, quick: 100, full: 2_000 }

export const world: Layer = {
  name: 'world',
  proves:
    'Chips, tills, stores, centers and a provider that lose, tear, delay, repeat, forge and forget: afterwards everything closes, and not a unit was created or lost.',
  tries: 'worlds',
  atLeast: { quick: 100, full: 2_000 },
  budgetSeconds: { canary: 60, quick: 420, full: 7_200 },
  cores: 2,
  seesPlanted: true,
  run,
}

async function run({ size, seed, say, signal }: Run): Promise<Report> {
  const seeds = Array.from({ length: WORLDS[size] }, (_, i) => seed + i)
  const lived = await runWorld(seeds, { cores: availableParallelism(), say, signal })
  const count = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, times]) => `${name} ${times.toLocaleString('en')}`)
      .join(', ')
  return {
    tried: lived.seeds,
    found: lived.failed.map(
      ({ seed: failed, complaints: [first] }) =>
        `world ${failed}: ${first?.says ?? ''}; npm run world -- --seed ${failed} --story`,
    ),
    figures: {
      'worlds of a thousand chips or more': String(lived.large),
      'chips; full installations': `${lived.chips.toLocaleString('en')}; ${lived.installed.toLocaleString('en')}`,
      'money operations': `${lived.operations.toLocaleString('en')}: ${count(lived.byKind)}`,
      'money operations a second and core': (lived.operations / lived.cpuSeconds).toFixed(0),
      'ended well at the first try': Object.entries(lived.tries)
        .map(([name, { begun, done }]) => `${name} ${((100 * done) / begun).toFixed(1)} %`)
        .join(', '),
      'faults injected': count(lived.faults),
      'recoveries taken': count(lived.recoveries),
      'longest until all was closed': `${(lived.longestHealingMs / 3_600_000).toFixed(1)} virtual hours`,
    },
  }
}
