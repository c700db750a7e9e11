/** The whole book in PostgreSQL, file by file, in one snapshot: whatever is written meanwhile is not in it. */
import { idNumber } from '@kozeni/base/ids'
import { CAUSE, type Entry, isOfBatch } from '@kozeni/ledger/entry'
import { readReceipt } from '@kozeni/protocol/debit'
import type { Archive, ProposalFile, PurseFile, ReadReceipt, StoreFile, TakenClaims } from './archive.ts'
import {
  type BatchStrays,
  batchesOf,
  type FoundRecord,
  lostBy,
  OF_BATCHES,
  receiptsIn,
  recordsByPurse,
} from './archive-postgres-batch.ts'
import { ALL_PURSES, type PurseRange, within } from './archive-postgres-range.ts'
import { SortedWalk, type Walked } from './archive-postgres-walk.ts'
import type { PurseRow, StoreRow } from './book.ts'
import { bigintIn, SUMS, sumsFrom } from './book-postgres-sums.ts'
import type { ReceiptRow } from './book-receipt.ts'
import {
  CLAIM,
  ENTRY,
  FOUND,
  LOAD,
  MOVE,
  NUMBER,
  OPERATION,
  ORDER,
  PURSE,
  RETURN,
  SETTLEMENT,
  STORE,
} from './book-tables.ts'
import { PROPOSAL } from './book-tables-proposal.ts'
import { HOLD, LOSS, RECEIPT } from './book-tables-receipt.ts'
import type { ClaimRow } from './book-writes.ts'
import { arrayOf } from './postgres-array.ts'
import { Lookups } from './postgres-lookup.ts'
import { openPool, type Session, statement, withSession } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'
import type { Statement } from './postgres-trip.ts'
import { sealsOf } from './seals-postgres.ts'

/** Purses or stores whose files are in memory at once. */
const PAGE = 1000

/** What one of several readers has of the purses, in the snapshot of another; see snapshotOf. */
export interface Share {
  readonly purses: PurseRange
  readonly snapshot: string
}

/**
 * Opens one snapshot of the book for `work`. An audit may take its time: nothing waits for it.
 *
 * @param work  reads the archive's lists one after the other, not side by side
 */
export async function withPostgresArchive<A>(
  url: string,
  work: (archive: Archive, session: Session) => Promise<A>,
  share?: Share,
): Promise<A> {
  const pool = openPool({ url, connections: 1, name: 'kozeni archive', patient: true })
  try {
    return await withSession(pool, async session => {
      await session.all([
        'begin isolation level repeatable read read only',
        'set local plan_cache_mode = force_custom_plan', // else a page is guessed to be all that is left, and read as such
        ...(share === undefined ? [] : [`set transaction snapshot '${share.snapshot}'`]),
      ])
      const answer = await work(postgresArchive(session, share?.purses), session)
      await session.all(['commit'])
      return answer
    })
  } finally {
    await pool.end()
  }
}

/** The name of the session's snapshot: while it is open others may read the same. */
export async function snapshotOf(session: Session): Promise<string> {
  const [answer] = await session.all(['select pg_export_snapshot()'])
  return String(answer?.rows[0]?.[0])
}

/** How many purses there are. */
export async function pursesIn(session: Session): Promise<number> {
  const [answer] = await session.all(['select count(*) from purse'])
  return Number(answer?.rows[0]?.[0])
}

/** Rows about nobody, met on the way. */
interface Strays extends BatchStrays {
  readonly receipts: ReceiptRow[]
}

/** The archive as this session's transaction sees it. */
export function postgresArchive(session: Session, range: PurseRange = ALL_PURSES): Archive {
  const strays: Strays = { entries: [], claims: [], receipts: [] }
  return {
    purses: () => pursesOf(session, strays, range),
    batches: () => batchesOf(session, strays),
    stores: () => storesOf(session),
    proposals: () => proposalsOf(session),
    strays: () => straysOf(session, strays),
    strayClaims: () => strayClaimsOf(session, strays),
    seals: () => sealsOf(session),
    strayReceipts: async function* () {
      yield* strays.receipts
    },
  }
}

const claimsByPurse = (range: PurseRange): Walked<ClaimRow> => ({
  name: 'claim_walk',
  select: `
    select ${CLAIM.list} from claim
    where not ${OF_BATCHES} and ${within(range, 'subject_id')}
    order by subject_id`,
  read: CLAIM.read,
  owner: claim => idNumber(claim.subject),
})

/** What goes by beside the purses. */
interface Beside {
  readonly claims: ReadonlyMap<bigint, ClaimRow[]>
  readonly records: ReadonlyMap<bigint, FoundRecord[]>
}

