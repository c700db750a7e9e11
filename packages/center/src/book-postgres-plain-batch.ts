/** What one transaction books of plain receipts: decided one after the other, packed as they are booked. */
import { assert } from '@kozeni/base/assert'
import { type Currency, currencyFromNumber, currencyNumber } from '@kozeni/base/currency'
import { Filling } from '@kozeni/base/filling'
import type { StoreId, TerminalId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { NO_RANGES } from '@kozeni/base/ranges'
import { debitsCollected } from '@kozeni/ledger/posting'
import { SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'
import type { Receipts } from '@kozeni/protocol/receipts'
import type { Instant } from './book.ts'
import type { Packed } from './book-postgres-batch.ts'
import type { Taking } from './book-postgres-taking.ts'
import { extendTrail, RECORD_BYTES } from './book-postgres-trail.ts'
import type { ProvedUpload } from './book-receipt.ts'
import type { BatchPart, TerminalSales } from './book-tables-receipt.ts'
import { takesPlainly } from './plain.ts'

/** Purses whose receipts may be plain. */
export interface Purses {
  /** By their names. */
  readonly standing: ReadonlyMap<bigint, Taking>
  /** Their trails, one after the other. */
  readonly trails: DataView
}

/** An upload, and what of it is booked so far. */
interface Pending {
  readonly upload: ProvedUpload
  readonly booked: Uint8Array
  part: Part | undefined
}

/** What is booked in one currency. */
interface Sheaf {
  readonly name: bigint
  readonly currency: Currency
  /** How many parts were begun. */
  begun: number
  readonly parts: BatchPart[]
  readonly sums: Map<StoreId, { count: number; amount: number }>
}

export class PlainBatch {
  /** All trails, as they are now. */
  readonly trails: DataView
  readonly #standing: Purses['standing']
  /** Which sales of each terminal are paid. */
  readonly #paid: Map<TerminalId, Filling>
  readonly #sheaves = new Map<number, Sheaf>()
  readonly #now: Instant
  readonly #newBatch: (at: Instant) => bigint

  constructor(
    { standing, trails }: Purses,
    sold: readonly TerminalSales[],
    now: Instant,
    newBatch: (at: Instant) => bigint,
  ) {
    this.#standing = standing
    this.trails = trails
    this.#paid = new Map(sold.map(row => [row.terminal, new Filling(row.sold)]))
    this.#now = now
    this.#newBatch = newBatch
  }

  /**
   * Receipts of one purse may come in several uploads, and out of their order.
   *
   * @returns for each upload, 1 for each that is booked
   */
  take(uploads: readonly ProvedUpload[]): readonly Uint8Array[] {
    const pending = uploads.map((upload): Pending => {
      return { upload, booked: new Uint8Array(upload.receipts.count), part: undefined }
    })
    for (const one of pending) this.#goThrough(one)
    for (const { part, upload } of pending) part?.keep(upload, this.#now)
    return pending.map(({ booked }) => booked)
  }

  #goThrough(pending: Pending): void {
    const { upload, booked } = pending
    const { receipts, candidates } = upload
    const paid = this.#paidAt(upload.terminal)
    const passedOver = new Set<bigint>()
    for (let i = 0; i < receipts.count; i++) {
      const name = receipts.purse(i)
      const purse = this.#standing.get(name)
      if (purse === undefined || passedOver.has(name)) continue
      pending.part ??= new Part(receipts, this.trails, this.#sheaf(purse.currency))
      const mayBe = candidates[i] === 1 && pending.part.isOf(purse) && !paid.has(receipts.sale(i))
      if (mayBe && takesPlainly(purse, receipts, i)) {
        pending.part.add(purse, i)
        paid.add(receipts.sale(i))
        booked[i] = 1
      } else passedOver.add(name) // whatever comes behind it waits until it is decided
    }
  }

  #paidAt(terminal: TerminalId): Filling {
    const paid = this.#paid.get(terminal) ?? new Filling(NO_RANGES)
    this.#paid.set(terminal, paid)
    return paid
  }

  /** The purses that something is booked of, in the order in which they were given. */
  changed = (): Taking[] => [...this.#standing.values()].filter(({ count }) => count > 0)

  /** Which sales of the terminals are paid now. */
  sold = (): TerminalSales[] => [...this.#paid].map(([terminal, paid]) => ({ terminal, sold: paid.ranges }))

  packed(): Pick<Packed, 'parts' | 'entries'> {
    const sheaves = [...this.#sheaves.values()]
    return {
      parts: sheaves.flatMap(({ parts }) => parts),
      entries: sheaves.flatMap(({ name: batch, currency, sums }) =>
        [...sums].map(([store, { count, amount }]) =>
          debitsCollected({ store, batch, count, amount: total(BigInt(amount)), currency, at: this.#now }),
        ),
      ),
    }
  }

  #sheaf(number: number): Sheaf {
    const known = this.#sheaves.get(number)
    if (known !== undefined) return known
    const currency = currencyFromNumber(number)
    assert(currency !== undefined, `a purse has a currency of the table, not ${number}`)
    const sheaf: Sheaf = { name: this.#newBatch(this.#now), currency, begun: 0, parts: [], sums: new Map() }
    this.#sheaves.set(number, sheaf)
    return sheaf
  }
}

/** What of an upload is booked: its records, one after the other. */
class Part {
  readonly #receipts: Receipts
  readonly #trails: DataView
  readonly #sheaf: Sheaf
  readonly #records: Uint8Array
  readonly #links: DataView
  readonly #currency: number
  readonly #part: number
  #count = 0
  #amount = 0
  #firstSale = Number.POSITIVE_INFINITY
  #lastSale = 0

  constructor(receipts: Receipts, trails: DataView, sheaf: Sheaf) {
    this.#receipts = receipts
    this.#trails = trails
    this.#sheaf = sheaf
    this.#currency = currencyNumber(sheaf.currency)
    this.#part = sheaf.begun++
    this.#records = new Uint8Array(receipts.count * RECORD_BYTES)
    this.#links = new DataView(this.#records.buffer)
  }

  isOf = ({ currency }: Taking): boolean => currency === this.#currency

  add(purse: Taking, i: number): void {
    const amount = this.#receipts.amount(i)
    const at = this.#count * RECORD_BYTES
    this.#records.set(this.#receipts.whole(i), at)
    const spot = { batch: this.#sheaf.name, part: this.#part, index: this.#count }
    const trail = { in: this.#trails, at: purse.trailAt }
    const links = { in: this.#links, at: at + SIGNED_RECEIPT_BYTES }
    extendTrail(trail, links, spot, this.#receipts.seq(i))
    purse.count++
    purse.amount += amount
    this.#firstSale = Math.min(this.#firstSale, this.#receipts.sale(i))
    this.#lastSale = Math.max(this.#lastSale, this.#receipts.sale(i))
    this.#count++
    this.#amount += amount
  }

  /** Puts it with the others, if anything is in it. */
  keep({ terminal, store }: ProvedUpload, at: Instant): void {
    if (this.#count === 0) return
    const { name: batch, parts, sums } = this.#sheaf
    const records = this.#records.subarray(0, this.#count * RECORD_BYTES)
    const [firstSale, lastSale] = [this.#firstSale, this.#lastSale]
    parts.push({ batch, part: this.#part, terminal, store, firstSale, lastSale, at, records })
    const { count = 0, amount = 0 } = sums.get(store) ?? {}
    sums.set(store, { count: count + this.#count, amount: amount + this.#amount })
  }
}
