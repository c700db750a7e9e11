/** `npm run explore`: the exploration on the command line. Ends with 1 when an invariant broke or a weakening was not caught. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Explored, runExplore } from './explore.ts'
import { SCENARIOS } from './scenarios.ts'
import { story, tables } from './table.ts'
import { WEAKENINGS } from './weakenings.ts'

const RESULT = join(import.meta.dirname, '..', 'build', 'explored.json')

const HELP = `npm run explore              every scenario to its end, every weakening
npm run explore -- --quick   the smaller bound that every integration runs
    --scenario NAME          one scenario: ${SCENARIOS.map(({ name }) => name).join(', ')}
    --weakening N            one weakening, with its shortest trace: ${WEAKENINGS.map(({ number }) => number).join(', ')}
    --no-memory              every handler runs anew each time: the same result, slowly
What was found is kept in packages/explorer/build/explored.json as well.`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const asked = options(args)
  if (typeof asked === 'string') {
    say(asked)
    return asked === HELP ? 0 : 2
  }
  const { scenario, weakening } = asked
  const bound = asked.quick ? 'quick' : 'full'
  const wish = {
    bound,
    scenario,
    weakening: weakening === undefined ? undefined : Number(weakening),
    memory: !asked['no-memory'],
  } as const
  const found = await runExplore(wish, line => void process.stderr.write(`${line}\n`))
  say(tables(found))
  if (weakening !== undefined) for (const { trial } of found.weakened) say(story(trial))
  mkdirSync(dirname(RESULT), { recursive: true })
  writeFileSync(RESULT, `${JSON.stringify(found, null, 2)}\n`)
  const { anew } = found
  if (anew !== undefined)
    say(`${anew.scenario}, nothing remembered: ${anew.states} states, ${anew.transitions} transitions`)
  const holds = found.trials.every(({ broken }) => broken === undefined)
  return holds &&
    found.unmet.length === 0 &&
    isSameAnew(found) &&
    found.weakened.every(({ trial }) => trial.broken !== undefined)
    ? 0
    : 1
}

/** What is remembered of the handlers is what they do. */
function isSameAnew({ anew, trials }: Explored): boolean {
  const remembered = trials.find(({ scenario }) => scenario === anew?.scenario)
  return anew === undefined || (anew.states === remembered?.states && anew.transitions === remembered.transitions)
}

function options(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        scenario: { type: 'string' },
        weakening: { type: 'string' },
        'no-memory': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) return HELP
    if (values.scenario !== undefined && !SCENARIOS.some(({ name }) => name === values.scenario))
      return `There is no scenario ${values.scenario}.\n\n${HELP}`
    if (values.weakening !== undefined && !WEAKENINGS.some(({ number }) => String(number) === values.weakening))
      return `There is no weakening ${values.weakening}.\n\n${HELP}`
    return values
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`
  }
}
