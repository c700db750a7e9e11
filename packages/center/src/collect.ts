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
import {
  type AlarmRow,
  type Command,
  type Decision,
  type PurseRow,
  type ReceiptRow,
  type Seen,
  unchanged,
  type Write,
} from './book.ts'
import { judge } from './evidence.ts'

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

/**
 * Books one receipt: what the chip held goes down, what the store is owed goes up; a void the other way round.
 *
 * @refuses not-found (no such purse)
 * @spec    K-1, K-2, K-5, F-9
 */
export const collect = (claim: Claim): Command<Collected> => {
  const { purse, seq, terminal, sale } = claim.signed.receipt
  return {
    keys: { purse, receipts: [seq], sale: { terminal, sale }, terminal },
    decide: seen => {
      if (seen.purse === undefined) return unchanged({ standing: 'refused', code: 'not-found' })
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
  return { answer: { standing: 'held' }, writes: alarm(purse, 'receipts-differ', facts, now) }
}

function booked(claim: Claim, seen: Seen & { readonly purse: PurseRow }): Decision<Collected> {
  const made = claim.signed.receipt
  const judged = judge(seen, { ...made, source: 'receipt', amount: undefined })
  const held = mustBeHeld(made, seen)
  const row = rowOf(claim, held ? 'held' : 'booked', seen.now)
  if (held) {
    const facts = { sale: String(made.sale), paidBy: seen.sale?.purse ?? '', alsoBy: made.purse }
    const writes = [...judged.writes, receiptWrite(row), ...alarm(judged.purse, 'sale-paid-twice', facts, seen.now)]
    return { answer: { standing: 'held' }, writes }
  }
  const purse = afterBooking(judged.purse, made)
  const entry = made.kind === 'debit' ? debited(row) : debitVoided(row)
  return {
    answer: { standing: 'booked' },
    writes: [
      ...judged.writes,
      { write: 'purse', row: purse },
      receiptWrite(row),
      { write: 'entry', row: entry },
      ...(claim.macWrong ? alarm(purse, 'mac-wrong-signature-right', { receipt: hex(claim.whole) }, seen.now) : []),
    ],
  }
}

/** One sale of a terminal is paid once, whoever pays. @spec K-1 */
const mustBeHeld = (made: Receipt, { sale }: Seen): boolean =>
  made.kind === 'debit' &&
  sale !== undefined &&
  sale.kind === 'debit' &&
  (sale.purse !== made.purse || sale.seq !== made.seq)

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

/** Blocks the purse, by settings that reach its chip at the next contact, and shows an operator both sides. */
function alarm(purse: PurseRow, what: AlarmRow['what'], facts: AlarmRow['facts'], at: number): Write[] {
  const row: AlarmRow = { subject: purse.purse, what, facts, at }
  return purse.blocked
    ? [{ write: 'alarm', row }]
    : [
        { write: 'purse', row: { ...purse, blocked: true, settings: purse.settings + 1 } },
        { write: 'alarm', row },
      ]
}

function rowOf({ signed, whole, store }: Claim, standing: ReceiptRow['standing'], at: number): ReceiptRow {
  const { purse, seq, kind, amount, currency, terminal, sale } = signed.receipt
  return { purse, seq, kind, amount, currency, terminal, sale, store, whole, standing, at }
}

const receiptWrite = (row: ReceiptRow): Write => ({ write: 'receipt', row })
