/** The book's row of a receipt that no chip can be charged for. Whose loss it is, is said in loss.ts. */
import type { HoldRow } from './book-hold.ts'
import type { HotlistRow } from './book-hotlist.ts'
import type { ReceiptRow } from './book-receipt.ts'

/** Where a receipt stands in the journal of the terminal that brought it, by the terminal's own word; its head binds it. */
export interface JournalPlace {
  readonly position: number
  /** The version of the hotlist that was accepted before it; 0 for none. */
  readonly hotlist: number
}

/** The hotlist by which a receipt was judged: who has made it after `until` under an older one made it too late. */
export interface Listing {
  readonly version: number
  /** Milliseconds since 1970. */
  readonly until: number
}

/**
 * One receipt under a seq that another has, or of a purse that has nothing left to pay it with, or made when the purse was on
 * its terminal's hotlist (K-1, K-3). Named by purse, seq and digest, so each is paid once. Never changed.
 */
export interface LossRow extends Omit<ReceiptRow, 'standing'>, JournalPlace {
  /** The first eight bytes of its body's SHA-256, as a number below 2^63. */
  readonly digest: bigint
  /** The issuer pays a debit, and takes back a void of what was paid. What the store bears moves nothing. */
  readonly bearer: 'issuer' | 'store'
  readonly listing: Listing | undefined
}

/** Whether the issuer has paid its store by it, from fraud loss. @spec K-3 */
export const isPaidLoss = ({ bearer, kind }: Pick<LossRow, 'bearer' | 'kind'>): boolean =>
  bearer === 'issuer' && kind === 'debit'

/** What a terminal's sale was paid by. One sale is paid once, whoever paid it (K-1). */
export type Payer = ReceiptRow | LossRow

/** What K-2 and K-3 go by. */
export interface Fraud {
  /** The purse's receipts that no chip can be charged for. */
  readonly losses: readonly LossRow[]
  /** Claims of the purse's debits that are or were held. */
  readonly holds: readonly HoldRow[]
  /** The hotlist's versions that put the purse on it or took it off, the oldest first. */
  readonly listings: readonly HotlistRow[]
}
