/**
 * Purses that were seen and are changed: one statement for all of a group, of those columns alone in which any of them
 * differs. A purse's row is wide, and of most of it nothing ever changes.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { idNumber, type PurseId } from '@kozeni/base/ids'
import type { PurseRow, Seen, Write } from './book.ts'
import { PURSE } from './book-tables.ts'
import { arrayOf, type Cell } from './postgres-array.ts'
import { statement } from './postgres-session.ts'
import { parameterOf, type Statement } from './postgres-trip.ts'

interface Changed {
  readonly before: PurseRow
  readonly after: PurseRow
}

type Name = keyof PurseRow

const NAMES = Object.keys(PURSE.parts) as Name[]

/** The statement, or none where no purse that was seen is changed. */
export function changedPurses(
  group: ReadonlyArray<{ readonly seen: Seen; readonly writes: readonly Write[] }>,
  trails: ReadonlyMap<PurseId, Bytes>,
): Array<{ readonly statement: Statement }> {
  const changed = group.flatMap(({ seen, writes }) => writes.flatMap(write => changeOf(seen.purse, write, trails)))
  const names = NAMES.filter(name => changed.some(({ before, after }) => before[name] !== after[name]))
  if (names.length === 0) return []
  const [one, another] = changed
  if (one !== undefined && another === undefined) return [{ statement: changeOfOne(names, one.after) }]
  const sorted = changed.toSorted((a, b) => (a.after.purse < b.after.purse ? -1 : 1))
  const key = arrayOf(
    'bigint',
    sorted.map(({ after }) => idNumber(after.purse)),
  )
  return [{ statement: statement(textsOf(names).ofMany, key, ...names.flatMap(name => columnsOf(name, sorted))) }]
}

function changeOf(before: PurseRow | undefined, { write, row }: Write, trails: ReadonlyMap<PurseId, Bytes>): Changed[] {
  if (write !== 'purse' || before?.purse !== row.purse) return []
  return [{ before, after: { ...row, trail: trails.get(row.purse) ?? row.trail } }]
}

function columnsOf(name: Name, changed: readonly Changed[]): Buffer[] {
  const field = PURSE.parts[name]
  const rows = changed.map(({ after }): readonly Cell[] => cellsOf(name, after))
  return (field?.columns ?? []).map(({ type }, i) =>
    arrayOf(
      type,
      rows.map(cells => cells[i] ?? null),
    ),
  )
}

const cellsOf = <K extends Name>(name: K, row: PurseRow): readonly Cell[] => PURSE.parts[name]?.write(row[name]) ?? []

const changeOfOne = (names: readonly Name[], row: PurseRow): Statement =>
  statement(textsOf(names).ofOne, idNumber(row.purse), ...names.flatMap(name => cellsOf(name, row)).map(parameterOf))

interface Texts {
  readonly ofOne: string
  readonly ofMany: string
}

const texts = new Map<string, Texts>()

/** For each set of columns; few ever occur together. */
function textsOf(names: readonly Name[]): Texts {
  const known = texts.get(names.join())
  if (known !== undefined) return known
  const columns = names.flatMap(name => PURSE.parts[name]?.columns ?? [])
  const arrays = columns.map(({ type }, i) => `$${i + 2}::${type}[]`)
  const made = {
    ofOne: `update purse set ${columns.map(({ name }, i) => `${name} = $${i + 2}`).join(', ')} where purse_id = $1`,
    ofMany: `
      update purse set ${columns.map(({ name }) => `${name} = given.${name}`).join(', ')}
      from unnest(${['$1::bigint[]', ...arrays].join(', ')}) as given (${['purse_id', ...columns.map(({ name }) => name)].join(', ')})
      where purse.purse_id = given.purse_id`,
  }
  texts.set(names.join(), made)
  return made
}
