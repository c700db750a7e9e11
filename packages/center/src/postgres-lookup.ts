/** Many questions in one round trip: each is asked of one table, for all keys at once, and answered into a Map. */
import { arrayOf, type Cell, type ColumnType } from './postgres-array.ts'
import { type Session, statement } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'
import { parameterOf, type Statement } from './postgres-trip.ts'

/** How rows are found: `columns` of the key, as SQL lists them, and what else has to be so. */
export interface By<Row> {
  readonly columns: string
  readonly name: (row: Row) => string
  readonly where?: string
}

/** A question that may be asked of a table, for any keys: its texts are made once. */
export interface Question<Row> {
  readonly table: Table<Row>
  readonly name: (row: Row) => string
  /** Of the key's columns. */
  readonly types: readonly ColumnType[]
  /** For one key, which needs no arrays: PostgreSQL takes them apart for longer than it looks for a row. */
  readonly ofOne: Text
  readonly ofMany: Text
}

interface Text {
  readonly shown: string
  /** In the order of the key, so that nobody waits in a circle. */
  readonly locked: string
}

/** The rows of `table` with such a key. */
export function question<Row>(table: Table<Row>, { columns, name, where }: By<Row>): Question<Row> {
  const names = columns.split(', ')
  const types = names.map(each => table.columns.find(({ name }) => name === each)?.type ?? 'bigint')
  const arrays = types.map((type, i) => `$${i + 1}::${type}[]`)
  const among = names.length === 1 ? `= any(${arrays.join()})` : `in (select * from unnest(${arrays.join()}))`
  const also = where === undefined ? '' : ` and ${where}`
  const from = `select ${table.list} from ${table.name} where`
  const ofOne = `${from} ${names.map((each, i) => `${each} = $${i + 1}::${types[i]}`).join(' and ')}${also}`
  const ofMany = `${from} (${columns}) ${among}${also}`
  return {
    ...{ table, name, types },
    ofOne: { shown: ofOne, locked: `${ofOne} for update` },
    ofMany: { shown: ofMany, locked: `${ofMany} order by ${columns} for update` },
  }
}

interface Lookup {
  readonly statement: Statement
  readonly take: (cells: readonly unknown[]) => void
}

type Key = readonly Cell[]

export class Lookups {
  readonly #lookups: Lookup[] = []
  readonly #lockOneByOne: boolean

  /** @param lockOneByOne  one row a statement, for Citus, which does not lock several rows in one */
  constructor(lockOneByOne: boolean) {
    this.#lockOneByOne = lockOneByOne
  }

  /** The rows with one of these keys, by the name; the Map is filled when the answers are there. */
  find<Row>(asked: Question<Row>, keys: readonly Key[], lock = false): ReadonlyMap<string, Row> {
    const found = new Map<string, Row>()
    const take = (cells: readonly unknown[]): void => {
      const row = asked.table.read(cells)
      found.set(asked.name(row), row)
    }
    const way = lock ? 'locked' : 'shown'
    if (keys.length === 1 || (lock && this.#lockOneByOne))
      for (const key of keys) this.ask(statement(asked.ofOne[way], ...key.map(parameterOf)), take)
    else if (keys.length > 0) this.ask(statement(asked.ofMany[way], ...arraysOf(asked, keys)), take)
    return found
  }

  /** Any statement; `take` is called with each of its rows. */
  ask(asked: Statement, take: (cells: readonly unknown[]) => void): void {
    this.#lookups.push({ statement: asked, take })
  }

  /** Asks everything, between `first` and `last`. */
  async answer(session: Session, first: readonly string[] = [], last: readonly string[] = []): Promise<void> {
    const answers = await session.all([...first, ...this.#lookups.map(each => each.statement), ...last])
    this.#lookups.forEach(({ take }, i) => answers[first.length + i]?.rows.forEach(take))
  }
}

const arraysOf = <Row>({ types }: Question<Row>, keys: readonly Key[]): Buffer[] =>
  types.map((type, i) =>
    arrayOf(
      type,
      keys.map(key => key[i] ?? null),
    ),
  )
