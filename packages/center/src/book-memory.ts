/**
 * The book in Maps, for tests, for the simulation and for the explorer. A command runs in one go, so none ever sees
 * another's unsaved writes; rows are copied in and out, so nobody shares one that can change. Only a decision, which is
 * pure, sees them as they stand. Nothing survives the process.
 */
import type { Clock } from '@kozeni/base/clock'
import type { PurseId, StoreId } from '@kozeni/base/ids'
import { comparePlaces } from '@kozeni/protocol/operation'
import {
  type Book,
  type Command,
  type Instant,
  type Keys,
  type OperationRow,
  type OrderRow,
  RowTaken,
  type Seen,
  type Write,
} from './book.ts'
import type { FoundRow } from './book-epoch.ts'
import { type EpochRow, FIRST_EPOCH } from './book-epoch.ts'
import { type Fraud, isPaidLoss, type Payer } from './book-loss.ts'
import { MemoryIndex } from './book-memory-index.ts'
import type { OutboxRow } from './book-outbox.ts'
import type { ReceiptRow } from './book-receipt.ts'
import type { ReturnRow } from './book-return.ts'
import type { SettlementRow, Unsettled } from './book-settlement.ts'
import {
  batchesOf,
  checkNamed,
  claimOf,
  concerns,
  lastOfEach,
  NO_SUMS,
  numberName,
  operationName,
  paidName,
  postingsOf,
  receiptName,
  rowName,
  saleName,
  wasSeen,
  withClaim,
} from './book-writes.ts'
import { bookPlainByCommands } from './plain-command.ts'

type Kind = Write['write']
type RowOf<K extends Kind> = Extract<Write, { write: K }>['row']

/** Every table: its rows by their names. */
export type MemoryTables = { readonly [K in Kind]: ReadonlyMap<string, RowOf<K>> }

export class MemoryBook implements Book {
  readonly #clock: Clock
  readonly #tables: { readonly [K in Kind]: Map<string, RowOf<K>> }
  #index: MemoryIndex
  /** Receipts that were booked together; batches are numbered from 1. */
  #batches: (readonly ReceiptRow[])[]

  /** @param from  a book to begin as a copy of; the time it takes grows with the number of its rows */
  constructor(clock: Clock, from?: MemoryBook) {
    this.#clock = clock
    this.#tables = tablesFrom(from?.tables)
    this.#index = from === undefined ? new MemoryIndex() : from.#index.copy()
    this.#batches = from === undefined ? [] : [...from.#batches]
  }