async function* pursesOf(session: Session, strays: Strays, range: PurseRange): AsyncGenerator<PurseFile> {
  const claims = await SortedWalk.begin(session, claimsByPurse(range))
  const records = await SortedWalk.begin(session, recordsByPurse(range))
  for await (const page of pages(session, PURSE, 'purse_id', row => idNumber(row.purse), range)) {
    const last = page.reduce((highest, { purse }) => (idNumber(purse) > highest ? idNumber(purse) : highest), 0n)
    const beside = { claims: await claims.upTo(last), records: await records.upTo(last) }
    yield* await purseFiles(session, page, beside)
    for (const { purse } of page) beside.records.delete(idNumber(purse))
    strays.receipts.push(...[...beside.records.values()].flatMap(receiptsIn))
  }
  await claims.end()
  strays.receipts.push(...[...(await records.end()).values()].flatMap(receiptsIn))
}

async function purseFiles(
  session: Session,
  page: readonly PurseRow[],
  { claims, records }: Beside,
): Promise<PurseFile[]> {
  const names = page.map(row => idNumber(row.purse))
  const bounds = [names[0] ?? 0n, names.at(-1) ?? 0n] as const
  const lookups = new Lookups(false)
  const of = <Row>(table: Table<Row>, column: string, order: string, owner: (row: Row) => string) =>
    rowsWithin(lookups, table, column, bounds, order, owner)
  const operations = of(OPERATION, 'purse_id', 'epoch, number', row => row.purse)
  const loads = of(LOAD, 'purse_id', 'at_ms, load_id', row => row.purse)
  const orders = of(ORDER, 'purse_id', 'at_ms, order_id', row => row.purse)
  const left = of(MOVE, 'from_purse_id', 'epoch, number', row => row.from)
  const arrived = of(MOVE, 'to_purse_id', 'move_id', row => row.to ?? '')
  const held = of(RECEIPT, 'purse_id', 'seq', row => row.purse)
  const losses = of(LOSS, 'purse_id', 'seq, digest', row => row.purse)
  const holds = of(HOLD, 'purse_id', 'seq', row => row.purse)
  const returns = of(RETURN, 'purse_id', 'seq', row => row.purse)
  const numbers = of(NUMBER, 'purse_id', 'epoch, number', row => row.purse)
  const found = of(FOUND, 'purse_id', 'epoch, number', row => row.purse)
  const proposals = of(PROPOSAL, 'purse_id', 'at_ms, proposal_id', row => row.about?.purse ?? '')
  const entries = of(ENTRY, 'subject_id', 'cause, first, second', row => row.subject)
  await lookups.answer(session)
  return page.map((row, i) => {
    const name = names[i] ?? 0n
    const mine = records.get(name) ?? []
    return {
      purse: row,
      operations: operations.get(row.purse) ?? [],
      loads: loads.get(row.purse) ?? [],
      orders: orders.get(row.purse) ?? [],
      // what came back to the purse that it was swept off is in both lists
      moves: [
        ...(left.get(row.purse) ?? []),
        ...(arrived.get(row.purse) ?? []).filter(move => move.from !== row.purse),
      ],
      receipts: [...receiptsIn(mine), ...(held.get(row.purse) ?? []).map(withBytesRead)],
      lost: lostBy(row.trail, mine),
      returns: returns.get(row.purse) ?? [],
      losses: losses.get(row.purse) ?? [],
      holds: holds.get(row.purse) ?? [],
      numbers: numbers.get(row.purse) ?? [],
      found: found.get(row.purse) ?? [],
      proposals: proposals.get(row.purse) ?? [],
      entries: (entries.get(row.purse) ?? []).filter(entry => !isOfBatch(entry)),
      claims: claims.get(name) ?? [],
    }
  })
}

/** A held receipt, read from its bytes. */
const withBytesRead = (row: ReceiptRow): ReadReceipt => ({ ...row, signed: readReceipt(row.whole) })

async function* proposalsOf(session: Session): AsyncGenerator<ProposalFile> {
  for await (const page of pages(session, PROPOSAL, 'proposal_id', row => idNumber(row.proposal))) {
    const names = page.map(row => idNumber(row.proposal))
    const lookups = new Lookups(false)
    const entries = findRows(lookups, ENTRY, 'subject_id', names, 'cause, first, second', row => row.subject)
    await lookups.answer(session)
    yield* page.map(proposal => ({ proposal, entries: entries.get(proposal.proposal) ?? [] }))
  }
}

async function* storesOf(session: Session): AsyncGenerator<StoreFile> {
  for await (const page of pages(session, STORE, 'store_id', row => idNumber(row.store))) {
    yield* await storeFiles(session, page)
  }
}

