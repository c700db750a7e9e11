/**
 * The port to lists of rows, for whoever only looks: operators, stores, the mover, the hotlist. No lock, no promise of one
 * instant; nothing that decides about money reads here.
 */
import type { Currency } from '@kozeni/base/currency'
import type { LoadId, PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import type { AccountKind } from '@kozeni/ledger/account'
import type { AlarmRow, Instant, OperationRow, OrderRow, SettlementRow } from './book.ts'

/** So many, after that one. A cursor is the list's own and means nothing elsewhere. */
export interface PageQuery {
  readonly limit: number
  readonly after: string | undefined
}

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Where the next page begins, if there is more. */
  readonly next: string | undefined
}

/** One thing that happened to a purse. */
export interface StoryLine {
  readonly at: Instant
  readonly what: 'operation-opened' | 'operation-closed' | 'receipt' | 'load' | 'order' | 'entry' | 'alarm'
  readonly facts: Readonly<Record<string, string>>
  readonly store?: StoreId
  readonly terminal?: TerminalId
  readonly load?: LoadId
}

/** All accounts of one kind in one currency; debits less credits. */
export interface BalanceLine {
  readonly kind: AccountKind
  readonly currency: Currency
  readonly balance: bigint
  readonly accounts: number
}

export interface Lists {
  /** Oldest first. */
  operations(
    wanted: { readonly open?: boolean | undefined; readonly purse?: PurseId | undefined },
    page: PageQuery,
  ): Promise<Page<OperationRow>>
  /** Newest first. */
  alarms(page: PageQuery): Promise<Page<AlarmRow>>
  balances(): Promise<readonly BalanceLine[]>
  /** Oldest first. */
  story(purse: PurseId, page: PageQuery): Promise<Page<StoryLine>>
  /** Newest first. */
  statements(store: StoreId, page: PageQuery): Promise<Page<SettlementRow>>
  statement(store: StoreId, window: number): Promise<SettlementRow | undefined>
  /** What waits for this purse, oldest first. */
  waiting(purse: PurseId): Promise<readonly OrderRow[]>
  /** Open pays that are undecided and past their session (F-8); so many at most. */
  overdue(now: Instant, limit: number): Promise<readonly OperationRow[]>
  /** Blocked purses and stolen terminals, in the order of their names. */
  listed(): Promise<{ readonly purses: readonly PurseId[]; readonly terminals: readonly TerminalId[] }>
}
