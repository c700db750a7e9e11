/**
 * One entry moves one amount from one account to another, so every posting sums to zero by its shape (INV-SUM).
 * It is named by what caused it: the same cause cannot be posted twice (INV-ONCE), and an auditor can make the entry
 * again from the cause alone.
 */
import type { Currency } from '@kozeni/base/currency'
import type { ProposalId, PurseId, StoreId } from '@kozeni/base/ids'
import type { Money, Total } from '@kozeni/base/money'
import type { Account } from './account.ts'

/** Why money moved. The numbers are the book's; 6 and 7 were causes once, and are never used again. */
export const CAUSE = {
  /** A provider has taken a holder's money for a load request. */
  captured: 1,
  /** It was given back. */
  'given-back': 2,
  /** A numbered operation was opened, and is in doubt from now on. */
  opened: 3,
  /** It was closed as done. */
  committed: 4,
  /** It was closed as not done. */
  voided: 5,
  /** A store has ordered a refund. */
  'refund-ordered': 8,
  /** A settlement window: the fee. */
  fee: 9,
  /** A settlement window: the payout. */
  'paid-out': 10,
  /** A provider has paid the issuer. */
  'paid-in': 11,
  /** A receipt that the issuer must pay and no chip can be charged for (K-1, K-3). */
  'fraud-paid': 12,
  /** What was swept off one purse of a holder is owed to another of theirs. */
  moved: 13,
  /** A purse had taken more than it was ever given, or less so than was known before (K-3, F-11). */
  'written-off': 14,
  /** A batch of receipts was collected: one store's debits in it. */
  collected: 15,
  /** A batch of receipts was collected: one store's voids in it. */
  'collected-voids': 16,
  /** Two people have decided that it moves (INV-AUDIT). */
  manual: 17,
  /** A chip's totals show a void that has not come: the claim of its debit is held (K-2). */
  'claim-withheld': 18,
  /** What is missing was no void: the store is owed its claim again. */
  'claim-freed': 19,
  /** The totals have proved the void: its store is charged, and the chip has the value. */
  'claim-charged': 20,
  /** The void of a claim that was charged has come, and charges its store itself. */
  'claim-restored': 21,
} as const

export type Cause = keyof typeof CAUSE

/** What an entry is named by: the purse, store or proposal it is about, the cause, and the cause's own two numbers. */
export interface EntryName {
  readonly subject: PurseId | StoreId | ProposalId
  readonly cause: Cause
  /**
   * Operations: epoch and number. Loads, orders and windows: their id as a number, and 0. Batches: the batch, and how
   * many receipts. A held claim: its debit's seq, and 0. What is written off: how many of the purse's were before, and 0. A fraud-paid receipt: its seq, and the first eight bytes of its body's digest. A manual posting: the first half
   * of the digest of all that was decided and by whom, and 0.
   */
  readonly first: bigint
  readonly second: bigint
}

export interface Entry extends EntryName {
  readonly debit: Account
  readonly credit: Account
  /** More than zero; the sum of a batch may be more than one amount can be. */
  readonly amount: Money | Total
  readonly currency: Currency
  /** Milliseconds since 1970: when it was posted. */
  readonly at: number
}

/** Whether it is a batch's, and not of one purse or one window. */
export const isOfBatch = ({ cause }: Pick<EntryName, 'cause'>): boolean =>
  cause === 'collected' || cause === 'collected-voids'
