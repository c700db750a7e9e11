/** Receipts as the book has them: rows of book.ts, beside it. @spec K-1 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import type { ReceiptKind } from '@kozeni/protocol/debit'
import type { Receipts } from '@kozeni/protocol/receipts'

/**
 * One receipt that the center has taken in. A booked one never changes; the book keeps it in a batch with all that were
 * booked beside it, and posts what they are worth together, one sum a store. A held one is not posted.
 */
export interface ReceiptRow {
  readonly purse: PurseId
  readonly seq: number
  readonly kind: ReceiptKind
  readonly amount: Money
  readonly currency: Currency
  readonly terminal: TerminalId
  readonly sale: number
  readonly store: StoreId
  /** Body ‖ signature ‖ MAC, as it came. */
  readonly whole: Bytes
  /** `held` when its void is known to exist and has not come, or when it is disputed. */
  readonly standing: 'booked' | 'held'
  /** Milliseconds since 1970. */
  readonly at: number
}

/** One sale of a terminal. */
export interface SaleName {
  readonly terminal: TerminalId
  readonly sale: number
}

/** The last entry of a terminal's journal: whoever has it can prove what stands before it. */
export interface JournalHead {
  readonly position: number
  readonly hash: Bytes
}

/** What a terminal has brought at once. */
export interface Upload {
  readonly terminal: TerminalId
  readonly store: StoreId
  readonly receipts: Receipts
}

/** With 1 for each that may be plain (plain.ts). */
export interface ProvedUpload extends Upload {
  readonly candidates: Uint8Array
}
