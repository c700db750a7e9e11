/**
 * Collection (PROTOCOL §5): takes in one receipt. It is booked once for ever, by purse and seq; in any order, any number
 * of times, from any number of servers. A receipt is also evidence for the operation that the chip last saw (F-9).
 */
import { hex } from '@kozeni/base/bytes'
import type { StoreId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { debited, debitVoided } from '@kozeni/ledger/posting'
import { type Receipt, readReceipt, type SignedReceipt, sameReceipt } from '@kozeni/protocol/debit'
import { type RefusalCode } from '@kozeni/protocol/refusal'
import { blockFor, blockIfOverdrawn } from './alarm.ts'
import {
  type Command,
  type Decision,
  type PurseRow,
  type ReceiptRow,
  type Seen,
  unchanged,
  type Write,
} from './book.ts'
import { type Judged, judge } from './evidence.ts'
import { epochAfter } from './restore.ts'

/** A receipt whose chip was proved by MAC or signature, and the store whose terminal brought it. */
export interface Claim {
  readonly signed: SignedReceipt
  /** Body ‖ signature ‖ MAC. */
  readonly whole: Uint8Array
  readonly store: StoreId
  /** K-5: the signature was right and the MAC was not. The store is paid, the purse is blocked. */
  readonly macWrong: boolean
}

/** What the terminal is told of one receipt. `held` is not paid now, and somebody looks at it. */
export type Collected =
  | { readonly standing: 'booked' | 'already-booked' | 'held' }
  | { readonly standing: 'refused'; readonly code: RefusalCode }

/** The receipt shows that the book was restored: this epoch has to begin, then the same receipt again (F-12). */
export interface Behind {
  readonly standing: 'behind'
  readonly epoch: number
}

/**
 * Books one receipt: what the chip held goes down, what the store is owed goes up; a void the other way round.
 *
 * @refuses not-found (no such purse)
 * @spec    K-1, K-2, K-5, F-9
 */
export const collect = (claim: Claim): Command<Collected | Behind> => {
  const { purse, seq, terminal, sale } = claim.signed.receipt
  return {
    // the records beside it, for a debit and its void are judged together
    keys: { purse, receipts: [seq - 1, seq, seq + 1], sale: { terminal, sale }, terminal },
    decide: seen => {
      if (seen.purse === undefined) return unchanged({ standing: 'refused', code: 'not-found' })
      const epoch = epochAfter({ ...seen, purse: seen.purse }, claim.signed.receipt)
      if (epoch !== undefined) return unchanged({ standing: 'behind', epoch })
      const earlier = seen.receipts.get(seq)
      if (earlier !== undefined) return repeated(claim, earlier, seen.purse, seen.now)
      return booked(claim, { ...seen, purse: seen.purse })
    },
  }
}

/** The same claim again is harmless; another body under a used number is a clone. @spec K-1 */
function repeated(claim: Claim, earlier: ReceiptRow, purse: PurseRow, now: number): Decision<Collected> {
  const known = readReceipt(earlier.whole)
  if (known !== undefined && sameReceipt(known, claim.signed)) {
    return unchanged({ standing: earlier.standing === 'held' ? 'held' : 'already-booked' })
  }
  const facts = { first: hex(earlier.whole), second: hex(claim.whole) }
  return { answer: { standing: 'held' }, writes: blockFor(purse, 'receipts-differ', facts, now).writes }
}

type Case = Seen & { readonly purse: PurseRow }

function booked(claim: Claim, seen: Case): Decision<Collected> {
  const made = claim.signed.receipt
  const judged = judge(seen, { ...made, source: 'receipt', amount: undefined })
  if (mustBeHeld(made, seen)) return held(claim, judged, seen)
  const row = rowOf(claim, 'booked', seen.now)
  const marked = claim.macWrong ? markMacWrong(claim, judged.purse, seen.now) : { purse: judged.purse, writes: [] }
  const { purse, writes: overdrawn } = blockIfOverdrawn(afterBooking(marked.purse, made), seen.now)
  const entry = made.kind === 'debit' ? debited(row) : debitVoided(row)
  return {
    answer: { standing: 'booked' },
    writes: [
      ...judged.writes,
      ...marked.writes,
      { write: 'purse', row: purse },
      { write: 'receipt', row },
      { write: 'entry', row: entry },
      ...overdrawn,
    ],
  }
}

const markMacWrong = ({ whole }: Claim, purse: PurseRow, now: number) =>
  blockFor(purse, 'mac-wrong-signature-right', { receipt: hex(whole) }, now)

/** Kept and not posted, until somebody has looked: the void of a held debit too, so that the pair stays worth 0. */
function held(claim: Claim, judged: Judged, seen: Case): Decision<Collected> {
  const made = claim.signed.receipt
  const row = rowOf(claim, 'held', seen.now)
  const writes: Write[] = [...judged.writes, { write: 'receipt', row }]
  if (made.kind === 'void') return { answer: { standing: 'held' }, writes }
  const facts = { sale: String(made.sale), paidBy: seen.sale?.purse ?? '', alsoBy: made.purse }
  const alarm = blockFor(judged.purse, 'sale-paid-twice', facts, seen.now)
  return { answer: { standing: 'held' }, writes: [...writes, ...alarm.writes] }
}

/**
 * One sale of a terminal is paid once, whoever pays; a debit whose void is booked pays nothing and takes part in no sale.
 *
 * @spec K-1, D-6
 */
function mustBeHeld(made: Receipt, { sale, receipts }: Seen): boolean {
  if (made.kind === 'void') return receipts.get(made.seq - 1)?.standing === 'held'
  if (receipts.get(made.seq + 1)?.kind === 'void') return false
  return sale?.kind === 'debit' && (sale.purse !== made.purse || sale.seq !== made.seq)
}

/** The totals follow the chip's; what CONFIRM acknowledges counts debits alone (C-6). */
function afterBooking(purse: PurseRow, { kind, amount }: Receipt): PurseRow {
  return kind === 'void'
    ? { ...purse, credits: total(purse.credits + amount) }
    : {
        ...purse,
        debits: total(purse.debits + amount),
        bookedAmount: total(purse.bookedAmount + amount),
        bookedCount: purse.bookedCount + 1,
      }
}

function rowOf({ signed, whole, store }: Claim, standing: ReceiptRow['standing'], at: number): ReceiptRow {
  const { purse, seq, kind, amount, currency, terminal, sale } = signed.receipt
  return { purse, seq, kind, amount, currency, terminal, sale, store, whole, standing, at }
}