async function storeFiles(session: Session, page: readonly StoreRow[]): Promise<StoreFile[]> {
  const names = page.map(row => idNumber(row.store))
  const lookups = new Lookups(false)
  const settlements = findRows(lookups, SETTLEMENT, 'store_id', names, 'settled_window', row => row.store)
  const entries = findRows(lookups, ENTRY, 'subject_id', names, 'cause, first, second', row => row.subject)
  await lookups.answer(session)
  const taken = await takenBy(session, names)
  return page.map(store => ({
    store,
    settlements: settlements.get(store.store) ?? [],
    entries: (entries.get(store.store) ?? []).filter(entry => !isOfBatch(entry)),
    taken: taken.get(idNumber(store.store)) ?? [],
  }))
}

const TAKEN = `
  select store_id, settled_window, ${SUMS} from claim
  where store_id = any($1)
  group by store_id, settled_window`

/** The sums of each store's claims, window by window; made anew from the claims themselves. */
async function takenBy(session: Session, stores: readonly bigint[]): Promise<ReadonlyMap<bigint, TakenClaims[]>> {
  const [answer] = await session.all([statement(TAKEN, arrayOf('bigint', stores))])
  const rows = (answer?.rows ?? []).map(([store, window, ...sums]) => ({
    store: bigintIn(store),
    window: Number(window),
    ...sumsFrom(sums),
  }))
  return Map.groupBy(rows, ({ store }) => store)
}

const STRAYS = `
  select ${ENTRY.list} from entry
  where not ${OF_BATCHES}
    and not exists (select from purse where purse_id = subject_id)
    and not exists (select from store where store_id = subject_id)
    and not exists (select from proposal where proposal_id = subject_id)
    and (subject_id, cause, first, second) > ($1, $2, $3, $4)
  order by subject_id, cause, first, second limit ${PAGE}`

async function* straysOf(session: Session, { entries }: Strays): AsyncGenerator<Entry> {
  yield* entries
  let after: readonly (bigint | number)[] = [0, 0, 0, 0]
  for (;;) {
    const [answer] = await session.all([statement(STRAYS, ...after)])
    const rows = (answer?.rows ?? []).map(ENTRY.read)
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = [idNumber(last.subject), CAUSE[last.cause], last.first, last.second]
  }
}

const STRAY_CLAIMS = `
  select ${CLAIM.list} from claim
  where not ${OF_BATCHES} and not exists (select from purse where purse_id = subject_id) limit 10000`

/** The first ten thousand: there must be none. */
async function* strayClaimsOf(session: Session, { claims }: Strays): AsyncGenerator<ClaimRow> {
  yield* claims
  const [answer] = await session.all([STRAY_CLAIMS])
  yield* (answer?.rows ?? []).map(CLAIM.read)
}

/** All rows of a table in the order of their names, page by page. */
async function* pages<Row>(
  session: Session,
  table: Table<Row>,
  column: string,
  nameOf: (row: Row) => bigint,
  range: PurseRange = ALL_PURSES,
): AsyncGenerator<readonly Row[]> {
  const text = `
    select ${table.list} from ${table.name}
    where ${column} > $1 and ${within(range, column)}
    order by ${column} limit ${PAGE}`
  for (let after = 0n; ; ) {
    const [answer] = await session.all([statement(text, after)])
    const page = (answer?.rows ?? []).map(table.read)
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = nameOf(last)
  }
}

/** The rows of these owners, by owner; they are there when the lookups are answered. */
const findRows = <Row>(
  lookups: Lookups,
  table: Table<Row>,
  column: string,
  names: readonly bigint[],
  order: string,
  owner: (row: Row) => string,
): ReadonlyMap<string, Row[]> =>
  rowsWhere(lookups, table, statement(textOf(table, column, '= any($1)', order), arrayOf('bigint', names)), owner)

/** The rows of all owners from the first to the last of these two, by owner; as findRows, without asking for each. */
const rowsWithin = <Row>(
  lookups: Lookups,
  table: Table<Row>,
  column: string,
  [first, last]: readonly [bigint, bigint],
  order: string,
  owner: (row: Row) => string,
): ReadonlyMap<string, Row[]> =>
  rowsWhere(lookups, table, statement(textOf(table, column, 'between $1 and $2', order), first, last), owner)

const textOf = <Row>(table: Table<Row>, column: string, which: string, order: string): string =>
  `select ${table.list} from ${table.name} where ${column} ${which} order by ${column}, ${order}`

function rowsWhere<Row>(
  lookups: Lookups,
  table: Table<Row>,
  asked: Statement,
  owner: (row: Row) => string,
): ReadonlyMap<string, Row[]> {
  const found = new Map<string, Row[]>()
  lookups.ask(asked, cells => {
    const row = table.read(cells)
    const rows = found.get(owner(row))
    if (rows === undefined) found.set(owner(row), [row])
    else rows.push(row)
  })
  return found
}
