/**
 * How a booked receipt is found by purse and seq without an index: each record of a batch points to the purse's record
 * before it, and to its last milestone; the purse's row points to the latest. A walk goes from record to record, or from
 * milestone to milestone past all that are higher than what it looks for: a thousand receipts are found in some sixty
 * steps. Bytes only: what is read and written is in book-postgres-batch.ts.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, NO_BYTES } from '@kozeni/base/bytes'
import { receipt, SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'

/** Where one record is: the batch, the part of it that one terminal has, and the how-manieth there. */
export interface Spot {
  readonly batch: bigint
  readonly part: number
  readonly index: number
}

/** What the purse's row keeps. */
export interface Trail {
  readonly latest: Spot | undefined
  readonly milestone: Spot | undefined
  /** Records in all. */
  readonly count: number
  /** The lowest seq of the records behind the milestone. */
  readonly lowest: number
}

/** What stands behind a receipt in its record. */
export interface Links {
  readonly before: Spot | undefined
  readonly milestone: Spot | undefined
  /** The lowest seq of this record and those between it and the milestone. */
  readonly lowest: number
}

const SPOT_BYTES = 12
const LINKS_BYTES = 2 * SPOT_BYTES + 4
export const TRAIL_BYTES = 2 * SPOT_BYTES + 8

/** The receipt as it came, and its links. */
export const RECORD_BYTES = SIGNED_RECEIPT_BYTES + LINKS_BYTES

/** Records from one milestone to the next. */
const STRIDE = 32
const NOTHING_BEHIND = 0xffff_ffff
const NO_TRAIL: Trail = { latest: undefined, milestone: undefined, count: 0, lowest: NOTHING_BEHIND }

const view = (bytes: Bytes): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** No batch is number 0. */
function spotAt(bytes: DataView, at: number): Spot | undefined {
  const batch = bytes.getBigInt64(at)
  return batch === 0n ? undefined : { batch, part: bytes.getUint16(at + 8), index: bytes.getUint16(at + 10) }
}

function putSpot(bytes: DataView, at: number, spot: Spot | undefined): void {
  bytes.setBigInt64(at, spot?.batch ?? 0n)
  bytes.setUint16(at + 8, spot?.part ?? 0)
  bytes.setUint16(at + 10, spot?.index ?? 0)
}

/** @param bytes  as the purse's row has them; none for a purse of which nothing is booked */
export function readTrail(bytes: Bytes): Trail {
  if (bytes.length === 0) return NO_TRAIL
  assert(bytes.length === TRAIL_BYTES, `a trail has ${TRAIL_BYTES} bytes, not ${bytes.length}`)
  const fields = view(bytes)
  const [count, lowest] = [fields.getUint32(2 * SPOT_BYTES), fields.getUint32(2 * SPOT_BYTES + 4)]
  return { latest: spotAt(fields, 0), milestone: spotAt(fields, SPOT_BYTES), count, lowest }
}

/** The purse's row's note of its trail. */
export function writeTrail({ latest, milestone, count, lowest }: Trail): Bytes {
  if (latest === undefined) return NO_BYTES
  const bytes = new Uint8Array(TRAIL_BYTES)
  const fields = view(bytes)
  putSpot(fields, 0, latest)
  putSpot(fields, SPOT_BYTES, milestone)
  fields.setUint32(2 * SPOT_BYTES, count)
  fields.setUint32(2 * SPOT_BYTES + 4, lowest)
  return bytes
}

/** The links of the purse's next record, and the trail with it. */
export function extended(trail: Trail, spot: Spot, seq: number): { readonly links: Links; readonly trail: Trail } {
  const links = { before: trail.latest, milestone: trail.milestone, lowest: Math.min(trail.lowest, seq) }
  const count = trail.count + 1
  const next =
    count % STRIDE === 0
      ? { milestone: spot, lowest: NOTHING_BEHIND }
      : { milestone: trail.milestone, lowest: links.lowest }
  return { links, trail: { latest: spot, count, ...next } }
}

