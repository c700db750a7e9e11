/**
 * Deaths: the day's processes under load, one of them killed with SIGKILL at random or at a point of its work that is named,
 * started again on what it left, sixty times. After each: nothing inconsistent, and nothing left to do within a minute.
 */
import { SeededDice } from '@kozeni/base/dice'
import { inconsistencies } from './kill-check.ts'
import { live, type Told } from './kill-load.ts'
import { POINTS, type Point } from './kill-points.ts'
import { MOST_MS, Outstanding, recoverAll, untilTold } from './kill-rest.ts'
import { KillTown } from './kill-town.ts'
import type { Layer, Report, Run, Size } from './layer.ts'

const CYCLES: Readonly<Record<Size, number>> = { canary: 4, quick: 6, full: 60 }
/** How long all goes on before anybody is killed. */
const ALIVE_MS = 1_500
/** How long a point may let itself be waited for. */
const PATIENCE_MS = 15_000
/** How long the others go on while one is dead. */
const DEAD_MS = 300

export const kill: Layer = {
  name: 'kill',
  proves:
    'Postmaster, center with its mover, store server and terminal may be killed at any moment: nothing is created, lost or doubled, what people were told stays so, and nothing is left to do within a minute.',
  tries: 'deaths',
  atLeast: { quick: 6, full: 60 },
  budgetSeconds: { canary: 90, quick: 180, full: 900 },
  cores: 2,
  seesPlanted: true,
  run,
}

interface Count {
  readonly deaths: Map<string, number>
  missed: number
  worstMs: number
  readonly found: string[]
}

async function run({ size, seed, say, signal }: Run): Promise<Report> {
  const town = await KillTown.open(say)
  const count: Count = { deaths: new Map(), missed: 0, worstMs: 0, found: [] }
  const told: Told = { loaded: new Set(), paid: new Set(), sold: new Set(), asked: 0 }
  const outstanding = new Outstanding()
  const dice = new SeededDice(seed)
  const happened = (): number => [...count.deaths.values()].reduce((sum, each) => sum + each, 0)
  try {
    for (let i = 0; happened() < CYCLES[size] && i < 2 * CYCLES[size] && !signal.aborted; i++) {
      const point = POINTS[i % POINTS.length]
      if (point !== undefined) await cycle({ town, point, told, dice, outstanding, count, say })
    }
    if (!signal.aborted) count.found.push(...(await untilTold(town, outstanding)).map(task => `${task} was not told`))
    return reportOf(count, told, outstanding)
  } finally {
    await town.close()
  }
}

interface Cycle {
  readonly town: KillTown
  readonly point: Point
  readonly told: Told
  readonly dice: SeededDice
  readonly outstanding: Outstanding
  readonly count: Count
  readonly say: Run['say']
}

async function cycle({ town, point, told, dice, outstanding, count, say }: Cycle): Promise<void> {
  const name = `${point.victim}, ${point.at}`
  let on = true
  const living = live(town, told, dice, () => on)
  await passed(ALIVE_MS)
  const struck = await Promise.race([point.strike(town).then(() => true), passed(PATIENCE_MS).then(() => false)])
  if (struck) await passed(DEAD_MS)
  else point.giveUp(town)
  if (struck) await town.revive(point.victim)
  const restartedAt = performance.now()
  on = false
  await living
  const undone = await recoverAll(town, outstanding, restartedAt)
  const tookMs = performance.now() - restartedAt
  const wrong = [
    ...undone.map(each => `${each} is not done after ${MOST_MS / 1000} s`),
    ...(await inconsistencies(town, told)),
  ]
  if (struck) count.deaths.set(name, (count.deaths.get(name) ?? 0) + 1)
  else count.missed += 1
  count.worstMs = Math.max(count.worstMs, tookMs)
  count.found.push(...wrong.map(each => `after ${name}: ${each}`))
  for (const each of wrong.slice(0, 5)) say(each)
  say(
    `${name}: ${struck ? 'dead' : 'the moment did not come'}, at rest after ${(tookMs / 1000).toFixed(1)} s, ${wrong.length} found`,
  )
}

const passed = (delayMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, delayMs))

function reportOf({ deaths, missed, worstMs, found }: Count, told: Told, outstanding: Outstanding): Report {
  const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
  return {
    tried: [...deaths.values()].reduce((sum, each) => sum + each, 0),
    found,
    figures: {
      'at rest after a restart, at worst': inSeconds(worstMs),
      'a task that a dead mover had leased, told after at worst': inSeconds(outstanding.worstMs),
      'asked for meanwhile': `${told.asked}; ${told.loaded.size} loaded, ${told.paid.size} paid, ${told.sold.size} sold at the till`,
      'moments that did not come in time': String(missed),
      ...Object.fromEntries([...deaths].map(([name, times]) => [name, `${times} times`])),
    },
  }
}
