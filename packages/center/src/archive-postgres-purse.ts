/**
 * Purses for the archive, each with all that the book has of it: every table goes by beside them, in their order, so that it is
 * read once and in whatever order PostgreSQL has it. Only what an audit asks of a purse's row is read.
 */
import { idNumber } from '@kozeni/base/ids'
import { AUDITED, type AuditedPurse, type PurseFile, readRow } from './archive.ts'
import { OF_BATCHES } from './archive-postgres-batch.ts'
import { type PurseRange, within } from './archive-postgres-range.ts'
import { type BookedReceipt, lostBy, recordsByPurse } from './archive-postgres-receipt.ts'
import { readUpTo, SortedWalk, walkedBy } from './archive-postgres-walk.ts'
import { CLAIM, ENTRY, FOUND, LOAD, MOVE, NUMBER, OPERATION, ORDER, RETURN } from './book-tables.ts'
import { PROPOSAL } from './book-tables-proposal.ts'
import { WHOLE_PURSE } from './book-tables-purse.ts'
import { HOLD, LOSS, RECEIPT } from './book-tables-receipt.ts'
import type { Session } from './postgres-session.ts'
import { partOf, type Table } from './postgres-table.ts'

const AUDITED_PURSE: Table<AuditedPurse> = partOf(WHOLE_PURSE, AUDITED)

/** All tables that have something of a purse, and the purses. */
function walksOf(range: PurseRange, stray: (receipt: BookedReceipt) => void) {
  const by = <Row>(table: Table<Row>, column: string, order: string, which = 'true'): SortedWalk<Row> =>
    new SortedWalk(walkedBy(table, column, order, `${column} is not null and ${within(range, column)} and ${which}`))
  const beside = {
    operations: by(OPERATION, 'purse_id', 'epoch, number'),
    loads: by(LOAD, 'purse_id', 'at_ms, load_id'),
    orders: by(ORDER, 'purse_id', 'at_ms, order_id'),
    left: by(MOVE, 'from_purse_id', 'epoch, number'),
    arrived: by(MOVE, 'to_purse_id', 'move_id'),
    records: new SortedWalk(recordsByPurse(range, stray)),
    held: by(RECEIPT, 'purse_id', 'seq'),
    losses: by(LOSS, 'purse_id', 'seq, digest'),
    holds: by(HOLD, 'purse_id', 'seq'),
    returns: by(RETURN, 'purse_id', 'seq'),
    numbers: by(NUMBER, 'purse_id', 'epoch, number'),
    found: by(FOUND, 'purse_id', 'epoch, number'),
    proposals: by(PROPOSAL, 'purse_id', 'at_ms, proposal_id'),
    entries: by(ENTRY, 'subject_id', 'cause, first, second', `not ${OF_BATCHES}`),
    claims: by(CLAIM, 'subject_id', 'cause, first, second', `not ${OF_BATCHES}`),
  }
  // said of both tables, or each reader joins every other's issuances too
  const issued = within(range, 'issuance.purse_id')
  return { purses: by(AUDITED_PURSE, 'purse_id', 'purse_id', issued), beside }
}

type Beside = ReturnType<typeof walksOf>['beside']

/** The purses of this range. @param stray  is told of each booked receipt of a purse that is not there */
export async function* pursesOf(
  session: Session,
  range: PurseRange,
  stray: (receipt: BookedReceipt) => void,
): AsyncGenerator<PurseFile> {
  const { purses, beside } = walksOf(range, stray)
  const others = Object.values(beside)
  const all = [purses, ...others]
  await session.all(all.map(({ begin }) => begin))
  for (;;) {
    await readUpTo(session, [purses], 0n)
    const names = purses.owners()
    if (names.length === 0) break
    await readUpTo(session, others, names.at(-1))
    for (const name of names) for (const purse of purses.of(name)) yield fileOf(purse, name, beside)
  }
  await readUpTo(session, [beside.records])
  beside.records.end()
  await session.all(all.map(({ close }) => close))
}

function fileOf(purse: AuditedPurse, name: bigint, beside: Beside): PurseFile {
  const records = beside.records.of(name)
  const booked = records.every(({ isReceipt }) => isReceipt) ? records : records.filter(({ isReceipt }) => isReceipt)
  const held = beside.held.of(name)
  const [left, arrived] = [beside.left.of(name), beside.arrived.of(name)]
  return {
    purse,
    operations: beside.operations.of(name),
    loads: beside.loads.of(name),
    orders: beside.orders.of(name),
    // what came back to the purse that it was swept off is in both lists
    moves: arrived.length === 0 ? left : [...left, ...arrived.filter(({ from }) => idNumber(from) !== name)],
    receipts: held.length === 0 ? booked : [...booked, ...held.map(readRow)],
    lost: lostBy(purse.trail, records),
    returns: beside.returns.of(name),
    losses: beside.losses.of(name),
    holds: beside.holds.of(name),
    numbers: beside.numbers.of(name),
    found: beside.found.of(name),
    proposals: beside.proposals.of(name),
    entries: beside.entries.of(name),
    claims: beside.claims.of(name),
  }
}
