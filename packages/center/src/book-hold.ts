/** The book's row of a claim that is held for a void that has not come (K-2). What comes of it is decided in hold.ts. */
import type { Currency } from '@kozeni/base/currency'
import type { PurseId, StoreId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'

/**
 * `held` since its purse's chip has shown void value, and the record behind this debit is missing. `freed` when what is
 * missing was no void, or has come. `charged` to its store when the totals have proved the void; `restored` when the missing
 * record came after that, and moves what it moves by itself. A debit is held once.
 */
export interface HoldRow {
  readonly purse: PurseId
  /** Of the booked debit. */
  readonly seq: number
  readonly store: StoreId
  readonly amount: Money
  readonly currency: Currency
  readonly stage: 'held' | 'freed' | 'charged' | 'restored'
  /** Milliseconds since 1970, and the two below. */
  readonly at: number
  readonly chargedAt: number | undefined
  readonly endedAt: number | undefined
}
