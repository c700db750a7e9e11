/**
 * Purses that were seen and are changed: one statement a table for all of a group, of those columns alone in which any of
 * them differs. Of most of a purse nothing ever changes.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { idNumber, type PurseId } from '@kozeni/base/ids'
import type { PurseRow, Seen, Write } from './book.ts'
import { ISSUANCE, PURSE } from './book-tables-purse.ts'
import { arrayOf, type Cell } from './postgres-array.ts'
import { statement } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'
import { parameterOf, type Statement } from './postgres-trip.ts'

interface Changed {
  readonly before: PurseRow
  readonly after: PurseRow
}

type Name = keyof PurseRow

/** One of the tables that a purse stands in. */
type Part = Pick<Table<PurseRow>, 'name' | 'parts'>

/** The statements, or none where no purse that was seen is changed. */
export function changedPurses(
  group: ReadonlyArray<{ readonly seen: Seen; readonly writes: readonly Write[] }>,
  trails: ReadonlyMap<PurseId, Bytes>,
): Array<{ readonly statement: Statement }> {
  const changed = group
    .flatMap(({ seen, writes }) => writes.flatMap(write => changeOf(seen.purse, write, trails)))
    .sort((a, b) => (a.after.purse < b.after.purse ? -1 : 1))
  return [PURSE, ISSUANCE].flatMap(part => changeIn(part, changed))
}

function changeOf(before: PurseRow | undefined, { write, row }: Write, trails: ReadonlyMap<PurseId, Bytes>): Changed[] {
  if (write !== 'purse' || before?.purse !== row.purse) return []
  return [{ before, after: { ...row, trail: trails.get(row.purse) ?? row.trail } }]
}

function changeIn(part: Part, changed: readonly Changed[]): Array<{ readonly statement: Statement }> {
  const names = (Object.keys(part.parts) as Name[]).filter(name => changed.some(each => differs(each, name)))
  const rows = changed.filter(each => names.some(name => differs(each, name))).map(({ after }) => after)
  const [one, another] = rows
  if (one === undefined) return []
  return [{ statement: another === undefined ? changeOfOne(part, names, one) : changeOfMany(part, names, rows) }]
}

const differs = ({ before, after }: Changed, name: Name): boolean => before[name] !== after[name]

function changeOfMany(part: Part, names: readonly Name[], rows: readonly PurseRow[]): Statement {
  const key = arrayOf(
    'bigint',
    rows.map(({ purse }) => idNumber(purse)),
  )
  return statement(textsOf(part, names).ofMany, key, ...names.flatMap(name => columnsOf(part, name, rows)))
}

function columnsOf({ parts }: Part, name: Name, rows: readonly PurseRow[]): Buffer[] {
  const cells = rows.map(row => cellsOf(parts, name, row))
  return (parts[name]?.columns ?? []).map(({ type }, i) =>
    arrayOf(
      type,
      cells.map(row => row[i] ?? null),
    ),
  )
}

const cellsOf = <K extends Name>(parts: Part['parts'], name: K, row: PurseRow): readonly Cell[] =>
  parts[name]?.write(row[name]) ?? []

function changeOfOne(part: Part, names: readonly Name[], row: PurseRow): Statement {
  const cells = names.flatMap(name => cellsOf(part.parts, name, row))
  return statement(textsOf(part, names).ofOne, idNumber(row.purse), ...cells.map(parameterOf))
}

interface Texts {
  readonly ofOne: string
  readonly ofMany: string
}

const texts = new Map<string, Texts>()

/** For each table and set of its columns; few ever occur together. */
function textsOf({ name: table, parts }: Part, names: readonly Name[]): Texts {
  const of = `${table} ${names.join()}`
  const known = texts.get(of)
  if (known !== undefined) return known
  const columns = names.flatMap(name => parts[name]?.columns ?? [])
  const arrays = columns.map(({ type }, i) => `$${i + 2}::${type}[]`)
  const made = {
    ofOne: `update ${table} set ${columns.map(({ name }, i) => `${name} = $${i + 2}`).join(', ')} where purse_id = $1`,
    ofMany: `
      update ${table} set ${columns.map(({ name }) => `${name} = given.${name}`).join(', ')}
      from unnest(${['$1::bigint[]', ...arrays].join(', ')}) as given (${['purse_id', ...columns.map(({ name }) => name)].join(', ')})
      where ${table}.purse_id = given.purse_id`,
  }
  texts.set(of, made)
  return made
}
