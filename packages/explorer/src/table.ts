/** What was found, as tables for people. */
import type { Explored } from './explore.ts'
import type { Trial } from './trial.ts'

const count = (number: number): string => number.toLocaleString('en')

/** One line a scenario, one a weakening, and every way to what broke. */
export function tables({ trials, weakened, seconds, unmet }: Explored): string {
  const transitions = trials.reduce((all, trial) => all + trial.transitions, 0)
  const longest = Math.max(0, ...trials.map(trial => trial.longest ?? 0))
  const states = trials.reduce((all, trial) => all + trial.states, 0)
  const cut = trials.filter(({ whole, broken }) => !whole && broken === undefined)
  return [
    ...(trials.length === 0 ? [] : [scenarioTable(trials), '']),
    ...(weakened.length === 0 ? [] : [weakeningTable(weakened), '']),
    ...trials.filter(({ broken }) => broken !== undefined).map(story),
    ...cut.map(({ scenario }) => `${scenario} was cut off at its limit: what lies beyond was not visited.`),
    ...unmet.map(name => `Not met in any state: ${name}.`),
    `${count(states)} distinct states, ${count(transitions)} transitions, longest recovery ${longest} steps, in ${seconds.toFixed(1)} s.`,
  ].join('\n')
}

function scenarioTable(trials: readonly Trial[]): string {
  const rows = trials.map(trial => [
    trial.scenario,
    count(trial.states),
    count(trial.transitions),
    count(Math.round(trial.states / trial.seconds)),
    trial.longest === undefined ? '–' : String(trial.longest),
    trial.broken === undefined ? (trial.whole ? 'holds' : 'holds so far') : trial.broken.rule,
  ])
  return aligned([['scenario', 'states', 'transitions', 'states/s', 'longest recovery', 'invariants'], ...rows])
}

function weakeningTable(weakened: Explored['weakened']): string {
  const rows = weakened.map(({ number, name, trial }) => [
    String(number),
    name,
    trial.broken === undefined ? 'NOT CAUGHT' : `in ${trial.broken.way.length} steps`,
    trial.broken?.rule ?? '',
  ])
  return aligned([['#', 'weakening', 'caught', 'by'], ...rows])
}

/** The shortest way to what broke, a sentence a step. */
export function story({ scenario, broken }: Trial): string {
  if (broken === undefined) return `${scenario}: nothing broke.`
  const steps = broken.way.map((sentence, i) => `  ${i + 1}. ${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`)
  return [`${scenario}: ${broken.rule}`, ...steps, ''].join('\n')
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  const isNumber = (text: string): boolean => /^[\d,–]+$/.test(text)
  const cell = (text: string, column: number): string =>
    isNumber(text) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)
  return rows.map(row => row.map(cell).join('  ').trimEnd()).join('\n')
}
