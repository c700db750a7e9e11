/** What one transaction books of plain receipts: decided one after the other, packed as they are booked. */
import { assert } from '@kozeni/base/assert'
import { type Currency, currencyFromNumber, currencyNumber } from '@kozeni/base/currency'
import type { StoreId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { has, including, NO_RANGES } from '@kozeni/base/ranges'
import { debitsCollected } from '@kozeni/ledger/posting'
import { SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'
import type { Receipts } from '@kozeni/protocol/receipts'
import type { Instant } from './book.ts'
import type { Packed } from './book-postgres-batch.ts'
import { extendTrail, RECORD_BYTES } from './book-postgres-trail.ts'
import type { Upload } from './book-receipt.ts'
import type { BatchPart, TerminalSales } from './book-tables-receipt.ts'
import { type Standing, takesPlainly } from './plain.ts'

/** A purse, with what of it is booked here. */
export interface Taking extends Standing {
  /** Where its row stands: it is locked, so it stands there still. */
  readonly block: number
  readonly offset: number
  /** Its trail, which grows. */
  readonly trail: DataView
  /** What is booked now. */
  amount: number
  count: number
}

/** What is booked in one currency. */
interface Sheaf {
  readonly name: bigint
  readonly currency: Currency
  readonly parts: BatchPart[]
  readonly sums: Map<StoreId, { count: number; amount: number }>
}

export class PlainBatch {
  /** The purses that something was booked of. */
  readonly changed: Taking[] = []
  readonly #standing: Map<bigint, Taking>
  readonly #sold: Map<string, TerminalSales>
  readonly #sheaves = new Map<number, Sheaf>()
  readonly #now: Instant
  readonly #newBatch: (at: Instant) => bigint

  /** @param standing  purses whose receipts may be plain, by their names */
  constructor(
    standing: Map<bigint, Taking>,
    sold: readonly TerminalSales[],
    now: Instant,
    newBatch: (at: Instant) => bigint,
  ) {
    this.#standing = standing
    this.#sold = new Map(sold.map(row => [row.terminal, row]))
    this.#now = now
    this.#newBatch = newBatch
  }

  /** @returns 1 for each that is booked */
  take(upload: Upload): Uint8Array {
    const { receipts, candidates, terminal, store } = upload
    const booked = new Uint8Array(receipts.count)
    let sold = this.#sold.get(terminal)?.sold ?? NO_RANGES
    let part: Part | undefined
    for (let i = 0; i < receipts.count; i++) {
      const name = receipts.purse(i)
      const purse = this.#standing.get(name)
      if (purse === undefined) continue
      part ??= new Part(receipts, this.#sheaf(purse.currency))
      const isNext = candidates[i] === 1 && part.isOf(purse) && !has(sold, receipts.sale(i))
      if (isNext && takesPlainly(purse, receipts, i)) {
        if (purse.count === 0) this.changed.push(purse)
        part.add(purse, i)
        sold = including(sold, receipts.sale(i))
        booked[i] = 1
      } else this.#standing.delete(name) // whatever comes behind it waits until that is decided
    }
    this.#sold.set(terminal, { terminal, sold })
    part?.keep({ terminal, store, at: this.#now })
    return booked
  }

  /** Which sales of the terminals are paid now. */
  sold = (): TerminalSales[] => [...this.#sold.values()]

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
    const sheaf: Sheaf = { name: this.#newBatch(this.#now), currency, parts: [], sums: new Map() }
    this.#sheaves.set(number, sheaf)
    return sheaf
  }
}

/** What of an upload is booked: its records, one after the other. */
class Part {
  readonly #receipts: Receipts
  readonly #sheaf: Sheaf
  readonly #records: Uint8Array
  readonly #links: DataView
  readonly #currency: number
  readonly #part: number
  #count = 0
  #amount = 0
  #firstSale = 0
  #lastSale = 0

  constructor(receipts: Receipts, sheaf: Sheaf) {
    this.#receipts = receipts
    this.#sheaf = sheaf
    this.#currency = currencyNumber(sheaf.currency)
    this.#part = sheaf.parts.length
    this.#records = new Uint8Array(receipts.count * RECORD_BYTES)
    this.#links = new DataView(this.#records.buffer)
  }

  isOf = ({ currency }: Taking): boolean => currency === this.#currency

  add(purse: Taking, i: number): void {
    const amount = this.#receipts.amount(i)
    const at = this.#count * RECORD_BYTES
    this.#records.set(this.#receipts.whole(i), at)
    const spot = { batch: this.#sheaf.name, part: this.#part, index: this.#count }
    extendTrail(purse.trail, this.#links, at + SIGNED_RECEIPT_BYTES, spot, this.#receipts.seq(i))
    purse.count++
    purse.amount += amount
    this.#lastSale = this.#receipts.sale(i) // they rise
    if (this.#count === 0) this.#firstSale = this.#lastSale
    this.#count++
    this.#amount += amount
  }

  /** Puts it with the others, if anything is in it. */
  keep({ terminal, store, at }: Pick<BatchPart, 'terminal' | 'store' | 'at'>): void {
    if (this.#count === 0) return
    const { name: batch, parts, sums } = this.#sheaf
    const records = this.#records.subarray(0, this.#count * RECORD_BYTES)
    const [firstSale, lastSale] = [this.#firstSale, this.#lastSale]
    parts.push({ batch, part: this.#part, terminal, store, firstSale, lastSale, at, records })
    const { count = 0, amount = 0 } = sums.get(store) ?? {}
    sums.set(store, { count: count + this.#count, amount: amount + this.#amount })
  }
}
