/** What would be indexes in a database, for the book in Maps. All of it follows from the rows. */
import type { OrderId, PurseId, StoreId } from '@kozeni/base/ids'
import type { Entry } from '@kozeni/ledger/entry'
import type { Instant, OperationRow, OrderRow, Write } from './book.ts'
import type { ReceiptRow, SaleName } from './book-receipt.ts'
import type { SettlementRow } from './book-settlement.ts'
import { claimOf, operationName, receiptName, saleName, takesSale } from './book-writes.ts'

/** A purse that a store's till has met. */
export interface Met {
  readonly purse: PurseId
  readonly at: Instant
}

export class MemoryIndex {
  /** The purse's one open operation, by name. */
  readonly #open = new Map<PurseId, string>()
  readonly #waiting = new Map<PurseId, ReadonlySet<OrderId>>()
  /** Terminal and sale, to the receipt that was booked for it first. */
  readonly #sold = new Map<string, string>()
  /** A store's entries that no window has taken in. */
  readonly #claims = new Map<StoreId, Entry[]>()
  /** Whose receipts were booked for a store, in that order. */
  readonly #met = new Map<StoreId, Met[]>()

  copy(): MemoryIndex {
    const copy = new MemoryIndex()
    for (const [purse, name] of this.#open) copy.#open.set(purse, name)
    for (const [purse, orders] of this.#waiting) copy.#waiting.set(purse, orders)
    for (const [sale, name] of this.#sold) copy.#sold.set(sale, name)
    for (const [store, entries] of this.#claims) copy.#claims.set(store, [...entries])
    for (const [store, met] of this.#met) copy.#met.set(store, [...met])
    return copy
  }

  open = (purse: PurseId): string | undefined => this.#open.get(purse)
  allOpen = (): Iterable<string> => this.#open.values()
  waiting = (purse: PurseId): ReadonlySet<OrderId> => this.#waiting.get(purse) ?? new Set()
  sold = (sale: SaleName): string | undefined => this.#sold.get(saleName(sale))
  claims = (store: StoreId): readonly Entry[] => this.#claims.get(store) ?? []
  /** The last so many, the newest at the end. */
  met = (store: StoreId, limit: number): readonly Met[] => this.#met.get(store)?.slice(-limit) ?? []

  note({ write, row }: Write): void {
    if (write === 'operation') this.#noteOperation(row)
    if (write === 'order') this.#noteOrder(row)
    if (write === 'receipt') this.#noteReceipt(row)
    if (write === 'entry') this.#noteEntry(row)
    if (write === 'settlement') this.#noteSettlement(row)
  }

  #noteOperation(row: OperationRow): void {
    if (row.closed === undefined) this.#open.set(row.purse, operationName(row))
    else if (this.#open.get(row.purse) === operationName(row)) this.#open.delete(row.purse)
  }

  #noteOrder(row: OrderRow): void {
    const orders = new Set(this.waiting(row.purse))
    if (row.stage === 'waiting') orders.add(row.order)
    else orders.delete(row.order)
    this.#waiting.set(row.purse, orders)
  }

  #noteReceipt(row: ReceiptRow): void {
    const { store, purse, at } = row
    if (row.standing === 'booked') grown(this.#met, store, { purse, at })
    if (takesSale(row) && this.sold(row) === undefined) this.#sold.set(saleName(row), receiptName(row))
  }

  #noteEntry(row: Entry): void {
    const claim = claimOf(row)
    if (claim !== undefined) grown(this.#claims, claim.store, row)
  }

  #noteSettlement(row: SettlementRow): void {
    this.#claims.set(
      row.store,
      this.claims(row.store).filter(entry => entry.at >= row.until),
    )
  }
}

function grown<K, V>(lists: Map<K, V[]>, name: K, one: V): void {
  const list = lists.get(name)
  if (list === undefined) lists.set(name, [one])
  else list.push(one)
}
