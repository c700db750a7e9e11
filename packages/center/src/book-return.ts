/** The book's row of what goes back of one off-line sale. What is done with it is in return.ts. */
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'

/**
 * Of one debit, by purse and seq: that its goods were not given (D-5), and how much of it was ordered back (D-6). It may
 * stand before the debit itself is known.
 */
export interface ReturnRow {
  readonly purse: PurseId
  readonly seq: number
  readonly store: StoreId
  readonly terminal: TerminalId
  readonly sale: number
  /** When the selling terminal's final word came, in milliseconds since 1970. */
  readonly notGivenAt: number | undefined
  readonly refunded: Money
}
