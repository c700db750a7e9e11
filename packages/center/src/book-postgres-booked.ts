/**
 * Booked receipts found again, for the few that ask for one: a receipt that is shown again, a void's debit, a sale that is
 * paid already. By purse and seq along the purse's trail, all of a group step by step together; by terminal and sale from
 * the parts that may have it. Locks nothing: a booked receipt never changes.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { idNumber, type StoreId } from '@kozeni/base/ids'
import { has, NO_RANGES } from '@kozeni/base/ranges'
import { RECEIPT_KIND } from '@kozeni/protocol/debit'
import type { Keys } from './book.ts'
import { BEARER } from './book-codes.ts'
import type { Payer } from './book-loss.ts'
import { receiptIn, recordsIn, spotCells } from './book-postgres-batch.ts'
import { linksIn, onward, RECORD_BYTES, readTrail, type Spot, seqIn } from './book-postgres-trail.ts'
import type { ReceiptRow, SaleName } from './book-receipt.ts'
import type { StandingRow } from './book-tables-purse.ts'
import { type BatchPart, LOSS, RECEIPT_BATCH, type TerminalSales } from './book-tables-receipt.ts'
import { receiptName, saleName, takesSale } from './book-writes.ts'
import { arrayOf } from './postgres-array.ts'
import { type Session, statement } from './postgres-session.ts'
import { bigints, byteStrings, fields, ids, mapped, numbers } from './postgres-table.ts'

type Rows<Row> = ReadonlyMap<string, Row>

export interface Booked {
  /** By purse and seq. */
  readonly booked: Rows<ReceiptRow>
  /** What sales were paid by, by terminal and sale. */
  readonly payers: Rows<Payer>
}

interface Asked {
  readonly group: readonly Keys[]
  readonly purses: Rows<StandingRow>
  readonly held: Rows<ReceiptRow>
  readonly sold: Rows<TerminalSales>
}

/** What the group asks for and its purses' and terminals' rows say is booked. */
export async function readBooked(session: Session, { group, purses, held, sold }: Asked): Promise<Booked> {
  const walks = group.flatMap(({ purse, receipts = [] }) => {
    const row = purse && purses.get(purse)
    if (row === undefined) return []
    const seqs = receipts.filter(seq => has(row.taken, seq) && !held.has(receiptName({ purse: row.purse, seq })))
    return seqs.map(seq => ({ seq, spot: readTrail(row.trail).latest }))
  })
  const sales = group.flatMap(keys => keys.sales ?? [])
  const paid = sales.filter(({ terminal, sale }) => has(sold.get(terminal)?.sold ?? NO_RANGES, sale))
  return {
    booked: walks.length === 0 ? new Map() : await walked(session, walks),
    payers: paid.length === 0 ? new Map() : await payersOf(session, paid),
  }
}

/** The receipts of one purse that its trail leads to, in no order. */
export async function bookedOf(session: Session, trail: Bytes): Promise<ReceiptRow[]> {
  const found: ReceiptRow[] = []
  const met = new Set<string>()
  let ahead = [readTrail(trail).latest]
  for (;;) {
    const spots = ahead.filter(spot => spot !== undefined).filter(spot => !met.has(nameOf(spot)))
    const fresh = new Map(spots.map(spot => [nameOf(spot), spot]))
    if (fresh.size === 0) return found
    for (const name of fresh.keys()) met.add(name)
    const records = [...(await recordsAt(session, [...fresh.values()])).values()]
    found.push(...records.flatMap(({ record, ...of }) => receiptIn(record, of) ?? []))
    ahead = records.map(({ record }) => linksIn(record)).flatMap(({ before, milestone }) => [before, milestone])
  }
}

const nameOf = ({ batch, part, index }: Spot): string => `${batch} ${part} ${index}`

interface Walk {
  readonly seq: number
  readonly spot: Spot | undefined
}

/** Every walk takes one step at a time, and all take it together. */
async function walked(session: Session, walks: readonly Walk[]): Promise<Rows<ReceiptRow>> {
  const found = new Map<string, ReceiptRow>()
  let under = walks
  while (under.length > 0) {
    const spots = new Map(under.flatMap(({ spot }) => (spot === undefined ? [] : [[nameOf(spot), spot]])))
    const records = await recordsAt(session, [...spots.values()])
    under = under.flatMap(walk => {
      const there = walk.spot && records.get(nameOf(walk.spot))
      if (there === undefined) return []
      if (seqIn(there.record) !== walk.seq) return [{ seq: walk.seq, spot: onward(there.record, walk.seq) }]
      const row = receiptIn(there.record, there)
      if (row !== undefined) found.set(receiptName(row), row)
      return []
    })
  }
  return found
}

type Record = Pick<BatchPart, 'store' | 'at'> & { readonly record: Bytes }

const RECORDS = `
  select batch_id, part, start, store_id, at_ms, substring(records from start::int for ${RECORD_BYTES})
  from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as wanted (batch, of, start)
  join receipt_batch on batch_id = batch and part = of`

const RECORD = fields<Record & { readonly spot: Spot }>({
  spot: mapped(
    fields<{ batch: bigint; part: number; start: number }>({
      batch: bigints('batch_id'),
      part: numbers('part'),
      start: numbers('start'),
    }),
    ({ batch, part, index }) => ({ batch, part, start: index * RECORD_BYTES + 1 }),
    ({ batch, part, start }) => ({ batch, part, index: (start - 1) / RECORD_BYTES }),
  ),
  store: ids<StoreId>('store_id'),
  at: numbers('at_ms'),
  record: byteStrings('record'),
})

async function recordsAt(session: Session, spots: readonly Spot[]): Promise<Rows<Record>> {
  const cells = spots.map(spotCells)
  const columns = [0, 1, 2].map(i =>
    arrayOf(
      'bigint',
      cells.map(row => row[i] ?? null),
    ),
  )
  const [answer] = await session.all([statement(RECORDS, ...columns)])
  return new Map((answer?.rows ?? []).map(RECORD.read).map(({ spot, ...record }) => [nameOf(spot), record]))
}

const PARTS_WITH_SALE = `
  select ${RECEIPT_BATCH.list} from receipt_batch
  where terminal_id = $1 and first_sale <= $2 and last_sale >= $2
  order by batch_id, part`

const PAID_LOSSES = `
  select ${LOSS.list} from loss
  where terminal_id = $1 and sale = $2 and bearer = ${BEARER.issuer} and kind = ${RECEIPT_KIND.debit}`

/** A rare question, asked for each sale by itself. */
async function payersOf(session: Session, sales: readonly SaleName[]): Promise<Rows<Payer>> {
  const asked = (text: string) => sales.map(({ terminal, sale }) => statement(text, idNumber(terminal), sale))
  const answers = await session.all([...asked(PARTS_WITH_SALE), ...asked(PAID_LOSSES)])
  return new Map(
    sales.flatMap((sale, i) => {
      const parts = (answers[i]?.rows ?? []).map(RECEIPT_BATCH.read)
      const rows = parts.flatMap(part => recordsIn(part.records).map(record => receiptIn(record, part)))
      const [loss] = (answers[sales.length + i]?.rows ?? []).map(LOSS.read)
      const payer = rows.find(row => row !== undefined && takesSale(row) && row.sale === sale.sale) ?? loss
      return payer === undefined ? [] : [[saleName(sale), payer] as const]
    }),
  )
}
