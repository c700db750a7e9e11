/** The numbers that stand in the book's tables for words of its own. Never reuse one; a new word gets a new number. */
import type { EvidenceSource, LoadStage, OperationDecision, OrderRow, PurseStage } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import type { FoundRow, HonouredRow } from './book-epoch.ts'
import type { HoldRow } from './book-hold.ts'
import type { LossRow } from './book-loss.ts'
import type { MoveRow } from './book-move.ts'
import type { OutboxRow } from './book-outbox.ts'
import type { ProposalRow } from './book-proposal.ts'
import type { ReceiptRow } from './book-receipt.ts'
import type { ClaimPart } from './book-writes.ts'

export const PURSE_STAGE = {
  reserved: 1,
  certified: 2,
  active: 3,
  retired: 4,
  leaving: 5,
  lost: 6,
} as const satisfies Codes<PurseStage>

export const OPERATION_DECISION = { open: 1, commit: 2, void: 3 } as const satisfies Codes<OperationDecision>

export const EVIDENCE_SOURCE = {
  result: 1,
  receipt: 2,
  fence: 3,
  lost: 4,
  people: 5,
} as const satisfies Codes<EvidenceSource>

export const LOAD_STAGE = {
  requested: 1,
  declined: 2,
  captured: 3,
  loaded: 4,
  'giving-back': 5,
  'given-back': 6,
} as const satisfies Codes<LoadStage>

export const ORDER_KIND = { load: 1, refund: 2, move: 3 } as const satisfies Codes<OrderRow['kind']>

export const ORDER_STAGE = {
  waiting: 1,
  open: 2,
  done: 3,
  'given-back': 4,
} as const satisfies Codes<OrderRow['stage']>

export const MOVE_STAGE = { 'in-transit': 1, owed: 2 } as const satisfies Codes<MoveRow['stage']>

export const STANDING = { booked: 1, held: 2 } as const satisfies Codes<ReceiptRow['standing']>

export const BEARER = { issuer: 1, store: 2 } as const satisfies Codes<LossRow['bearer']>

export const HOLD_STAGE = { held: 1, freed: 2, charged: 3, restored: 4 } as const satisfies Codes<HoldRow['stage']>

export const ALARM_WHAT = {
  'receipts-differ': 1,
  'statements-not-comparable': 2,
  'mac-wrong-signature-right': 3,
  'rolled-back': 4,
  'sale-paid-twice': 5,
  'debits-above-credits': 6,
  'book-behind': 7,
  'honoured-not-taken': 8,
  'journal-forked': 9,
  'epoch-unheard-of': 10,
  'receipt-too-late': 11,
  'mac-right-signature-wrong': 12,
} as const satisfies Codes<AlarmRow['what']>

export const HONOURED_VERDICT = { paid: 1, 'not-paid': 2 } as const satisfies Codes<HonouredRow['verdict']>

export const FOUND_STANDING = { open: 1, clashing: 2, settled: 3, forgotten: 4 } as const satisfies Codes<
  FoundRow['standing']
>

export const PROPOSED_WHAT = {
  posting: 1,
  operation: 2,
  'found-pay': 3,
  'found-load': 4,
  order: 5,
  revocation: 6,
} as const satisfies Codes<ProposalRow['what']>

export const PROPOSAL_STAGE = { proposed: 1, confirmed: 2, withdrawn: 3 } as const satisfies Codes<ProposalRow['stage']>

export const TASK = {
  webhook: 1,
  capture: 2,
  'give-back': 3,
  move: 4,
  lost: 5,
  check: 6,
  gap: 7,
} as const satisfies Codes<OutboxRow['task']>

export const CLAIM_PART = { online: 1, offline: 2, refunds: 3 } as const satisfies Codes<ClaimPart>

type Codes<Word extends string> = Readonly<Record<Word, number>>
