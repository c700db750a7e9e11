/**
 * Rows in the order of what they are about, so that they go by beside their owners in one sorted pass: PostgreSQL reads each
 * table once, in the order in which it stands, and no page of owners has to look for what is theirs. Rows come in its binary
 * form. Claims stand by store, and receipts by batch: no index finds them by purse, for sales are not to pay for one that
 * only an audit needs.
 */
import { bigintIn } from './book-postgres-sums.ts'
import { Records } from './postgres-record.ts'
import type { Session } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'
import type { Answer } from './postgres-trip.ts'

/** The columns of a row. */
export type Cells = readonly unknown[]

/** What to walk through. */
export interface Walked<Row> {
  /** Of the cursor; one at a time in a transaction. */
  readonly name: string
  /** Sorted by the owner. */
  readonly select: string
  /** Rows that came together. */
  readonly read: (fetched: readonly Cells[]) => readonly Row[]
  readonly owner: (cells: Cells) => bigint
  /** Is told of each row that is nobody's. */
  readonly pass?: (row: Row) => void
}

/** The rows of a table by what this column names. @param order  of one owner's */
export function walkedBy<Row>(table: Table<Row>, column: string, order: string, where: string): Walked<Row> {
  const at = table.columns.findIndex(({ name }) => name === column)
  return {
    name: `${/\w+/.exec(table.name)?.[0]}_by_${column}`,
    select: `select ${table.list} from ${table.name} where ${where} order by ${column}, ${order}`,
    read: fetched => fetched.map(table.read),
    owner: cells => bigintIn(cells[at]),
  }
}

const FETCHED = 1000
const NONE: readonly never[] = []
const LAST = 2n ** 64n

export class SortedWalk<Row> {
  /** What begins it. */
  readonly begin: string
  /** What asks for more. */
  readonly fetch: string
  readonly close: string
  readonly #walked: Walked<Row>
  #rows: Row[] = []
  #owners: bigint[] = []
  /** How many of the rows here are given. */
  #given = 0
  #ended = false

  constructor(walked: Walked<Row>) {
    const { name, select } = walked
    this.#walked = walked
    this.begin = `declare ${name} no scroll cursor for select record_send(found) from (${select}) as found`
    this.fetch = `fetch ${FETCHED} from ${name}`
    this.close = `close ${name}`
  }

  /** Whether rows of owners up to this one may be missing here. */
  isBehind(owner: bigint): boolean {
    const last = this.#given < this.#owners.length ? this.#owners.at(-1) : undefined
    return !this.#ended && (last === undefined || last <= owner)
  }

  /** Takes in what `fetch` has brought. */
  add({ rows }: Answer): void {
    const fetched = rows.map(cellsIn)
    const { read, owner } = this.#walked
    this.#rows.splice(0, this.#given)
    this.#owners.splice(0, this.#given)
    this.#given = 0
    for (const row of read(fetched)) this.#rows.push(row)
    for (const cells of fetched) this.#owners.push(owner(cells))
    this.#ended = rows.length === 0
  }

  /** The owners of the rows that are here and not given. */
  owners = (): readonly bigint[] => this.#owners.slice(this.#given)

  /** The rows of this owner, whose turn it is; those before it are nobody's. */
  of(owner: bigint): readonly Row[] {
    const first = this.#firstFrom(this.#given, owner)
    for (const row of this.#rows.slice(this.#given, first)) this.#walked.pass?.(row)
    this.#given = this.#firstFrom(first, owner + 1n)
    return first === this.#given ? NONE : this.#rows.slice(first, this.#given)
  }

  /** All that are left are nobody's. */
  end(): void {
    this.of(LAST)
  }

  #firstFrom(from: number, owner: bigint): number {
    let at = from
    while (at < this.#owners.length && (this.#owners[at] ?? owner) < owner) at++
    return at
  }
}

/** One row in one cell. */
function cellsIn([cell]: Cells): Cells {
  if (!(cell instanceof Uint8Array)) return NONE
  const row = new Records(cell)
  row.next()
  return row.cells()
}

type Any = Pick<SortedWalk<unknown>, 'begin' | 'fetch' | 'close' | 'isBehind' | 'add'>

/** Reads so far that all rows of owners up to this one are here: one round trip for all walks, as often as it takes. */
export async function readUpTo(session: Pick<Session, 'all'>, walks: readonly Any[], owner = LAST): Promise<void> {
  for (;;) {
    const behind = walks.filter(walk => walk.isBehind(owner))
    if (behind.length === 0) return
    const answers = await session.all(behind.map(({ fetch }) => fetch))
    for (const [i, answer] of answers.entries()) behind[i]?.add(answer)
  }
}
