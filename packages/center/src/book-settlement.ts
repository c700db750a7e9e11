/** The book's row of a settlement window, and what is in none yet. How a window is made is in settle.ts. */
import type { Currency } from '@kozeni/base/currency'
import type { StoreId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'

/** One settlement window of one store: gross less refunds less fee is net, to the unit (K-4). */
export interface SettlementRow {
  readonly store: StoreId
  /** Running number of the store's windows. */
  readonly window: number
  readonly from: number
  readonly until: number
  readonly onlineCount: number
  readonly online: bigint
  readonly offlineCount: number
  readonly offline: bigint
  readonly refunds: bigint
  readonly fee: Money
  readonly net: Money
  /** Owed beyond this window: what was negative, and is carried. */
  readonly carried: bigint
  readonly currency: Currency
}

/** All that was ever posted for the store less what earlier windows took: what lands late falls into the next window. */
export interface Unsettled {
  readonly last: SettlementRow | undefined
  readonly onlineCount: number
  readonly online: bigint
  readonly offlineCount: number
  readonly offline: bigint
  readonly refunds: bigint
}
