/** Batches of booked receipts for the archive: in their own order with what they move, and in the order of their purses. */
import type { Bytes } from '@kozeni/base/bytes'
import { currencyFromNumber } from '@kozeni/base/currency'
import type { StoreId } from '@kozeni/base/ids'
import { CAUSE, type Entry } from '@kozeni/ledger/entry'
import { readReceipt } from '@kozeni/protocol/debit'
import { Receipts } from '@kozeni/protocol/receipts'
import type { BatchFile, ReadReceipt } from './archive.ts'
import { type PurseRange, within } from './archive-postgres-range.ts'
import { SortedWalk, type Walked } from './archive-postgres-walk.ts'
import { receiptIn, recordsIn, rowOf } from './book-postgres-batch.ts'
import {
  linksIn,
  PURSE_BYTES_IN_RECORD,
  purseIn,
  RECORD_BYTES,
  readTrail,
  type Spot,
  wholeIn,
} from './book-postgres-trail.ts'
import { CLAIM, ENTRY } from './book-tables.ts'
import { type BatchPart, RECEIPT_BATCH } from './book-tables-receipt.ts'
import type { ClaimRow } from './book-writes.ts'
import { type Session, statement } from './postgres-session.ts'
import { bigints, byteStrings, fields, ids, numbers } from './postgres-table.ts'

/** Entries and claims of batches, in SQL. */
export const OF_BATCHES = `cause in (${CAUSE.collected}, ${CAUSE['collected-voids']})`

/** A record of a batch, and where it is. */
export interface FoundRecord {
  readonly batch: bigint
  readonly part: number
  readonly index: number
  readonly store: StoreId
  readonly at: number
  readonly record: Bytes
}

const FOUND = fields<FoundRecord>({
  batch: bigints('batch_id'),
  part: numbers('part'),
  index: numbers('index'),
  store: ids<StoreId>('store_id'),
  at: numbers('at_ms'),
  record: byteStrings('record'),
})

/** Every record of these purses, in the order of its purse. */
export const recordsByPurse = (range: PurseRange): Walked<FoundRecord> => ({
  name: 'record_walk',
  select: `
    select batch_id, part, index, store_id, at_ms, record
    from (
      select batch_id, part, index, store_id, at_ms,
        substring(records from (index * ${RECORD_BYTES} + 1)::int for ${RECORD_BYTES}) as record
      from receipt_batch, generate_series(0::bigint, (octet_length(records) - 1) / ${RECORD_BYTES}) as index
      offset 0
    ) as found
    where ${within(range, PURSE_BYTES_IN_RECORD('record'), number => `int8send(${number})`)}
    order by ${PURSE_BYTES_IN_RECORD('record')}`,
  read: FOUND.read,
  owner: ({ record }) => purseIn(record),
})

/** The receipts of one purse's records. */
export const receiptsIn = (records: readonly FoundRecord[]): ReadReceipt[] =>
  records.flatMap(found => {
    const whole = wholeIn(found.record)
    const signed = readReceipt(whole)
    return signed === undefined ? [] : { ...rowOf(signed, whole, found), signed }
  })

/** How many of a purse's records its trail does not lead to. */
export function lostBy(trail: Bytes, records: readonly FoundRecord[]): number {
  const unmet = new Map(records.map(found => [nameOf(found), found]))
  let ahead: Spot | undefined = readTrail(trail).latest
  while (ahead !== undefined) {
    const found = unmet.get(nameOf(ahead))
    unmet.delete(nameOf(ahead))
    ahead = found && found.record.length === RECORD_BYTES ? linksIn(found.record).before : undefined
  }
  return unmet.size
}

const nameOf = ({ batch, part, index }: Spot): string => `${batch} ${part} ${index}`

const BATCH_ENTRIES: Walked<Entry> = {
  name: 'batch_entry_walk',
  select: `select ${ENTRY.list} from entry where ${OF_BATCHES} order by first`,
  read: ENTRY.read,
  owner: entry => entry.first,
}

