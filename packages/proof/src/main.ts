/**
 * `npm run proof -- [--quick] [--seed N] [layer…]`: runs the layers of the proof, two at a time where that helps, and prints
 * what was tried and what was found. A full run also writes docs/proof.json and docs/proof.md, each layer its own part.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { launch, type Outcome, objections } from './launch.ts'
import type { Layer, Size } from './layer.ts'
import { layers } from './layers.ts'
import { keep } from './outcomes.ts'
import { table } from './page.ts'
import { schedule } from './schedule.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const unknown = positionals.filter(name => !layers.some(layer => layer.name === name))
if (values.help || unknown.length > 0) {
  for (const name of unknown) print(`There is no layer ${name}.\n`)
  help()
  process.exit(unknown.length > 0 ? 2 : 0)
}

const stop = new AbortController()
process.once('SIGINT', () => {
  print('Stopping; what is under way is cleaned up first.')
  stop.abort()
})

const size: Size = values.quick ? 'quick' : 'full'
const chosen = layers.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const outcomes: Record<string, Outcome> = {}
const started = performance.now()
await schedule(
  chosen.map(layer => ({ cores: layer.cores, run: () => prove(layer) })),
  availableParallelism(),
)

print(`\n${table(chosen, outcomes)}`)
const failed = chosen.filter(layer => {
  const outcome = outcomes[layer.name]
  return outcome === undefined || objections(layer, outcome).length > 0
})
print(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all`)
print(`${chosen.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 ? 0 : 1

async function prove(layer: Layer): Promise<void> {
  if (stop.signal.aborted) return
  const say = (line: string): void => print(`[${layer.name}] ${line}`)
  say(`begins: ${layer.proves}`)
  const outcome = await launch(layer, { size, seed: Number(values.seed), say, signal: stop.signal })
  outcomes[layer.name] = outcome
  for (const each of objections(layer, outcome)) say(`FOUND: ${each}`)
  say(`ends after ${outcome.seconds.toFixed(0)} s: ${outcome.tried.toLocaleString('en')} ${layer.tries}`)
  if (size === 'full' && !stop.signal.aborted) keep(layers, layer.name, outcome)
}

function help(): void {
  print('npm run proof -- [--quick] [--seed N] [layer…]')
  print('')
  print('Tries to break the system, and says what was tried and what was found. Without names, all layers:')
  for (const { name, proves, budgetSeconds } of layers) {
    print(
      `  ${name.padEnd(9)} ${proves} (at most ${minutes(budgetSeconds.full)} min; --quick ${minutes(budgetSeconds.quick)} min)`,
    )
  }
  print('')
  print('  --quick   the smaller claim, as every integration runs it; does not change docs/proof.md')
  print('  --seed N  where chance begins (1)')
  print('')
  print('Ctrl-C ends it cleanly. It exits 0 only when nothing was found and every layer tried as much as it must.')
}

function minutes(seconds: number): string {
  return (seconds / 60).toFixed(seconds < 600 ? 1 : 0)
}
