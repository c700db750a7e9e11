/** The whole book in PostgreSQL, file by file, in one snapshot: whatever is written meanwhile is not in it. */
import { idNumber } from '@kozeni/base/ids'
import { CAUSE, type Entry, isOfBatch } from '@kozeni/ledger/entry'
import type { Archive, ProposalFile, StoreFile, TakenClaims } from './archive.ts'
import { type BatchStrays, batchesOf, OF_BATCHES } from './archive-postgres-batch.ts'
import { pursesOf } from './archive-postgres-purse.ts'
import { ALL_PURSES, type PurseRange } from './archive-postgres-range.ts'
import type { StoreRow } from './book.ts'
import { bigintIn, SUMS, sumsFrom } from './book-postgres-sums.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { CLAIM, ENTRY, SETTLEMENT, STORE } from './book-tables.ts'
import { PROPOSAL } from './book-tables-proposal.ts'
import { WHOLE_PURSE } from './book-tables-purse.ts'
import type { ClaimRow } from './book-writes.ts'
import { arrayOf } from './postgres-array.ts'
import { Lookups } from './postgres-lookup.ts'
import { openPool, type Session, statement, withSession } from './postgres-session.ts'
import type { Table } from './postgres-table.ts'
import { sealsOf } from './seals-postgres.ts'

/** Stores or proposals whose files are in memory at once. */
const PAGE = 1000

/** What each of a reader's sorts may have in memory; the rest is on the database's disk meanwhile. */
const SORTING = '32MB'

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
        'set local cursor_tuple_fraction = 1', // all of it is wanted: rather read in place and sorted than found by key
        `set local work_mem = '${SORTING}'`,
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
    purses: () => pursesOf(session, range, receipt => receipt.isReceipt && strays.receipts.push(receipt)),
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
    and not exists (select from ${WHOLE_PURSE.name} where purse_id = subject_id)
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
  where not ${OF_BATCHES} and not exists (select from ${WHOLE_PURSE.name} where purse_id = subject_id) limit 10000`

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
): AsyncGenerator<readonly Row[]> {
  const text = `select ${table.list} from ${table.name} where ${column} > $1 order by ${column} limit ${PAGE}`
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
function findRows<Row>(
  lookups: Lookups,
  table: Table<Row>,
  column: string,
  names: readonly bigint[],
  order: string,
  owner: (row: Row) => string,
): ReadonlyMap<string, Row[]> {
  const found = new Map<string, Row[]>()
  const text = `select ${table.list} from ${table.name} where ${column} = any($1) order by ${column}, ${order}`
  lookups.ask(statement(text, arrayOf('bigint', names)), cells => {
    const row = table.read(cells)
    const rows = found.get(owner(row))
    if (rows === undefined) found.set(owner(row), [row])
    else rows.push(row)
  })
  return found
}
