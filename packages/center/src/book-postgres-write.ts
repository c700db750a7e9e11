/**
 * Every SQL statement that changes money. The writes of a group of commands become one statement for each kind: a row
 * that its decision saw is replaced, one that it did not see is added by a plain insert, which fails where another
 * stands. So nothing is ever posted twice silently (INV-ONCE): the loser of a race decides again.
 */
import { idNumber } from '@kozeni/base/ids'
import type { Entry } from '@kozeni/ledger/entry'
import type { Keys, ReceiptRow, Seen, Write } from './book.ts'
import { SUMS, sumsFrom } from './book-postgres-sums.ts'
import type { SettlementRow } from './book-settlement.ts'
import {
  ACCOUNT,
  ALARM,
  CHIP,
  CLAIM,
  DEVICE,
  ENTRY,
  EPOCH,
  FOUND,
  HONOURED,
  LOAD,
  MOVE,
  NUMBER,
  OPERATION,
  ORDER,
  OUTBOX,
  PURSE,
  RECEIPT,
  RETURN,
  SALE,
  SETTLEMENT,
  STORE,
  TERMINAL,
} from './book-tables.ts'
import { HOTLIST } from './book-tables-hotlist.ts'
import { claimOf, sameSums, wasSeen } from './book-writes.ts'
import { arrayOf, type Cell } from './postgres-array.ts'
import { type Answer, type Statement, statement } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'

/** A statement, and what its answer has to be for the transaction to stand. */
export interface Change {
  readonly statement: Statement
  readonly holds?: (answer: Answer) => boolean
}

/** What one command writes, and what it had named and seen. */
export interface Decided {
  readonly keys: Keys
  readonly seen: Seen
  readonly writes: readonly Write[]
}

/** All that a group of commands changes; no two of them write the same row. @spec INV-ONCE */
export function changesOf(group: readonly Decided[]): Change[] {
  const lines = group.flatMap(decided => decided.writes.flatMap(write => linesOf(decided, write)))
  const settlements = group.flatMap(({ writes }) => writes.filter(each => each.write === 'settlement'))
  return [...gathered(lines), ...settlements.map(({ row }) => taking(row))]
}

/** Where each kind of write goes. */
function linesOf(decided: Decided, each: Write): Line[] {
  const seen = wasSeen(decided.seen, each)
  const { write, row } = each
  switch (write) {
    case 'account':
      return [line(seen ? SQL.replaceAccount : SQL.addAccount, row)]
    case 'device':
      return [line(seen ? SQL.replaceDevice : SQL.addDevice, row)]
    case 'chip':
      return [line(seen ? SQL.replaceChip : SQL.addChip, row)]
    case 'store':
      return [line(seen ? SQL.replaceStore : SQL.addStore, row)]
    case 'terminal':
      return [line(seen ? SQL.replaceTerminal : SQL.addTerminal, row)]
    case 'purse':
      return [line(seen ? SQL.replacePurse : SQL.addPurse, row)]
    case 'operation':
      return [line(seen ? SQL.replaceOperation : SQL.addOperation, row)]
    case 'load':
      return [line(seen ? SQL.replaceLoad : SQL.addLoad, row)]
    case 'order':
      return [line(seen ? SQL.replaceOrder : SQL.addOrder, row)]
    case 'move':
      return [line(seen ? SQL.replaceMove : SQL.addMove, row)]
    case 'number':
      return [line(seen ? SQL.replaceNumber : SQL.addNumber, row)]
    case 'return':
      return [line(seen ? SQL.replaceReturn : SQL.addReturn, row)]
    case 'receipt':
      return [line(seen ? SQL.replaceReceipt : SQL.addReceipt, row), ...saleOf(decided, row)]
    case 'entry':
      return [line(SQL.addEntry, row), ...claimsOf(row)]
    case 'settlement':
      return [line(SQL.addSettlement, row)]
    case 'epoch':
      return [line(SQL.putEpoch, row)]
    case 'honoured':
      return [line(seen ? SQL.replaceHonoured : SQL.addHonoured, row)]
    case 'hotlist':
      return [line(SQL.addHotlist, row)]
    case 'found':
      return [line(seen ? SQL.replaceFound : SQL.addFound, row)]
    case 'alarm':
      return [line(SQL.addAlarm, row)]
    case 'outbox':
      return [line(SQL.putOutbox, row)]
  }
}

/** The first booked debit takes its sale. Whoever saw the sale free must find it free (K-1). */
function saleOf({ keys, seen }: Decided, row: ReceiptRow): Line[] {
  if (row.kind !== 'debit' || row.standing !== 'booked') return []
  const named = keys.sale?.terminal === row.terminal && keys.sale.sale === row.sale
  if (named && seen.sale !== undefined) return []
  return [line(named ? SQL.addSale : SQL.addSaleIfFree, row)]
}

