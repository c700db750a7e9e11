/** Many questions in one round trip: each is asked of one table, for all keys at once, and answered into a Map. */
import { arrayOf, type Cell } from './postgres-array.ts'
import { type Session, statement } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'
import type { Statement } from './postgres-trip.ts'

/** How rows are found: `columns` of the key, as SQL lists them, and what else has to be so. */
export interface By<Row> {
  readonly columns: string
  readonly name: (row: Row) => string
  readonly where?: string
  /** In the order of the key, so that nobody waits in a circle. */
  readonly lock?: boolean
}

interface Lookup {
  readonly statement: Statement
  readonly take: (cells: readonly unknown[]) => void
}

export class Lookups {
  readonly #lookups: Lookup[] = []
  readonly #lockOneByOne: boolean

  /** @param lockOneByOne  one row a statement, for Citus, which does not lock several rows in one */
  constructor(lockOneByOne: boolean) {
    this.#lockOneByOne = lockOneByOne
  }

  /** The rows with one of these keys, by the name; the Map is filled when the answers are there. */
  find<Row>(table: Table<Row>, keys: readonly (readonly Cell[])[], by: By<Row>): ReadonlyMap<string, Row> {
    const found = new Map<string, Row>()
    const take = (cells: readonly unknown[]): void => {
      const row = table.read(cells)
      found.set(by.name(row), row)
    }
    const text = textOf(table, by)
    const asked = by.lock && this.#lockOneByOne ? keys.map(key => [key]) : keys.length > 0 ? [keys] : []
    for (const some of asked) this.ask(statement(text, ...arraysOf(table, by.columns, some)), take)
    return found
  }

  /** Any statement; `take` is called with each of its rows. */
  ask(asked: Statement, take: (cells: readonly unknown[]) => void): void {
    this.#lookups.push({ statement: asked, take })
  }

  /** Asks everything, behind `first`. */
  async answer(session: Session, ...first: readonly string[]): Promise<void> {
    const answers = await session.all([...first, ...this.#lookups.map(each => each.statement)])
    this.#lookups.forEach(({ take }, i) => answers[first.length + i]?.rows.forEach(take))
  }
}

function textOf<Row>(table: Table<Row>, { columns, where, lock }: By<Row>): string {
  const types = namesIn(columns).map((name, i) => `$${i + 1}::${typeOf(table, name)}[]`)
  const match =
    types.length === 1 ? `${columns} = any(${types.join()})` : `(${columns}) in (select * from unnest(${types.join()}))`
  const also = where === undefined ? '' : `and ${where}`
  return `select ${table.list} from ${table.name} where ${match} ${also} ${lock ? `order by ${columns} for update` : ''}`
}

const arraysOf = <Row>(table: Table<Row>, columns: string, keys: readonly (readonly Cell[])[]): Buffer[] =>
  namesIn(columns).map((name, i) =>
    arrayOf(
      typeOf(table, name),
      keys.map(key => key[i] ?? null),
    ),
  )

const namesIn = (columns: string): string[] => columns.split(', ')

const typeOf = <Row>(table: Table<Row>, name: string) =>
  table.columns.find(each => each.name === name)?.type ?? 'bigint'
