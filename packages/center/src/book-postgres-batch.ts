/**
 * Batches of booked receipts in PostgreSQL: how those of one transaction are packed, a part for each terminal, and how
 * one is found again, by purse and seq or by terminal and sale. The bytes of a record are book-postgres-trail.ts's.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import type { PurseId } from '@kozeni/base/ids'
import type { Entry } from '@kozeni/ledger/entry'
import { readReceipt, type SignedReceipt } from '@kozeni/protocol/debit'
import type { Instant, Write } from './book.ts'
import {
  extended,
  RECORD_BYTES,
  readTrail,
  type Spot,
  type Trail,
  wholeIn,
  writeRecord,
  writeTrail,
} from './book-postgres-trail.ts'
import type { ReceiptRow } from './book-receipt.ts'
import type { BatchPart } from './book-tables-receipt.ts'
import { batchesOf, postingsOf } from './book-writes.ts'

/** The receipts that a group of commands has booked, as they are kept. */
export interface Packed {
  readonly parts: readonly BatchPart[]
  /** What they move, one sum a store. */
  readonly entries: readonly Entry[]
  /** The purses' trails behind them, as the purses' rows note them. */
  readonly trails: ReadonlyMap<PurseId, Bytes>
}

/** @param writes  of the whole group; who books a receipt writes its purse */
export function packedOf(writes: readonly Write[], newBatch: (at: Instant) => bigint): Packed {
  const batches = batchesOf(writes)
  if (batches.length === 0) return { parts: [], entries: [], trails: new Map() }
  const trails = new Map(
    writes.filter(each => each.write === 'purse').map(({ row }) => [row.purse, readTrail(row.trail)]),
  )
  const named = batches.map(receipts => ({ receipts, batch: newBatch(receipts[0]?.at ?? 0) }))
  return {
    parts: named.flatMap(({ receipts, batch }) => partsOf(batch, receipts, trails)),
    entries: named.flatMap(({ receipts, batch }) => postingsOf(batch, receipts)),
    trails: new Map([...trails].map(([purse, trail]) => [purse, writeTrail(trail)])),
  }
}

function partsOf(batch: bigint, receipts: readonly ReceiptRow[], trails: Map<PurseId, Trail>): BatchPart[] {
  const byTerminal = Map.groupBy(receipts, ({ terminal, store }) => `${terminal} ${store}`)
  return [...byTerminal.values()].map((rows, part) => partOf({ batch, part }, rows, trails))
}

/** One terminal's receipts, in the order in which they were decided. */
function partOf(
  { batch, part }: Pick<BatchPart, 'batch' | 'part'>,
  rows: readonly ReceiptRow[],
  trails: Map<PurseId, Trail>,
): BatchPart {
  const [first] = rows
  assert(first !== undefined, 'a part has a receipt')
  const records = new Uint8Array(rows.length * RECORD_BYTES)
  rows.forEach(({ purse, seq, whole }, index) => {
    const before = trails.get(purse)
    assert(before !== undefined, `who books a receipt of ${purse} writes its purse`)
    const { links, trail } = extended(before, { batch, part, index }, seq)
    writeRecord(records, index, whole, links)
    trails.set(purse, trail)
  })
  const sales = rows.map(({ sale }) => sale)
  const { terminal, store, at } = first
  return { batch, part, terminal, store, firstSale: Math.min(...sales), lastSale: Math.max(...sales), at, records }
}

const CHANCE_BITS = 21n

/**
 * Names for batches that nobody else gives, each higher than the one before: milliseconds, then chance. A bug, or the
 * year 2109, unless it fits.
 */
export function batchNames(dice: Dice): (at: Instant) => bigint {
  let last = 0n
  return at => {
    const [a = 0, b = 0, c = 0] = dice.bytes(3)
    const chance = BigInt((a << 16) | (b << 8) | c) & ((1n << CHANCE_BITS) - 1n)
    const name = (BigInt(at) << CHANCE_BITS) | chance
    last = name > last ? name : last + 1n
    return last
  }
}

/** The receipts of a part, each beside its record; what a part's bytes do not say is in its columns. */
export const recordsIn = (records: Bytes): Bytes[] =>
  Array.from({ length: Math.ceil(records.length / RECORD_BYTES) }, (_, i) =>
    records.subarray(i * RECORD_BYTES, (i + 1) * RECORD_BYTES),
  )

/** @returns undefined where the record's bytes are no receipt */
export function receiptIn(record: Bytes, { store, at }: Pick<BatchPart, 'store' | 'at'>): ReceiptRow | undefined {
  const whole = wholeIn(record)
  const signed = readReceipt(whole)
  return signed && rowOf(signed, whole, { store, at })
}

/** The row of a booked receipt. */
function rowOf({ receipt }: SignedReceipt, whole: Bytes, { store, at }: Pick<BatchPart, 'store' | 'at'>): ReceiptRow {
  const { purse, seq, kind, amount, currency, terminal, sale } = receipt
  return { purse, seq, kind, amount, currency, terminal, sale, store, whole, standing: 'booked', at }
}

/** Where one record is, in SQL's numbers. */
export const spotCells = ({ batch, part, index }: Spot): readonly bigint[] => [
  batch,
  BigInt(part),
  BigInt(index * RECORD_BYTES + 1),
]