function claimsOf(entry: Entry): Line[] {
  const claim = claimOf(entry)
  return claim === undefined ? [] : [line(SQL.addClaim, { ...entry, ...claim, window: 0 })]
}

/** Rows of one table, put there in one way. */
interface Sql<Row> {
  readonly text: string
  readonly table: Table<Row>
}

const add = <Row>(table: Table<Row>, otherwise = ''): Sql<Row> => ({
  text: `insert into ${table.name} (${table.list}) select * from unnest(${table.arrays}) ${otherwise}`,
  table,
})

const replace = <Row>(table: Table<Row>, key: string): Sql<Row> =>
  add(table, `on conflict (${key}) do update set (${table.list}) = row(${table.excluded})`)

/** In the order in which they are sent: of one table, what is replaced goes before what is added. */
const SQL = {
  replaceAccount: replace(ACCOUNT, 'account_id'),
  addAccount: add(ACCOUNT),
  replaceDevice: replace(DEVICE, 'device_id'),
  addDevice: add(DEVICE),
  replaceChip: replace(CHIP, 'chip_id'),
  addChip: add(CHIP),
  replaceStore: replace(STORE, 'store_id'),
  addStore: add(STORE),
  replaceTerminal: replace(TERMINAL, 'terminal_id'),
  addTerminal: add(TERMINAL),
  replacePurse: replace(PURSE, 'purse_id'),
  addPurse: add(PURSE),
  replaceOperation: replace(OPERATION, 'purse_id, epoch, number'),
  addOperation: add(OPERATION),
  replaceLoad: replace(LOAD, 'load_id'),
  addLoad: add(LOAD),
  replaceOrder: replace(ORDER, 'order_id'),
  addOrder: add(ORDER),
  replaceMove: replace(MOVE, 'move_id'),
  addMove: add(MOVE),
  replaceNumber: replace(NUMBER, 'store_id, transaction'),
  addNumber: add(NUMBER),
  replaceReturn: replace(RETURN, 'purse_id, seq'),
  addReturn: add(RETURN),
  replaceReceipt: replace(RECEIPT, 'purse_id, seq'),
  addReceipt: add(RECEIPT),
  addSale: add(SALE),
  addSaleIfFree: add(SALE, 'on conflict do nothing'),
  addEntry: add(ENTRY),
  addClaim: add(CLAIM),
  addSettlement: add(SETTLEMENT),
  putEpoch: add(EPOCH, 'on conflict (epoch) do update set beat = greatest(epoch.beat, excluded.beat)'),
  replaceHonoured: replace(HONOURED, 'store_id, transaction'),
  addHonoured: add(HONOURED),
  addHotlist: add(HOTLIST),
  replaceFound: replace(FOUND, 'purse_id, epoch, number'),
  addFound: add(FOUND),
  addAlarm: {
    text: `
      insert into alarm (${ALARM.list}, facts_digest)
      select *, sha256(convert_to(facts::text, 'UTF8')) from unnest(${ALARM.arrays}) as given (${ALARM.list})
      on conflict do nothing`,
    table: ALARM,
  },
  putOutbox: replace(OUTBOX, 'name'),
} as const

/** A settlement takes the claims that its decision saw: those and no others, or the transaction does not stand (K-4). */
const TAKE_CLAIMS = `
  with taken as (
    update claim set settled_window = $2
    where store_id = $1 and settled_window = 0 and at_ms < $3
    returning part, amount
  )
  select ${SUMS} from taken`

const taking = (row: SettlementRow): Change => ({
  statement: statement(TAKE_CLAIMS, idNumber(row.store), row.window, row.until),
  holds: ({ rows }) => rows.every(cells => sameSums(row, sumsFrom(cells))),
})

/** One row on its way into one statement. */
interface Line {
  readonly text: string
  readonly columns: Table<never>['columns']
  readonly cells: readonly Cell[]
}

const line = <Row>({ text, table }: Sql<Row>, row: Row): Line => ({
  text,
  columns: table.columns,
  cells: table.write(row),
})

const TEXTS = Object.values(SQL).map(({ text }) => text)

/** One statement for all lines that go the same way, in one order for everybody, so that nobody waits in a circle. */
function gathered(lines: readonly Line[]): Change[] {
  const ways = Map.groupBy(lines, ({ text }) => text)
  return TEXTS.flatMap(text => {
    const way = ways.get(text)?.toSorted(byKey)
    return way === undefined ? [] : [{ statement: statement(text, ...columnwise(way)) }]
  })
}

function columnwise(way: readonly Line[]): Buffer[] {
  const columns = way[0]?.columns ?? []
  return columns.map(({ type }, i) =>
    arrayOf(
      type,
      way.map(({ cells }) => cells[i] ?? null),
    ),
  )
}

/** Every table's key is in its first columns. */
function byKey(a: Line, b: Line): number {
  for (let i = 0; i < 3; i++) {
    const [left, right] = [a.cells[i] ?? 0, b.cells[i] ?? 0]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
