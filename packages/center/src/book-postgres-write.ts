/**
 * Every SQL statement that changes money. The writes of a group of commands become one statement for each kind: a row
 * that its decision saw is replaced, one that it did not see is added by a plain insert, which fails where another
 * stands. So nothing is ever posted twice silently (INV-ONCE): the loser of a race decides again.
 */
import { idNumber } from '@kozeni/base/ids'
import { including, NO_RANGES } from '@kozeni/base/ranges'
import type { Entry } from '@kozeni/ledger/entry'
import type { Instant, Seen, Write } from './book.ts'
import { isPaidLoss, type Payer } from './book-loss.ts'
import { type Packed, packedOf } from './book-postgres-batch.ts'
import { changedPurses } from './book-postgres-change.ts'
import { SUMS, sumsFrom } from './book-postgres-sums.ts'
import type { ReceiptRow } from './book-receipt.ts'
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
  RETURN,
  SETTLEMENT,
  STORE,
  TERMINAL,
} from './book-tables.ts'
import { HOTLIST } from './book-tables-hotlist.ts'
import { PROPOSAL } from './book-tables-proposal.ts'
import { ISSUANCE, PURSE } from './book-tables-purse.ts'
import { HOLD, LOSS, RECEIPT, RECEIPT_BATCH, TERMINAL_SALES, type TerminalSales } from './book-tables-receipt.ts'
import { claimOf, sameSums, takesSale, wasSeen } from './book-writes.ts'
import { arrayOf, type Cell } from './postgres-array.ts'
import { statement } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'
import { type Answer, parameterOf, type Statement } from './postgres-trip.ts'

/** A statement, and what its answer has to be for the transaction to stand. */
export interface Change {
  readonly statement: Statement
  readonly holds?: (answer: Answer) => boolean
}

/** What one command writes, and what it had seen. */
export interface Decided {
  readonly seen: Seen
  readonly writes: readonly Write[]
}

/** What a group's writes are made into rows with, beside the writes. */
export interface WriteMeans {
  /** Which sales of the terminals that the group has named were paid before. */
  readonly sold: ReadonlyMap<string, TerminalSales>
  /** A name for a batch that nobody else uses; later ones are higher. */
  readonly newBatch: (at: Instant) => bigint
}

/** All that a group of commands changes; no two of them write the same row. @spec INV-ONCE */
export function changesOf(group: readonly Decided[], { sold, newBatch }: WriteMeans): Change[] {
  const writes = group.flatMap(decided => decided.writes)
  const packed = packedOf(writes, newBatch)
  const lines = group.flatMap(({ seen, writes }) =>
    writes.flatMap(write => linesOf(seen, trailed(write, packed.trails))),
  )
  const settlements = writes.filter(each => each.write === 'settlement')
  return [
    ...changedPurses(group, packed.trails),
    ...gathered([...lines, ...batchLines(packed), ...soldLines(writes, sold)]),
    ...settlements.map(({ row }) => taking(row)),
  ]
}

const trailed = (write: Write, trails: Packed['trails']): Write =>
  write.write === 'purse'
    ? { write: 'purse', row: { ...write.row, trail: trails.get(write.row.purse) ?? write.row.trail } }
    : write

/** A batch beside which no command writes anything. @param sold  of the terminals that it is of, whose rows are locked */
export const collectionChanges = (
  packed: Pick<Packed, 'parts' | 'entries'>,
  sold: readonly TerminalSales[],
): Change[] => gathered([...batchLines(packed), ...sold.map(row => line(SQL.replaceSales, row))])

/** A batch, and what its receipts move. */
const batchLines = ({ parts, entries }: Pick<Packed, 'parts' | 'entries'>): Line[] => [
  ...parts.map(part => line(SQL.addBatch, part)),
  ...entries.flatMap(entryLines),
]

/** The first booked debit takes its sale, or a loss that is paid; whoever saw its terminal's sales finds them unchanged. @spec K-1 */
function soldLines(writes: readonly Write[], sold: WriteMeans['sold']): Line[] {
  const byTerminal = Map.groupBy(writes.flatMap(payerIn), ({ terminal }) => terminal)
  return [...byTerminal].map(([terminal, rows]) => {
    const before = sold.get(terminal)
    const after = rows.reduce((ranges, { sale }) => including(ranges, sale), before?.sold ?? NO_RANGES)
    return line(before === undefined ? SQL.addSales : SQL.replaceSales, { terminal, sold: after })
  })
}

function payerIn({ write, row }: Write): Payer[] {
  if (write === 'receipt') return takesSale(row) ? [row] : []
  return write === 'loss' && isPaidLoss(row) ? [row] : []
}

