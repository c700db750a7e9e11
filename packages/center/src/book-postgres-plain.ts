/**
 * Plain receipts in PostgreSQL: those of many uploads in one transaction of two round trips. Purses are read by one
 * statement, decided on where their bytes stand (plain.ts), and changed by another, each row where it stood. What is
 * not plain is left to collect.ts, in a transaction of its own.
 */
import { idNumber } from '@kozeni/base/ids'
import { PURSE_STAGE } from './book-codes.ts'
import type { EpochRow } from './book-epoch.ts'
import { PlainBatch, type Purses } from './book-postgres-plain-batch.ts'
import { CLOCK, clockIn, FIRST_SALES } from './book-postgres-read.ts'
import { TAKING_COLUMNS, Taking } from './book-postgres-taking.ts'
import { TRAIL_BYTES } from './book-postgres-trail.ts'
import { commit, type TransactionOptions } from './book-postgres-transaction.ts'
import { collectionChanges } from './book-postgres-write.ts'
import type { ProvedUpload } from './book-receipt.ts'
import { TERMINAL_SALES } from './book-tables-receipt.ts'
import { arrayOf, fixedArrayOf, sizedArrayOf } from './postgres-array.ts'
import { Records } from './postgres-record.ts'
import { failureOf, type Session, statement } from './postgres-session.ts'
import type { Statement } from './postgres-trip.ts'

/** Who books plain receipts, as bookPlain does, and has something open for it. */
export interface PlainBooking {
  book(uploads: readonly ProvedUpload[]): Promise<readonly Uint8Array[]>
  close(): Promise<void>
}

/**
 * Books what is plain of these uploads, in one transaction. Purses are not locked before they are changed; where somebody else
 * has changed one meanwhile, all is done again with locks.
 *
 * @returns for each upload, 1 for each receipt that is booked now
 * @throws  AnswerLost when the connection broke during the commit; else nothing is written
 */
export async function bookPlain(
  session: Session,
  uploads: readonly ProvedUpload[],
  options: TransactionOptions,
): Promise<readonly Uint8Array[]> {
  try {
    return await booked(session, uploads, options, STANDING)
  } catch (error) {
    if (failureOf(error) !== 'conflict') throw error
    await session.all(['rollback'])
    return await booked(session, uploads, options, LOCKED)
  }
}

/** Rejects with a conflict where a purse was changed meanwhile, and nothing is written. */
async function booked(
  session: Session,
  uploads: readonly ProvedUpload[],
  options: TransactionOptions,
  standing: string,
): Promise<readonly Uint8Array[]> {
  const names = pursesOf(uploads)
  if (names.length === 0 || options.lockOneByOne) return uploads.map(({ receipts }) => new Uint8Array(receipts.count))
  const terminals = arrayOf('bigint', [...new Set(uploads.map(({ terminal }) => idNumber(terminal)))])
  const [, , sold, purses, clock] = await session.all([
    'begin isolation level read committed',
    statement(FIRST_SALES, terminals),
    statement(SOLD, terminals),
    statement(standing, bigintsOf(names)),
    statement(CLOCK),
  ])
  const { now, present } = clockIn(clock?.rows[0] ?? [], options.now)
  const found = standingIn(purses?.rows[0]?.[0], names.length, present)
  const batch = new PlainBatch(found, (sold?.rows ?? []).map(TERMINAL_SALES.read), now, options.newBatch)
  const taken = batch.take(uploads)
  await commit(session, [
    changeOf(batch.changed(), batch.trails),
    ...collectionChanges(batch.packed(), batch.sold()).map(change => change.statement),
  ])
  return taken
}

const SOLD = `select ${TERMINAL_SALES.list} from terminal_sales where terminal_id = any($1) order by terminal_id for update`

/** Of purses whose receipts may be plain, what plain.ts asks, each as one record of numbers. */
const standingText = (lock: string): string => `
  select string_agg(record_send(found), '') from (
    select ${TAKING_COLUMNS}
    from purse
    where purse_id = any($1) and stage = ${PURSE_STAGE.active} and not blocked and not flag and holds = 0
      and credits = seen_credits
    order by purse_id ${lock}
  ) as found`

const STANDING = standingText('')
const LOCKED = standingText('for no key update')

