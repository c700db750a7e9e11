/** Exhaustion: every state that chips, center, tills and stores can reach when nothing can be relied on (packages/explorer). */
import { type Explored, runExplore } from '@kozeni/explorer/explore'
import { story } from '@kozeni/explorer/table'
import type { Layer, Report, Run, Size } from './layer.ts'

const BOUND = { canary: 'small', quick: 'quick', full: 'full' } as const satisfies Record<Size, string>

export const explore: Layer = {
  name: 'explore',
  proves:
    'In every state that can be reached, however messages, power, chips, tills and books are lost, the invariants hold and a way leads back to rest; each of the known weakenings is caught.',
  tries: 'states',
  atLeast: { quick: 1_000_000, full: 10_000_000 },
  budgetSeconds: { canary: 60, quick: 240, full: 1_500 },
  cores: 2,
  seesPlanted: true,
  run,
}

async function run({ size, say, signal }: Run): Promise<Report> {
  const found = await runExplore({ bound: BOUND[size], signal }, say)
  const { trials, weakened, unmet } = found
  const missed = weakened.filter(({ trial }) => trial.broken === undefined)
  return {
    tried: trials.reduce((sum, { states }) => sum + states, 0),
    found: [
      ...trials.filter(({ broken }) => broken !== undefined).map(story),
      ...unmet.map(name => `not met in any state: ${name}`),
      ...missed.map(({ number, name }) => `weakening ${number} (${name}) is not caught`),
    ],
    figures: figuresOf(found),
  }
}

function figuresOf({ trials, weakened }: Explored): Report['figures'] {
  const count = (number: number): string => number.toLocaleString('en')
  const caught = weakened.filter(({ trial }) => trial.broken !== undefined)
  return {
    transitions: count(trials.reduce((sum, { transitions }) => sum + transitions, 0)),
    'longest recovery': `${Math.max(0, ...trials.map(({ longest }) => longest ?? 0))} messages`,
    'weakenings caught': `${caught.length} of ${weakened.length}`,
    ...Object.fromEntries(
      trials.map(({ scenario, states, whole }) => [
        `scenario ${scenario}`,
        `${count(states)} states${whole ? '' : ', cut off at its limit'}`,
      ]),
    ),
    ...Object.fromEntries(
      weakened.map(({ number, name, trial: { broken } }) => [
        `weakening ${number}, ${name}`,
        broken === undefined ? 'not caught' : `${broken.rule}, in ${broken.way.length} steps`,
      ]),
    ),
  }
}