/** Where each kind of write goes. */
function linesOf(shown: Seen, each: Write): Line[] {
  const seen = wasSeen(shown, each)
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
      return shown.purse !== undefined && seen ? [] : [line(SQL.addPurse, row), line(SQL.addIssuance, row)]
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
      return receiptLines(row, seen)
    case 'loss':
      return [line(SQL.addLoss, row)]
    case 'hold':
      return [line(seen ? SQL.replaceHold : SQL.addHold, row)]
    case 'entry':
      return entryLines(row)
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
    case 'proposal':
      return [line(seen ? SQL.replaceProposal : SQL.addProposal, row)]
    case 'alarm':
      return [line(SQL.addAlarm, row)]
    case 'outbox':
      return [line(SQL.putOutbox, row)]
  }
}

/** A held receipt has a row of its own, until it is booked in a batch. */
function receiptLines(row: ReceiptRow, seen: boolean): Line[] {
  if (row.standing === 'held') return [line(seen ? SQL.replaceReceipt : SQL.addReceipt, row)]
  return seen ? [line(SQL.removeReceipt, row)] : []
}

/** An entry, and what a store is owed by it. */
function entryLines(entry: Entry): Line[] {
  const claim = claimOf(entry)
  const claims = claim === undefined ? [] : [line(SQL.addClaim, { ...entry, ...claim, window: 0 })]
  return [line(SQL.addEntry, entry), ...claims]
}

/** Rows of one table, put there in one way. */
interface Sql<Row> {
  readonly text: string
  /** For one row by itself, as values: PostgreSQL takes arrays apart for longer than it adds a row. */
  readonly ofOne?: string
  readonly table: Table<Row>
}

const add = <Row>(table: Table<Row>, otherwise = ''): Sql<Row> => ({
  text: `insert into ${table.name} (${table.list}) select * from unnest(${table.arrays}) ${otherwise}`,
  ofOne: `insert into ${table.name} (${table.list}) values (${table.values}) ${otherwise}`,
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
  addPurse: add(PURSE),
  addIssuance: add(ISSUANCE),
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
  removeReceipt: {
    text: `
      delete from receipt using unnest(${RECEIPT.arrays}) as given (${RECEIPT.list})
      where receipt.purse_id = given.purse_id and receipt.seq = given.seq`,
    table: RECEIPT,
  },
  addBatch: add(RECEIPT_BATCH),
  replaceSales: replace(TERMINAL_SALES, 'terminal_id'),
  addSales: add(TERMINAL_SALES),
  addLoss: add(LOSS),
  addHold: add(HOLD),
  replaceHold: replace(HOLD, 'purse_id, seq'),
  addEntry: add(ENTRY),
  addClaim: add(CLAIM),
  addSettlement: add(SETTLEMENT),
  putEpoch: add(EPOCH, 'on conflict (epoch) do update set beat = greatest(epoch.beat, excluded.beat)'),
  replaceHonoured: replace(HONOURED, 'store_id, transaction'),
  addHonoured: add(HONOURED),
  addHotlist: add(HOTLIST),
  replaceFound: replace(FOUND, 'purse_id, epoch, number'),
  addFound: add(FOUND),
  replaceProposal: replace(PROPOSAL, 'proposal_id'),
  addProposal: add(PROPOSAL),
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
    returning part, amount, count
  )
  select ${SUMS} from taken`

const taking = (row: SettlementRow): Change => ({
  statement: statement(TAKE_CLAIMS, idNumber(row.store), row.window, row.until),
  holds: ({ rows }) => rows.every(cells => sameSums(row, sumsFrom(cells))),
})

/** One row on its way into one statement. */
interface Line extends Pick<Sql<never>, 'text' | 'ofOne'> {
  readonly columns: Table<never>['columns']
  readonly cells: readonly Cell[]
}

const line = <Row>({ text, ofOne, table }: Sql<Row>, row: Row): Line => ({
  text,
  ...(ofOne !== undefined && { ofOne }),
  columns: table.columns,
  cells: table.write(row),
})

const TEXTS = Object.values(SQL).map(({ text }) => text)

/** One statement for all lines that go the same way, in one order for everybody, so that nobody waits in a circle. */
function gathered(lines: readonly Line[]): Change[] {
  const ways = Map.groupBy(lines, ({ text }) => text)
  return TEXTS.flatMap(text => {
    const way = ways.get(text)?.toSorted(byKey)
    return way === undefined ? [] : [{ statement: together(text, way) }]
  })
}

function together(text: string, way: readonly Line[]): Statement {
  const [first] = way
  return way.length === 1 && first?.ofOne !== undefined
    ? statement(first.ofOne, ...first.cells.map(parameterOf))
    : statement(text, ...columnwise(way))
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
