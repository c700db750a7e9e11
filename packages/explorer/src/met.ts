/**
 * What a search has really met: in how many of its states each thing stood that a scenario is there for. A scenario in which
 * nothing of the kind happens proves nothing about it, so the whole exploration must have met all of WANTED.
 */
import { seconds } from '@kozeni/base/clock'
import type { PurseRow } from '@kozeni/center/book'
import type { MemoryTables } from '@kozeni/center/book-memory'
import { OUTCOME_RING } from '@kozeni/protocol/message'
import { KIND, type Kind } from '@kozeni/protocol/operation'
import type { Facts } from './chips.ts'
import { RECORD_RING } from './history.ts'
import { EPOCH, START_MS } from './issuer.ts'
import type { StateSet } from './state-set.ts'

/** The settings that a chip begins with, and those that replace them. */
const REPLACED = 2

/** States by the name of what stood in them. */
export type Met = Readonly<Record<string, number>>

/** Names what stands in one part of a state. */
export interface Naming {
  /** Of the part in a state. */
  readonly place: number
  /** Each name once. */
  readonly names: (number: number) => readonly string[]
}

/** @returns the states in which each name stood; two parts that bear the same name are counted once for each */
export function metIn(states: StateSet, namings: readonly Naming[]): Met {
  const met: Record<string, number> = {}
  for (const { place, names } of namings) {
    const counts = states.numbersAt(place)
    for (const [number, count] of counts)
      for (const name of new Set(names(number))) met[name] = (met[name] ?? 0) + count
  }
  return met
}

/** All of them together. */
export function together(all: readonly Met[]): Met {
  const sum: Record<string, number> = {}
  for (const met of all) for (const [name, count] of Object.entries(met)) sum[name] = (sum[name] ?? 0) + count
  return sum
}

/** What of WANTED was not met. */
export const unmet = (met: Met): readonly string[] => WANTED.filter(name => met[name] === undefined)

/** What one chip has done, and how it stands; each name as WANTED has it. */
export const namesOfChip = (facts: Facts): readonly string[] => {
  const { ring, flag, blocked, records, operations, acknowledgedCount, epochFloor, epoch, settings, time } = facts
  return [
    ...ring.filter(({ outcome }) => outcome !== 'none').map(({ kind, outcome }) => `chip: ${kindOf(kind)} ${outcome}`),
    ...(flag && records.length > 0 ? ['chip: debits beside an unconfirmed operation'] : []),
    ...(blocked ? ['chip: blocked'] : []),
    ...(settings > REPLACED ? ['chip: settings replaced, and replaced again'] : []),
    ...(time > seconds(START_MS) ? ['chip: told that time has passed'] : []),
    ...(records.length > RECORD_RING ? ['chip: a debit that its ring has forgotten'] : []),
    ...(operations.length > OUTCOME_RING ? ['chip: an operation that its ring has forgotten'] : []),
    ...records.map(({ kind }) => `chip: ${kind} off-line`),
    ...(acknowledgedCount > 0 ? ['chip: off-line debits acknowledged'] : []),
    ...(epochFloor > epoch ? ['chip: fenced'] : []),
  ]
}

const kindOf = (code: number): Kind | undefined => (Object.keys(KIND) as Kind[]).find(name => KIND[name] === code)

/** Likewise what one book of the center tells. */
export const namesOfBook = (tables: MemoryTables): readonly string[] => [
  ...[...tables.operation.values()].map(({ kind, decision, closed }) =>
    closed === undefined
      ? `center: ${kind} open, ${decision} wanted`
      : `center: ${kind} closed by ${closed.source}, ${decision}`,
  ),
  ...[...tables.order.values()].map(({ kind, stage }) => `center: order of a ${kind} is ${stage}`),
  ...[...tables.alarm.values()].map(({ what }) => `center: alarm ${what}`),
  ...[...tables.loss.values()].map(({ bearer }) => `center: a receipt is the ${bearer}’s loss`),
  ...[...tables.receipt.values()].map(({ kind, standing }) => `center: ${kind} ${standing}`),
  ...[...tables.found.values()].map(({ standing }) => `center: found after a restore, ${standing}`),
  ...[...tables.proposal.values()].map(({ what, facts }) => `people: ${what} ${facts.outcome}`),
  ...[...tables.purse.values()].map(({ stage }) => `center: a purse is ${stage}`),
  ...[...tables.purse.values()].filter(isShuttingOut).map(() => 'center: older keys are shut out'),
  ...(payersIn(tables) > 1 ? ['center: two purses have paid one store'] : []),
  ...(isPaidOutAfterRestore(tables) ? ['center: a lost purse is paid out after a restore'] : []),
]

/** Purses that have paid on-line, all of them at the one store that there is. */
const payersIn = ({ operation }: MemoryTables): number =>
  new Set([...operation.values()].flatMap(one => (one.kind === 'pay' && one.decision === 'commit' ? [one.purse] : [])))
    .size

const isPaidOutAfterRestore = ({ purse, epoch }: MemoryTables): boolean =>
  [...epoch.values()].some(row => row.epoch > EPOCH) &&
  [...purse.values()].some(({ stage, lostAt }) => stage === 'retired' && lostAt !== undefined)

/** The floor is over all versions but the newest, and the chip has said so. */
const isShuttingOut = ({ keyVersion, keyFloor, settings, settingsSeen }: PurseRow): boolean =>
  keyVersion > 1 && keyFloor === keyVersion && settingsSeen === settings

/** One for each thing that PROTOCOL §3–§5 speaks of and a scenario is there for. */
export const WANTED: readonly string[] = [
  'chip: load applied',
  'chip: load cancelled',
  'chip: load rejected',
  'chip: pay applied',
  'chip: pay cancelled',
  'chip: pay reversed',
  'chip: pay rejected',
  'chip: refund applied',
  'chip: sweep applied',
  'chip: debits beside an unconfirmed operation',
  'chip: blocked',
  'chip: settings replaced, and replaced again',
  'chip: told that time has passed',
  'chip: a debit that its ring has forgotten',
  'chip: an operation that its ring has forgotten',
  'chip: debit off-line',
  'chip: void off-line',
  'chip: off-line debits acknowledged',
  'chip: fenced',
  'center: load open, void wanted',
  'center: pay open, void wanted',
  'center: load closed by result, commit',
  'center: load closed by result, void',
  'center: load closed by receipt, commit',
  'center: load closed by fence, commit',
  'center: load closed by fence, void',
  'center: load closed by people, commit',
  'center: load closed by people, void',
  'center: load closed by lost, commit',
  'center: pay closed by result, commit',
  'center: pay closed by result, void',
  'center: pay closed by receipt, commit',
  'center: pay closed by fence, commit',
  'center: pay closed by fence, void',
  'center: pay closed by lost, void',
  'center: sweep closed by result, commit',
  'center: order of a load is given-back',
  'center: order of a refund is done',
  'center: order of a move is done',
  'center: debit booked',
  'center: void booked',
  'center: found after a restore, open',
  'center: found after a restore, settled',
  'center: found after a restore, forgotten',
  'people: order applied',
  'people: order none',
  'center: a purse is retired',
  'center: two purses have paid one store',
  'center: a lost purse is paid out after a restore',
  'center: older keys are shut out',
  'till: sale paid',
  'till: sale refused',
  'till: sale unresolved',
  'till: sale not-given',
  'till: sale abandoned',
  'till: sale settled for good',
  'till: void voided',
  'till: void given-up',
  'till: lost',
]
