/** Batches of booked receipts for the archive, in their own order, with what they move. */
import { currencyFromNumber } from '@kozeni/base/currency'
import { CAUSE, type Entry } from '@kozeni/ledger/entry'
import { Receipts } from '@kozeni/protocol/receipts'
import type { BatchFile } from './archive.ts'
import { readUpTo, SortedWalk, walkedBy } from './archive-postgres-walk.ts'
import { receiptIn, recordsIn } from './book-postgres-batch.ts'
import { RECORD_BYTES } from './book-postgres-trail.ts'
import { CLAIM, ENTRY } from './book-tables.ts'
import { type BatchPart, RECEIPT_BATCH } from './book-tables-receipt.ts'
import type { ClaimRow } from './book-writes.ts'
import { type Session, statement } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'

/** Entries and claims of batches, in SQL. */
export const OF_BATCHES = `cause in (${CAUSE.collected}, ${CAUSE['collected-voids']})`

/** What is said of batches that are not there. */
export interface BatchStrays {
  readonly entries: Entry[]
  readonly claims: ClaimRow[]
}

/** Every batch with its entries and claims; those of none are left in `strays`. */
export async function* batchesOf(session: Session, strays: BatchStrays): AsyncGenerator<BatchFile> {
  const entries = walkOf(ENTRY, strays.entries)
  const claims = walkOf(CLAIM, strays.claims)
  await session.all([entries.begin, claims.begin])
  for await (const parts of partsOf(session)) {
    const batch = parts[0]?.batch ?? 0n
    await readUpTo(session, [entries, claims], batch)
    yield { ...fileOf(batch, parts), entries: entries.of(batch), claims: claims.of(batch) }
  }
  await readUpTo(session, [entries, claims])
  entries.end()
  claims.end()
  await session.all([entries.close, claims.close])
}

/** By the batch, which is an entry's first number. */
const walkOf = <Row>(table: Table<Row>, strays: Row[]): SortedWalk<Row> =>
  new SortedWalk({ ...walkedBy(table, 'first', 'subject_id', OF_BATCHES), pass: row => strays.push(row) })

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
