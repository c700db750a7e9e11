/**
 * Booked receipts for the archive, in the order of their purses: what came together stands in one piece of memory, and each
 * is read where it stands, as far as somebody asks. Its purse's row must lead to it, by the links that stand behind it.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { type Currency, currencyFromNumber } from '@kozeni/base/currency'
import { idFromNumber, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { type Money, money } from '@kozeni/base/money'
import { type ReceiptKind, readReceipt, SIGNED_RECEIPT_BYTES, type SignedReceipt } from '@kozeni/protocol/debit'
import { OUTCOME, type Outcome } from '@kozeni/protocol/operation'
import { Receipts } from '@kozeni/protocol/receipts'
import type { ReadReceipt, Told } from './archive.ts'
import { type PurseRange, within } from './archive-postgres-range.ts'
import type { Cells, Walked } from './archive-postgres-walk.ts'
import { linksIn, PURSE_BYTES_IN_RECORD, purseIn, RECORD_BYTES, readTrail, type Spot } from './book-postgres-trail.ts'
import { bigints, byteStrings, fields, numbers } from './postgres-table.ts'

/** A record of a batch, and where it is. */
interface FoundRecord extends Spot {
  readonly store: bigint
  readonly at: number
  readonly record: Bytes
}

const RECORD = byteStrings('record')

const FOUND = fields<FoundRecord>({
  batch: bigints('batch_id'),
  part: numbers('part'),
  index: numbers('index'),
  store: bigints('store_id'),
  at: numbers('at_ms'),
  record: RECORD, // the last
})

/** Every record of these purses. Each batch is read whole and once, and not piece by piece from where it is kept. */
export const recordsByPurse = (range: PurseRange, pass: (receipt: BookedReceipt) => void): Walked<BookedReceipt> => ({
  name: 'record_by_purse',
  select: `
    select batch_id, part, index, store_id, at_ms, record
    from (
      select batch_id, part, index, store_id, at_ms,
        substring(records from (index * ${RECORD_BYTES} + 1)::int for ${RECORD_BYTES}) as record
      from
        (select batch_id, part, store_id, at_ms, records || '' as records from receipt_batch offset 0) as batch,
        generate_series(0::bigint, (octet_length(records) - 1) / ${RECORD_BYTES}) as index
      offset 0
    ) as found
    where ${within(range, PURSE_BYTES_IN_RECORD('record'), number => `int8send(${number})`)}
    order by ${PURSE_BYTES_IN_RECORD('record')}`,
  read: receiptsIn,
  owner: cells => purseIn(RECORD.readAt(cells, FOUND.columns.length - 1)),
  pass,
})

/** What came together, in one piece of memory; behind a record that is cut off stand zeros. */
function receiptsIn(fetched: readonly Cells[]): BookedReceipt[] {
  const records = fetched.map(FOUND.read)
  const bytes = new Uint8Array(records.length * RECORD_BYTES)
  for (const [i, { record }] of records.entries()) bytes.set(record, i * RECORD_BYTES)
  const receipts = new Receipts(bytes, RECORD_BYTES)
  return records.map((found, i) => new BookedReceipt(found, receipts, i))
}

/** The i-th of these receipts. Where its record is none, nothing may be asked of it but that. */
export class BookedReceipt implements ReadReceipt {
  readonly standing = 'booked'
  readonly isAsSigned = true
  readonly isReceipt: boolean
  readonly found: FoundRecord
  readonly #receipts: Receipts
  readonly #i: number

  constructor(found: FoundRecord, receipts: Receipts, i: number) {
    this.found = found
    this.#receipts = receipts
    this.#i = i
    this.isReceipt = found.record.length >= SIGNED_RECEIPT_BYTES && (this.#isInOrder || this.signed !== undefined)
  }

  get whole(): Bytes {
    return this.#receipts.whole(this.#i)
  }

  get purse(): PurseId {
    return idFromNumber<PurseId>(this.#receipts.purse(this.#i))
  }

  get seq(): number {
    return this.#receipts.seq(this.#i)
  }

  get kind(): ReceiptKind {
    return this.#receipts.isDebit(this.#i) ? 'debit' : 'void'
  }

  get amount(): Money {
    return money(BigInt(this.#receipts.amount(this.#i)))
  }

  get currency(): Currency {
    const found = currencyFromNumber(this.#receipts.currency(this.#i))
    assert(found !== undefined, 'a receipt has a currency of the table')
    return found
  }

  get terminal(): TerminalId {
    return idFromNumber<TerminalId>(this.#receipts.terminal(this.#i))
  }

  get sale(): number {
    return this.#receipts.sale(this.#i)
  }

  get store(): StoreId {
    return idFromNumber<StoreId>(this.found.store)
  }

  get at(): number {
    return this.found.at
  }

  get signed(): SignedReceipt | undefined {
    return readReceipt(this.whole)
  }

  get told(): Told | undefined {
    const outcome = OUTCOMES[this.#receipts.outcome(this.#i)] ?? 'none'
    if (outcome === 'none') return undefined
    const [receipts, i] = [this.#receipts, this.#i]
    const place = { epoch: receipts.epoch(i), number: receipts.number(i) }
    return { purse: this.purse, seq: this.seq, ...place, digest: receipts.digest(i), outcome }
  }

  /** As isDebitInOrder has it, and what that leaves to others. */
  get #isInOrder(): boolean {
    const [receipts, i] = [this.#receipts, this.#i]
    return (
      receipts.isDebitInOrder(i) && receipts.terminal(i) > 0n && currencyFromNumber(receipts.currency(i)) !== undefined
    )
  }
}

/** By their numbers. */
const OUTCOMES = (Object.keys(OUTCOME) as Outcome[]).toSorted((a, b) => OUTCOME[a] - OUTCOME[b])

/** How many of a purse's records its trail does not lead to. */
export function lostBy(trail: Bytes, receipts: readonly BookedReceipt[]): number {
  const inOrder = receipts.toSorted((a, b) => compareSpots(a.found, b.found))
  const met = new Set<BookedReceipt>()
  let ahead = readTrail(trail).latest
  while (ahead !== undefined) {
    const next = receiptAt(inOrder, ahead)
    if (next === undefined || met.has(next)) break
    met.add(next)
    const { record } = next.found
    ahead = record.length === RECORD_BYTES ? linksIn(record).before : undefined
  }
  return receipts.length - met.size
}

/** Found by halves. */
function receiptAt(inOrder: readonly BookedReceipt[], spot: Spot): BookedReceipt | undefined {
  let [low, high] = [0, inOrder.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const one = inOrder[middle]
    const side = one === undefined ? 0 : compareSpots(one.found, spot)
    if (side === 0) return one
    if (side < 0) low = middle + 1
    else high = middle
  }
  return undefined
}

const compareSpots = (a: Spot, b: Spot): number =>
  a.batch === b.batch ? a.part - b.part || a.index - b.index : a.batch < b.batch ? -1 : 1