/** The names of all candidates' purses, each once. */
function pursesOf(uploads: readonly ProvedUpload[]): BigInt64Array {
  const names = new BigInt64Array(uploads.reduce((count, { receipts }) => count + receipts.count, 0))
  let count = 0
  for (const { receipts, candidates } of uploads)
    for (let i = 0; i < receipts.count; i++) if (candidates[i] === 1) names[count++] = receipts.purse(i)
  const sorted = names.subarray(0, count).sort()
  let unique = 0
  for (let i = 0; i < count; i++) if (i === 0 || sorted[i] !== sorted[unique - 1]) sorted[unique++] = sorted[i] ?? 0n
  return sorted.subarray(0, unique)
}

const bigintsOf = (numbers: BigInt64Array): Buffer =>
  fixedArrayOf('bigint', numbers.length, 8, (fields, at, i) => fields.setBigInt64(at, numbers[i] ?? 0n))

/** @param most  purses that were asked for */
function standingIn(records: unknown, most: number, { epoch: present }: EpochRow): Purses {
  const standing = new Map<bigint, Taking>()
  const trails = new DataView(new ArrayBuffer(most * TRAIL_BYTES))
  if (!(records instanceof Uint8Array)) return { standing, trails }
  for (const row = new Records(records); row.next(); ) {
    const purse = new Taking(row, trails, standing.size * TRAIL_BYTES)
    if (purse.epoch >= present && purse.isExact) standing.set(purse.purse, purse)
  }
  return { standing, trails }
}

const FOLLOWING = `
  debits = purse.debits + given.amount, booked_amount = booked_amount + given.amount,
  booked_count = booked_count + given.count, seen_debits = given.debits, seen_seq = given.seq,
  taken = given.taken, trail = given.trail`

/** In the order in which everybody locks them; none, unless each stands as it was read. */
const textOf = (also: string, columns: string, arrays: string): string => `
  with changed as (
    update purse set ${FOLLOWING} ${also}
    from unnest($1::tid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[], $8::xid[] ${arrays})
      as given (place, amount, count, debits, seq, taken, trail, version ${columns})
    where purse.ctid = given.place and purse.xmin = given.version
    returning 1
  )
  select all_changed(count(*), cardinality($1::tid[])) from changed`

const CHANGE = textOf('', '', '')
/** The same where chips have also heard more of the center than before. */
const CHANGE_AND_MOVE = textOf(
  ', seen_epoch = given.epoch, seen_number = given.number, seen_stage = given.stage',
  ', epoch, number, stage',
  ', $9::bigint[], $10::bigint[], $11::bigint[]',
)

/** @param all  the purses' trails */
function changeOf(changed: readonly Taking[], all: DataView): Statement {
  const numbers = (numberOf: (purse: Taking) => number): Buffer =>
    fixedArrayOf('bigint', changed.length, 8, (fields, at, i) => {
      const number = numberOf(changed[i] as Taking)
      fields.setInt32(at, Math.floor(number / 2 ** 32))
      fields.setUint32(at + 4, number >>> 0)
    })
  const places = fixedArrayOf('tid', changed.length, 6, (fields, at, i) => {
    fields.setUint32(at, changed[i]?.block ?? 0)
    fields.setUint16(at + 4, changed[i]?.offset ?? 0)
  })
  const trails = fixedArrayOf('bytea', changed.length, TRAIL_BYTES, (fields, at, i) => {
    const from = changed[i]?.trailAt ?? 0
    for (let k = 0; k < TRAIL_BYTES; k += 4) fields.setUint32(at + k, all.getUint32(from + k))
  })
  const versions = fixedArrayOf('xid', changed.length, 4, (fields, at, i) =>
    fields.setUint32(at, changed[i]?.version ?? 0),
  )
  const columns = [
    places,
    numbers(one => one.amount),
    numbers(one => one.count),
    numbers(one => one.seenDebits),
    numbers(one => one.seenSeq),
    sizedArrayOf(
      'bytea',
      Uint32Array.from(changed, ({ taken }) => taken.size),
      (fields, at, i) => changed[i]?.taken.put(fields, at),
    ),
    trails,
    versions,
  ]
  return changed.some(({ isMoved }) => isMoved)
    ? statement(
        CHANGE_AND_MOVE,
        ...columns,
        numbers(one => one.seenEpoch),
        numbers(one => one.seenNumber),
        numbers(one => one.seenStage),
      )
    : statement(CHANGE, ...columns)
}