/** Writes one record into its place in a part. */
export function writeRecord(part: Uint8Array, index: number, whole: Bytes, { before, milestone, lowest }: Links): void {
  assert(whole.length === SIGNED_RECEIPT_BYTES, `a receipt has ${SIGNED_RECEIPT_BYTES} bytes, not ${whole.length}`)
  const at = index * RECORD_BYTES
  part.set(whole, at)
  const links = view(part.subarray(at + SIGNED_RECEIPT_BYTES, at + RECORD_BYTES))
  putSpot(links, 0, before)
  putSpot(links, SPOT_BYTES, milestone)
  links.setUint32(2 * SPOT_BYTES, lowest)
}

/** Where something stands in memory. */
interface At {
  readonly in: DataView
  readonly at: number
}

/** Puts a purse's trail where it can be extended in place. @param from  as its row has it; no bytes where nothing is booked */
export function putTrail(from: At & { readonly length: number }, trail: At): void {
  for (let i = 0; i < from.length; i += 4) trail.in.setUint32(trail.at + i, from.in.getUint32(from.at + i))
  if (from.length === 0) trail.in.setUint32(trail.at + LOWEST_AT, NOTHING_BEHIND)
}

const COUNT_AT = 2 * SPOT_BYTES
const LOWEST_AT = COUNT_AT + 4

/** As `extended`, in place: the trail goes on to `spot`, and the links of the record there are written. */
export function extendTrail(trail: At, links: At, spot: Spot, seq: number): void {
  for (let i = 0; i < 2 * SPOT_BYTES; i += 4) links.in.setUint32(links.at + i, trail.in.getUint32(trail.at + i))
  const lowest = Math.min(trail.in.getUint32(trail.at + LOWEST_AT), seq)
  links.in.setUint32(links.at + 2 * SPOT_BYTES, lowest)
  const count = trail.in.getUint32(trail.at + COUNT_AT) + 1
  const isMilestone = count % STRIDE === 0
  putSpot(trail.in, trail.at, spot)
  if (isMilestone) putSpot(trail.in, trail.at + SPOT_BYTES, spot)
  trail.in.setUint32(trail.at + COUNT_AT, count)
  trail.in.setUint32(trail.at + LOWEST_AT, isMilestone ? NOTHING_BEHIND : lowest)
}

/** The receipt of a record; the same memory. */
export const wholeIn = (record: Bytes): Bytes => record.subarray(0, SIGNED_RECEIPT_BYTES)

/** The links of a record. */
export function linksIn(record: Bytes): Links {
  const fields = view(record.subarray(SIGNED_RECEIPT_BYTES))
  return { before: spotAt(fields, 0), milestone: spotAt(fields, SPOT_BYTES), lowest: fields.getUint32(2 * SPOT_BYTES) }
}

const at = (field: string): number => receipt.layout.find(({ name }) => name === field)?.at ?? 0
const SEQ_AT = at('seq')
const PURSE_AT = at('purse')

/** The purse that a record is of, in SQL: its bytes, which sort as its number does, and the number. */
export const PURSE_BYTES_IN_RECORD = (record: string): string => `substring(${record} from ${PURSE_AT + 1} for 8)`
export const PURSE_IN_RECORD = (record: string): string =>
  `('x' || encode(${PURSE_BYTES_IN_RECORD(record)}, 'hex'))::bit(64)::bigint`

/** The number that a record's purse has by its bytes, which may be more than any purse has; 0 where they end before it. */
export const purseIn = (record: Bytes): bigint =>
  record.length < PURSE_AT + 8 ? 0n : view(record).getBigUint64(PURSE_AT)

/** Where a walk for `seq` goes from this record; undefined where it is not on this trail. */
export function onward(record: Bytes, seq: number): Spot | undefined {
  const { before, milestone, lowest } = linksIn(record)
  return seq < lowest ? milestone : before
}

/** The seq that a record is of. */
export const seqIn = (record: Bytes): number => view(record).getUint32(SEQ_AT)