const BATCH_CLAIMS: Walked<ClaimRow> = {
  name: 'batch_claim_walk',
  select: `select ${CLAIM.list} from claim where ${OF_BATCHES} order by first`,
  read: CLAIM.read,
  owner: claim => claim.first,
}

/** What is said of batches that are not there. */
export interface BatchStrays {
  readonly entries: Entry[]
  readonly claims: ClaimRow[]
}

/** Every batch with its entries and claims; those of none are left in `strays`. */
export async function* batchesOf(session: Session, strays: BatchStrays): AsyncGenerator<BatchFile> {
  const entries = await SortedWalk.begin(session, BATCH_ENTRIES)
  const claims = await SortedWalk.begin(session, BATCH_CLAIMS)
  const take = <Row>(rows: Map<bigint, Row[]>, batch: bigint, left: Row[]): Row[] => {
    for (const [owner, some] of rows) if (owner !== batch) left.push(...some)
    return rows.get(batch) ?? []
  }
  for await (const parts of partsOf(session)) {
    const batch = parts[0]?.batch ?? 0n
    yield {
      ...fileOf(batch, parts),
      entries: take(await entries.upTo(batch), batch, strays.entries),
      claims: take(await claims.upTo(batch), batch, strays.claims),
    }
  }
  take(await entries.end(), 0n, strays.entries)
  take(await claims.end(), 0n, strays.claims)
}

function fileOf(batch: bigint, parts: readonly BatchPart[]): Pick<BatchFile, 'batch' | 'sums' | 'broken'> {
  const read = parts.map(part => sumIn(part) ?? rowsIn(part))
  const cut = parts.filter(({ records }) => records.length % RECORD_BYTES !== 0 || records.length === 0)
  const unread = read.reduce((sum, { broken }) => sum + broken, 0)
  return { batch, sums: read.flatMap(({ sums }) => sums), broken: Math.max(unread, cut.length) }
}

type Read = Pick<BatchFile, 'sums' | 'broken'>

/** A part's receipts, one by one. */
function rowsIn(part: BatchPart): Read {
  const rows = recordsIn(part.records).map(record => receiptIn(record, part))
  const sums = rows.filter(row => row !== undefined)
  return { sums, broken: rows.length - sums.length }
}

/** Their sum where each is a debit in order that moves something, read where it stands. */
function sumIn({ records, store, at }: BatchPart): Read | undefined {
  if (records.length % RECORD_BYTES !== 0 || records.length === 0) return undefined
  const receipts = new Receipts(records, RECORD_BYTES)
  const number = receipts.currency(0)
  const currency = currencyFromNumber(number)
  if (currency === undefined) return undefined
  let amount = 0
  for (let i = 0; i < receipts.count; i++) {
    if (!receipts.isDebitInOrder(i) || receipts.currency(i) !== number || receipts.terminal(i) <= 0n) return undefined
    if (receipts.amount(i) === 0) return undefined
    amount += receipts.amount(i)
  }
  const sum = { store, kind: 'debit', currency, at, count: receipts.count, amount: BigInt(amount) } as const
  return { sums: [sum], broken: 0 }
}

const PARTS = `
  select ${RECEIPT_BATCH.list} from receipt_batch
  where (batch_id, part) > ($1, $2)
  order by batch_id, part limit 16`

/** All parts, batch by batch. */
async function* partsOf(session: Session): AsyncGenerator<readonly BatchPart[]> {
  let batch: BatchPart[] = []
  let after: readonly [bigint, number] = [0n, 0]
  for (;;) {
    const [answer] = await session.all([statement(PARTS, ...after)])
    const parts = (answer?.rows ?? []).map(RECEIPT_BATCH.read)
    for (const part of parts) {
      if (batch[0] !== undefined && batch[0].batch !== part.batch) {
        yield batch
        batch = []
      }
      batch.push(part)
      after = [part.batch, part.part]
    }
    if (parts.length === 0) break
  }
  if (batch.length > 0) yield batch
}
