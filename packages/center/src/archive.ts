/**
 * The port to the whole book, file by file, for whoever recomputes it: an auditor, a report. Read-only, in one snapshot,
 * in pages, so that its memory does not grow with the book.
 */
import type { Entry } from '@kozeni/ledger/entry'
import { type Receipt, readReceipt, type SignedReceipt } from '@kozeni/protocol/debit'
import type { SealFile } from './audit-seal.ts'
import type { LoadRow, NumberRow, OperationRow, OrderRow, PurseRow, StoreRow } from './book.ts'
import type { FoundRow } from './book-epoch.ts'
import type { HoldRow } from './book-hold.ts'
import type { LossRow } from './book-loss.ts'
import type { MoveRow } from './book-move.ts'
import type { ProposalRow } from './book-proposal.ts'
import type { ReceiptRow } from './book-receipt.ts'
import type { ReturnRow } from './book-return.ts'
import type { SettlementRow } from './book-settlement.ts'
import type { BatchSum, ClaimRow, Sums } from './book-writes.ts'

/** What a receipt tells of what its chip did last. @spec F-9 */
export type Told = Pick<Receipt, 'purse' | 'seq' | 'epoch' | 'number' | 'digest' | 'outcome'>

/** A receipt beside its bytes. */
export interface ReadReceipt extends ReceiptRow {
  /** What its bytes say; undefined where they are no receipt. */
  readonly signed: SignedReceipt | undefined
  /** Undefined where its chip had done nothing yet. */
  readonly told: Told | undefined
  /** Whether its columns are read from its bytes, and so can be no others. */
  readonly isAsSigned: boolean
}

/** A receipt whose columns stand by themselves. */
export function readRow(row: ReceiptRow): ReadReceipt {
  const signed = readReceipt(row.whole)
  const isTelling = signed !== undefined && signed.receipt.outcome !== 'none'
  return { ...row, signed, told: isTelling ? signed.receipt : undefined, isAsSigned: false }
}

/** What an audit asks of a purse's row. */
export const AUDITED = [
  'purse',
  'account',
  'currency',
  'stage',
  'publicKey',
  'epoch',
  'number',
  'closedEpoch',
  'closedNumber',
  'flag',
  'credits',
  'debits',
  'seenCredits',
  'seenDebits',
  'seenSeq',
  'seenEpoch',
  'seenNumber',
  'seenStage',
  'bookedAmount',
  'bookedCount',
  'voidedAmount',
  'taken',
  'holds',
  'trail',
  'writtenOff',
  'writeOffs',
] as const satisfies ReadonlyArray<keyof PurseRow>

export type AuditedPurse = Pick<PurseRow, (typeof AUDITED)[number]>

/** All that the book has of one purse. */
export interface PurseFile {
  readonly purse: AuditedPurse
  readonly operations: readonly OperationRow[]
  readonly loads: readonly LoadRow[]
  readonly orders: readonly OrderRow[]
  /** What was swept off it, and what is owed to it of what was swept off others. */
  readonly moves: readonly MoveRow[]
  readonly receipts: readonly ReadReceipt[]
  readonly returns: readonly ReturnRow[]
  /** Its receipts that no chip can be charged for. */
  readonly losses: readonly LossRow[]
  /** Claims of its debits that are or were held. */
  readonly holds: readonly HoldRow[]
  /** How many of the booked ones the book would not find by purse and seq. */
  readonly lost: number
  readonly numbers: readonly NumberRow[]
  /** What its chip has shown and the book did not know. */
  readonly found: readonly FoundRow[]
  /** What two operators have decided of its operations, or may. */
  readonly proposals: readonly ProposalRow[]
  /** Entries whose subject is this purse. */
  readonly entries: readonly Entry[]
  /** The stores' sides of those entries. */
  readonly claims: readonly ClaimRow[]
}

/** What two operators decide, and the entries that bear its name. */
export interface ProposalFile {
  readonly proposal: ProposalRow
  readonly entries: readonly Entry[]
}

/** All claims of one store that one window took; window 0 has those that wait. */
export interface TakenClaims extends Sums {
  readonly window: number
}

/** All that the book has of one store. */
export interface StoreFile {
  readonly store: StoreRow
  readonly settlements: readonly SettlementRow[]
  readonly taken: readonly TakenClaims[]
  /** Entries whose subject is this store, but for those of batches. */
  readonly entries: readonly Entry[]
}

/** Receipts that were booked together, and what the book says that they move. */
export interface BatchFile {
  readonly batch: bigint
  /** What its receipts' own bytes add up to. */
  readonly sums: ReadonlyArray<ReceiptRow | BatchSum>
  /** How many of its records' bytes are no receipts, and how many parts do not end with a whole record. */
  readonly broken: number
  readonly entries: readonly Entry[]
  readonly claims: readonly ClaimRow[]
}

export interface Archive {
  purses(): AsyncIterable<PurseFile>
  batches(): AsyncIterable<BatchFile>
  stores(): AsyncIterable<StoreFile>
  proposals(): AsyncIterable<ProposalFile>
  /** Entries about nobody that the book knows, and of batches that are not there. There must be none. */
  strays(): AsyncIterable<Entry>
  /** Claims by entries of nobody that the book knows, and of batches that are not there. There must be none. */
  strayClaims(): AsyncIterable<ClaimRow>
  /** Every seal, in the order of their numbers, with what the book has now in its stretch of time. */
  seals(): AsyncIterable<SealFile>
  /** Booked receipts of purses that the book does not know. There must be none. Asked for after the purses, by who asks for those. */
  strayReceipts(): AsyncIterable<ReceiptRow>
}
