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
import type { Statement } from './postgres-trip.ts'

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
  const sorted = changed.toSorted((a, b) => (a.after.purse < b.after.purse ? -1 : 1))
  const key = arrayOf(
    'bigint',
    sorted.map(({ after }) => idNumber(after.purse)),
  )
  return [{ statement: statement(textOf(names), key, ...names.flatMap(name => columnsOf(name, sorted))) }]
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

const texts = new Map<string, string>()

/** One text for each set of columns; few ever occur together. */
function textOf(names: readonly Name[]): string {
  const known = texts.get(names.join())
  if (known !== undefined) return known
  const columns = names.flatMap(name => PURSE.parts[name]?.columns ?? [])
  const arrays = columns.map(({ type }, i) => `$${i + 2}::${type}[]`)
  const text = `
    update purse set ${columns.map(({ name }) => `${name} = given.${name}`).join(', ')}
    from unnest(${['$1::bigint[]', ...arrays].join(', ')}) as given (${['purse_id', ...columns.map(({ name }) => name)].join(', ')})
    where purse.purse_id = given.purse_id`
  texts.set(names.join(), text)
  return text
}
