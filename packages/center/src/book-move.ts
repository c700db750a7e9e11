/** The book's row of value between two purses of one holder. What is done with it is in move.ts. */
import type { Currency } from '@kozeni/base/currency'
import type { AccountId, MoveId, PurseId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'

/**
 * What one sweep has taken off a purse, on its way to another purse of the same account (P-3). `in-transit`: on the
 * holder's own account; `owed`: an order of the same name owes it to the purse `to`.
 */
export interface MoveRow {
  readonly move: MoveId
  readonly account: AccountId
  readonly from: PurseId
  /** The sweep's place. */
  readonly epoch: number
  readonly number: number
  readonly amount: Money
  readonly currency: Currency
  readonly stage: 'in-transit' | 'owed'
  readonly to: PurseId | undefined
  /** Milliseconds since 1970. */
  readonly at: number
}