  /** Becomes what `backup` was, in place, as a database that is put back from one. */
  restore(backup: MemoryBook): void {
    for (const kind of Object.keys(this.#tables) as Kind[]) {
      const table: Map<string, unknown> = this.#tables[kind]
      table.clear()
      for (const [name, row] of backup.#tables[kind]) table.set(name, row)
    }
    this.#index = backup.#index.copy()
    this.#batches = [...backup.#batches]
  }

  /** The rows themselves, for views; not to be changed. */
  get tables(): MemoryTables {
    return this.#tables
  }

  /** What follows from the rows, for views. */
  get index(): MemoryIndex {
    return this.#index
  }

  /** All receipts that were ever booked, batch by batch; the first is number 1. */
  get batches(): readonly (readonly ReceiptRow[])[] {
    return this.#batches
  }

  async run<A>(command: Command<A>): Promise<A> {
    return this.runNow(command)
  }

  /** As run, at once: nothing here has to be waited for. */
  runNow<A>(command: Command<A>): A {
    const seen = this.#see(command.keys)
    const decision = command.decide(seen)
    checkNamed(command.keys, seen, decision.writes)
    const writes = lastOfEach(decision.writes)
    this.#checkFree(seen, writes)
    this.#checkOneOpen(writes)
    for (const write of [...writes, ...this.#post(writes)]) this.#put(copied(write))
    return decision.answer
  }

  bookPlain: Book['bookPlain'] = upload => bookPlainByCommands(this, upload)

  async look(keys: Keys): Promise<Seen> {
    return copied(this.#see(keys))
  }

  async due(limit: number, leaseMs: number): Promise<readonly OutboxRow[]> {
    const now = this.#clock.now()
    const due = [...this.#tables.outbox.values()]
      .filter(task => task.due <= now)
      .sort((a, b) => a.due - b.due || (a.name < b.name ? -1 : 1))
      .slice(0, limit)
    for (const task of due) this.#tables.outbox.set(task.name, { ...task, due: now + leaseMs })
    return due.map(copied)
  }

  async told(name: string, again?: Instant): Promise<void> {
    const task = this.#tables.outbox.get(name)
    if (again === undefined) this.#tables.outbox.delete(name)
    else if (task !== undefined) this.#tables.outbox.set(name, { ...task, due: again })
  }

  async close(): Promise<void> {}

  #post(writes: readonly Write[]): Write[] {
    return batchesOf(writes).flatMap(receipts => {
      this.#batches.push(receipts)
      return postingsOf(BigInt(this.#batches.length), receipts).map((row): Write => ({ write: 'entry', row }))
    })
  }

  /** A row that the decision did not see is added, and only where none stands. */
  #checkFree(seen: Seen, writes: readonly Write[]): void {
    for (const write of writes) {
      if (UNSEEN.has(write.write) || wasSeen(seen, write)) continue
      if (this.#tables[write.write].has(rowName(write))) throw new RowTaken(`${write.write} ${rowName(write)}`)
    }
  }

  /** @spec F-10 */
  #checkOneOpen(writes: readonly Write[]): void {
    const operations = writes.filter(each => each.write === 'operation').map(({ row }) => row)
    const closed = operations.filter(row => row.closed !== undefined).map(operationName)
    for (const row of operations.filter(one => one.closed === undefined)) {
      const before = this.#index.open(row.purse)
      const free = before === undefined || before === operationName(row) || closed.includes(before)
      if (!free) throw new RowTaken(`the open operation ${before}`)
    }
  }

  #put(write: Write): void {
    const tables: { readonly [K in Kind]: Map<string, Write['row']> } = this.#tables
    tables[write.write].set(rowName(write), write.write === 'epoch' ? this.#later(write.row) : write.row)
    this.#index.note(write)
  }

  /** Heartbeats never fall. */
  #later(row: EpochRow): EpochRow {
    const stands = this.#tables.epoch.get(rowName({ write: 'epoch', row }))
    return stands !== undefined && stands.beat > row.beat ? stands : row
  }

  #see(keys: Keys): Seen {
    const tables = this.#tables
    const open = find(tables.operation, keys.purse && this.#index.open(keys.purse))
    const number = find(tables.number, keys.number && numberName(keys.number))
    const present = this.#present()
    const waiting = keys.purse && this.#waiting(keys.purse)
    const older = open !== undefined && open.epoch < present.epoch
    return {
      purse: find(tables.purse, keys.purse),
      open,
      openOrder: find(tables.order, open?.order),
      openLoad: find(tables.load, open?.order),
      waiting,
      operation: this.#operation(keys),
      account: find(tables.account, keys.account),
      device: find(tables.device, keys.device),
      chip: find(tables.chip, keys.chip),
      store: find(tables.store, keys.store),
      terminal: find(tables.terminal, keys.terminal),
      load: find(tables.load, keys.load),
      order: find(tables.order, keys.order),
      move: find(tables.move, keys.move),
      proposal: find(tables.proposal, keys.proposal),
      number,
      numbered: number && find(tables.operation, operationName(number)),
      receipts: this.#receipts(keys),
      sales: this.#sales(keys),
      returned: this.#returned(keys),
      fraud: this.#fraud(keys),
      hotlistAfter: find(tables.hotlist, keys.hotlistAfter === undefined ? undefined : String(keys.hotlistAfter)),
      unsettled: keys.unsettled && this.#unsettled(keys.unsettled.store, keys.unsettled.until),
      honoured: find(tables.honoured, present.epoch > 1 ? keys.number && numberName(keys.number) : undefined),
      openHonoured: find(tables.honoured, older ? paidName(open) : undefined),
      openStore: find(tables.store, older ? open.store : undefined),
      ring: this.#ring(keys),
      found: this.#found(present.epoch > 1 ? keys.purse : undefined),
      waitingLoad: find(tables.load, present.epoch > 1 ? waiting?.order : undefined),
      present,
      now: this.#clock.now(),
    }
  }

  #present(): EpochRow {
    let newest = FIRST_EPOCH
    for (const row of this.#tables.epoch.values()) if (row.epoch >= newest.epoch) newest = row
    return newest
  }

  #operation({ purse, operation }: Keys): OperationRow | undefined {
    return purse && operation && find(this.#tables.operation, operationName({ purse, ...operation }))
  }

  #ring({ purse, ring = [] }: Keys): ReadonlyMap<string, OperationRow> {
    const rows = ring.map(place => find(this.#tables.operation, purse && operationName({ ...place, purse })))
    return new Map(rows.filter(row => row !== undefined).map(row => [operationName(row), row]))
  }

  #found(purse: PurseId | undefined): readonly FoundRow[] {
    if (purse === undefined) return []
    const rows = [...this.#tables.found.values()].filter(row => row.purse === purse)
    return rows.sort(comparePlaces)
  }

  #returned({ purse, returned }: Keys): ReturnRow | undefined {
    return (
      purse && find(this.#tables.return, returned === undefined ? undefined : receiptName({ purse, seq: returned }))
    )
  }

  #fraud({ purse, fraud }: Keys): Fraud | undefined {
    if (!fraud || purse === undefined) return undefined
    const losses = [...this.#tables.loss.values()].filter(row => row.purse === purse)
    const listings = [...this.#tables.hotlist.values()].filter(row => concerns(row, purse))
    const holds = [...this.#tables.hold.values()].filter(row => row.purse === purse).sort((a, b) => a.seq - b.seq)
    return { losses, holds, listings: listings.sort((a, b) => a.version - b.version) }
  }

  #receipts({ purse, receipts = [] }: Keys): ReadonlyMap<number, ReceiptRow> {
    const rows = receipts.map(seq => find(this.#tables.receipt, purse && receiptName({ purse, seq })))
    return new Map(rows.filter(row => row !== undefined).map(row => [row.seq, row]))
  }

  #sales({ sales = [] }: Keys): ReadonlyMap<string, Payer> {
    const losses = sales.length === 0 ? [] : [...this.#tables.loss.values()].filter(isPaidLoss)
    const rows = sales.map(
      sale =>
        find(this.#tables.receipt, this.#index.sold(sale)) ?? losses.find(row => saleName(row) === saleName(sale)),
    )
    return new Map(rows.filter(row => row !== undefined).map(row => [saleName(row), row]))
  }

  #waiting(purse: PurseId): OrderRow | undefined {
    const [first] = [...this.#index.waiting(purse)]
      .map(order => find(this.#tables.order, order))
      .filter(order => order !== undefined)
      .sort((a, b) => afterRefunds(a) - afterRefunds(b) || a.at - b.at || (a.order < b.order ? -1 : 1))
    return first
  }

  #unsettled(store: StoreId, until: Instant): Unsettled {
    const claims = this.#index
      .claims(store)
      .filter(entry => entry.at < until)
      .map(claimOf)
    const sums = claims.filter(claim => claim !== undefined).reduce(withClaim, NO_SUMS)
    return { last: this.#lastSettlement(store), ...sums }
  }

  #lastSettlement(store: StoreId): SettlementRow | undefined {
    const all = [...this.#tables.settlement.values()].filter(row => row.store === store)
    return all.reduce<SettlementRow | undefined>((a, b) => (a !== undefined && a.window > b.window ? a : b), undefined)
  }
}

/** What may be written without having been seen. */
const UNSEEN: ReadonlySet<Kind> = new Set(['outbox', 'alarm', 'epoch'])

const afterRefunds = ({ kind }: OrderRow): number => (kind === 'refund' ? 0 : 1)

const find = <Row>(rows: ReadonlyMap<string, Row>, name: string | undefined): Row | undefined =>
  name === undefined ? undefined : rows.get(name)

/** Rows never change, so a copy of the Maps is a copy of the book. */
const tablesFrom = (from?: MemoryTables): { readonly [K in Kind]: Map<string, RowOf<K>> } => ({
  account: new Map(from?.account),
  device: new Map(from?.device),
  chip: new Map(from?.chip),
  store: new Map(from?.store),
  terminal: new Map(from?.terminal),
  purse: new Map(from?.purse),
  operation: new Map(from?.operation),
  load: new Map(from?.load),
  order: new Map(from?.order),
  move: new Map(from?.move),
  number: new Map(from?.number),
  receipt: new Map(from?.receipt),
  entry: new Map(from?.entry),
  settlement: new Map(from?.settlement),
  epoch: new Map(from?.epoch),
  honoured: new Map(from?.honoured),
  return: new Map(from?.return),
  hotlist: new Map(from?.hotlist),
  found: new Map(from?.found),
  loss: new Map(from?.loss),
  hold: new Map(from?.hold),
  proposal: new Map(from?.proposal),
  alarm: new Map(from?.alarm),
  outbox: new Map(from?.outbox),
})

/** The same values in other objects, however deep. */
function copied<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Map)
    return new Map([...value].map(([name, row]) => [name, copied(row)])) as T & Map<unknown, unknown>
  if (value instanceof Uint8Array) return value.slice() as T & Uint8Array
  if (Array.isArray(value)) return value.map(part => copied(part)) as T & unknown[]
  const copy = { ...value }
  for (const key in copy) if (typeof copy[key] === 'object') copy[key] = copied(copy[key])
  return copy
}
