/** `npm run soak -- --hours N [layer…]`: the layers again and again, each time from another seed, until the time is over. */
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { launch, objections } from './launch.ts'
import { type Layer } from './layer.ts'
import { layers } from './layers.ts'
import { schedule } from './schedule.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { hours: { type: 'string', default: '1' }, help: { type: 'boolean', default: false } },
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const hours = Number(values.hours)
const chosen = layers.filter(({ name }) => (positionals.length === 0 ? name !== 'canary' : positionals.includes(name)))

if (values.help || !(hours > 0) || chosen.length === 0) {
  print('npm run soak -- --hours N [layer…]')
  print('')
  print(
    'Runs the layers of the proof in turn, each time from a fresh seed, for N hours; says after each what was found and',
  )
  print(`how to see it again. Ctrl-C ends it cleanly. Layers: ${layers.map(({ name }) => name).join(', ')}.`)
  process.exit(values.help ? 0 : 2)
}

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const over = setTimeout(() => stop.abort(), hours * 3_600_000)
const tally = new Map<string, { rounds: number; tried: number; found: number }>()

while (!stop.signal.aborted) {
  await schedule(
    chosen.map(layer => ({ cores: layer.cores, run: () => round(layer) })),
    availableParallelism(),
  )
}
clearTimeout(over)

for (const [name, { rounds, tried, found }] of tally) {
  print(`${name}: ${rounds} rounds, ${tried.toLocaleString('en')} tried, ${found} found`)
}
const bad = [...tally.values()].filter(({ found }) => found > 0).length
print(`${tally.size - bad} passed, ${bad} failed`)
process.exitCode = bad === 0 ? 0 : 1

async function round(layer: Layer): Promise<void> {
  if (stop.signal.aborted) return
  const seed = randomInt(2 ** 31)
  const outcome = await launch(layer, { size: 'quick', seed, say: () => undefined, signal: stop.signal })
  // what was cut short by the end has not failed for having tried too little
  const found = stop.signal.aborted ? outcome.found : objections(layer, outcome)
  const before = tally.get(layer.name) ?? { rounds: 0, tried: 0, found: 0 }
  tally.set(layer.name, {
    rounds: before.rounds + 1,
    tried: before.tried + outcome.tried,
    found: before.found + found.length,
  })
  const at = new Date().toISOString().slice(0, 19)
  print(
    `${at} ${layer.name} --seed ${seed}: ${outcome.tried.toLocaleString('en')} ${layer.tries}, ${found.length} found, ${outcome.seconds.toFixed(0)} s`,
  )
  for (const each of found) print(`  FOUND: ${each}`)
}
