/**
 * The port to lists for people: what operators, holders and stores look at. Read-only; each answer is of one instant, and
 * a page says where the next one begins. Whoever recomputes the whole book reads archive.ts instead.
 */
import { assert } from '@kozeni/base/assert'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import type { AccountKind } from '@kozeni/ledger/account'
import type { Instant, OperationRow, OrderRow, PurseRow } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import type { HonouredRow } from './book-epoch.ts'
import type { HotlistRow } from './book-hotlist.ts'
import type { MoveRow } from './book-move.ts'
import type { ProposalRow } from './book-proposal.ts'
import type { SettlementRow } from './book-settlement.ts'
import type { KeyUse } from './purse-keys.ts'
import type { SealRow } from './seal.ts'
import type { StoryLine } from './story.ts'

export interface PageQuery {
  /** The most rows. */
  readonly limit: number
  /** `next` of the page before. */
  readonly after: string | undefined
}

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Where the next page begins; undefined when there is none. */
  readonly next: string | undefined
}

export interface OperationsWanted {
  /** Only open ones, or only closed ones. */
  readonly open: boolean | undefined
  readonly purse: PurseId | undefined
}

/** All accounts of one kind in one currency. Debits less credits: what the issuer owes is negative. */
export interface Balance {
  readonly kind: AccountKind
  readonly currency: Currency
  readonly balance: bigint
  /** How many accounts of this kind have ever moved. */
  readonly accounts: number
}

/** How far back a store's receipts are looked through for the purses that its tills meet. */
export const MET_RECEIPTS = 1000

/** How many sales that the book has lost are compared with what chips have shown. */
export const FOUND_SALES = 1000

export interface Views {
  /** What tills must not serve: blocked purses and stolen terminals, in the order of their names. */
  listed(): Promise<{ readonly purses: readonly PurseId[]; readonly terminals: readonly TerminalId[] }>
  /** The hotlist's versions after this one, the oldest first. */
  hotlists(after: number): Promise<readonly HotlistRow[]>
  /**
   * Active purses among the store's last MET_RECEIPTS booked receipts: those that are owed a message first, then those met last.
   */
  metLately(store: StoreId, limit: number): Promise<readonly PurseId[]>
  /** Purses whose chips have shown other totals, or more records, than are booked: in the order of their names. */
  behind(page: PageQuery): Promise<Page<PurseRow>>
  /** All that the purse is owed and that is not opened, oldest first. */
  waiting(purse: PurseId): Promise<readonly OrderRow[]>
  /** All that sweeps have taken off the purse, oldest first. */
  moves(from: PurseId): Promise<readonly MoveRow[]>
  /** How purses stand with the versions of their keys, those that are retired or only reserved left out. */
  keyUses(): Promise<readonly KeyUse[]>
  /** All that happened to the purse, oldest first. */
  story(purse: PurseId, page: PageQuery): Promise<Page<StoryLine>>
  /** Oldest first. */
  operations(wanted: OperationsWanted, page: PageQuery): Promise<Page<OperationRow>>
  /** Newest first. */
  alarms(page: PageQuery): Promise<Page<AlarmRow>>
  /** What operators have proposed, oldest first. @param open  only what waits, or only what has ended */
  proposals(open: boolean | undefined, page: PageQuery): Promise<Page<ProposalRow>>
  /** Purses whose chips have done what the book does not know, and nobody has said what it was: by name. */
  withFound(page: PageQuery): Promise<Page<PurseRow>>
  /** The latest FOUND_SALES sales that stores have honoured and the book does not know. */
  lostSales(): Promise<readonly HonouredRow[]>
  /** The store's settlements, newest first. */
  statements(store: StoreId, page: PageQuery): Promise<Page<SettlementRow>>
  statement(store: StoreId, window: number): Promise<SettlementRow | undefined>
  /** The chart of accounts as of all entries posted before `until`, or of all there are. */
  balances(until?: Instant): Promise<readonly Balance[]>
  /** The accounts of one purse or store; a purse has a share in `collected`. */
  balancesOf(owner: PurseId | StoreId): Promise<readonly Balance[]>
  /** The newest seal of the book; a book in memory has none. */
  lastSeal(): Promise<SealRow | undefined>
  close(): Promise<void>
}

/** What the issuer owes in one currency. */
export interface Liability {
  readonly currency: Currency
  /** Value on chips, in doubt, in transit and moving: what the law calls the unused balance. */
  readonly holders: bigint
  readonly stores: bigint
}

/** What the issuer owed when these were the balances. @spec INV-LAW */
export function liabilities(balances: readonly Balance[]): readonly Liability[] {
  const byCurrency = Map.groupBy(balances, ({ currency }) => currency)
  const owed = (of: readonly Balance[], kinds: readonly AccountKind[]): bigint =>
    of.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { balance }) => sum - balance, 0n)
  return [...byCurrency].map(([currency, of]) => ({
    currency,
    holders: owed(of, ['in-transit', 'in-doubt', 'purse-float', 'collected', 'moving']),
    stores: owed(of, ['store-payable']),
  }))
}

/**
 * A place in a list that is ordered by time: the instant of the last row given, and how many rows of that very instant
 * were given. Rows of one instant are many, because a group of commands shares its clock.
 */
export interface TimeCursor {
  readonly at: Instant
  readonly given: number
}

/** Spelled `at.given`. A bug unless it was made here: whoever takes it from outside lets nothing else in. */
export function timeCursor(after: string): TimeCursor {
  const [, at, given] = /^(-?\d{1,15})\.(\d{1,9})$/.exec(after) ?? []
  assert(at !== undefined && given !== undefined, 'a cursor is the `next` of a page')
  return { at: Number(at), given: Number(given) }
}

/** How many rows to fetch, from the cursor's instant on, so that pageOfTimes has enough. */
export const enoughFor = ({ limit, after }: PageQuery): number =>
  limit + 1 + (after === undefined ? 0 : timeCursor(after).given)

/**
 * The page after the cursor.
 *
 * @param rows  in their order, from the cursor's instant on; as many as enoughFor says, where there are so many
 */
export function pageOfTimes<Row>(
  rows: readonly Row[],
  at: (row: Row) => Instant,
  { limit, after }: PageQuery,
): Page<Row> {
  const start = after === undefined ? undefined : timeCursor(after)
  const fresh = rows.slice(start?.given ?? 0)
  const page = fresh.slice(0, limit)
  const last = page.at(-1)
  if (last === undefined || fresh.length <= limit) return { rows: page, next: undefined }
  const same = page.filter(row => at(row) === at(last)).length
  const given = same + (start?.at === at(last) ? start.given : 0)
  return { rows: page, next: `${at(last)}.${given}` }
}
