/**
 * Collection (PROTOCOL §5): takes in what came of one purse, receipt by receipt, in one decision. Each is booked once for
 * ever, by purse and seq; in any order, any number of times, from any number of servers. A receipt is also evidence for
 * the operation that the chip last saw (F-9).
 */
import { hex } from '@kozeni/base/bytes'
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { including } from '@kozeni/base/ranges'
import { type Receipt, readReceipt, type SignedReceipt, sameReceipt } from '@kozeni/protocol/debit'
import { type RefusalCode } from '@kozeni/protocol/refusal'
import { blockFor, blockIfOverdrawn } from './alarm.ts'
import {
  type Command,
  type Decision,
  type Instant,
  type Keys,
  type PurseRow,
  type Seen,
  unchanged,
  type Write,
} from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { saleName, takesSale } from './book-writes.ts'
import { judge } from './evidence.ts'
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
  | { readonly standing: 'booked' | 'held' }
  | { readonly standing: 'already-booked'; readonly at: Instant }
  | { readonly standing: 'refused'; readonly code: RefusalCode }

/** A receipt shows that the book was restored: this epoch has to begin, then the same receipts again (F-12). */
export interface Behind {
  readonly standing: 'behind'
  readonly epoch: number
  /** Whose receipt it is. */
  readonly terminal: TerminalId
}

/**
 * Books the receipts of one purse: what the chip held goes down, what stores are owed goes up; a void the other way round.
 *
 * @param claims  all of this purse, in any order
 * @returns       one answer each, in the same order
 * @refuses       not-found (no such purse)
 * @spec          K-1, K-2, K-5, F-9
 */
export const collect = (purse: PurseId, claims: readonly Claim[]): Command<readonly Collected[] | Behind> => ({
  keys: keysOf(purse, claims),
  decide: seen => {
    if (seen.purse === undefined) return unchanged(claims.map(() => ({ standing: 'refused', code: 'not-found' })))
    const before = { ...seen, purse: seen.purse }
    const behind = behindBy(before, claims)
    return behind === undefined ? takenTogether(before, claims) : unchanged(behind)
  },
})

function behindBy(seen: Case, claims: readonly Claim[]): Behind | undefined {
  for (const { signed } of claims) {
    const epoch = epochAfter(seen, signed.receipt)
    if (epoch !== undefined) return { standing: 'behind', epoch, terminal: signed.receipt.terminal }
  }
  return undefined
}

/** Each receipt, the one beside it with which it is judged, for a void and its debit are, and its sale. */
function keysOf(purse: PurseId, claims: readonly Claim[]): Keys {
  const made = claims.map(({ signed }) => signed.receipt)
  return {
    purse,
    receipts: made.flatMap(({ seq, kind }) => [seq, kind === 'debit' ? seq + 1 : seq - 1]),
    sales: made.filter(({ kind }) => kind === 'debit'),
  }
}

/** The purse as the claims before have left it. */
type Case = Seen & { readonly purse: PurseRow }

/** What one claim does: the answer, the purse after it, and what is written beside the purse. */
interface Step {
  readonly answer: Collected
  readonly purse: PurseRow
  readonly open: Seen['open']
  readonly writes: readonly Write[]
  readonly row?: ReceiptRow
}

function takenTogether(before: Case, claims: readonly Claim[]): Decision<readonly Collected[]> {
  let now = { ...before, receipts: new Map(before.receipts), sales: new Map(before.sales) }
  const steps = claims.map(claim => {
    const step = taken(claim, now)
    if (step.row !== undefined) noteRow(now, step.row)
    now = { ...now, purse: step.purse, open: step.open }
    return step
  })
  const writes = steps.flatMap(step => step.writes)
  if (now.purse !== before.purse) writes.push({ write: 'purse', row: now.purse })
  return { answer: steps.map(step => step.answer), writes }
}

function noteRow(
  { receipts, sales }: { receipts: Map<number, ReceiptRow>; sales: Map<string, ReceiptRow> },
  row: ReceiptRow,
) {
  receipts.set(row.seq, row)
  if (takesSale(row) && !sales.has(saleName(row))) sales.set(saleName(row), row)
}

function taken(claim: Claim, seen: Case): Step {
  const earlier = seen.receipts.get(claim.signed.receipt.seq)
  return earlier === undefined ? first(claim, seen) : repeated(claim, earlier, seen)
}

/** The same claim again is harmless; another body under a used number is a clone. @spec K-1 */
function repeated(claim: Claim, earlier: ReceiptRow, { purse, open, now }: Case): Step {
  const known = readReceipt(earlier.whole)
  if (known !== undefined && sameReceipt(known, claim.signed)) {
    const answer: Collected =
      earlier.standing === 'held' ? { standing: 'held' } : { standing: 'already-booked', at: earlier.at }
    return { answer, purse, open, writes: [] }
  }
  const facts = { first: hex(earlier.whole), second: hex(claim.whole) }
  return { answer: { standing: 'held' }, open, ...blockFor(purse, 'receipts-differ', facts, now) }
}

function first(claim: Claim, seen: Case): Step {
  const made = claim.signed.receipt
  const judged = judge(seen, { ...made, source: 'receipt', amount: undefined })
  const standing = mustBeHeld(made, seen) ? 'held' : 'booked'
  const row = rowOf(claim, standing, seen.now)
  const after = { ...judged.purse, taken: including(judged.purse.taken, made.seq) }
  const { purse, writes } = standing === 'held' ? held(made, after, seen) : booked(claim, after, seen.now)
  return {
    answer: { standing },
    purse,
    open: judged.open,
    writes: [...judged.writes, { write: 'receipt', row }, ...writes],
    row,
  }
}

type Marked = ReturnType<typeof blockFor>

function booked(claim: Claim, before: PurseRow, now: Instant): Marked {
  const facts = { receipt: hex(claim.whole) }
  const marked = claim.macWrong
    ? blockFor(before, 'mac-wrong-signature-right', facts, now)
    : { purse: before, writes: [] }
  const { purse, writes } = blockIfOverdrawn(afterBooking(marked.purse, claim.signed.receipt), now)
  return { purse, writes: [...marked.writes, ...writes] }
}

/**
 * Kept and not posted; the void of a held debit too, so that the pair stays worth 0. A debit without a void goes back to its
 * purse (return.ts): whoever has run one sale twice, it was not the holder.
 */
function held(made: Receipt, purse: PurseRow, { sales, now }: Case): Marked {
  if (made.kind === 'void') return { purse, writes: [] }
  const facts = { sale: String(made.sale), paidBy: sales.get(saleName(made))?.purse ?? '', alsoBy: made.purse }
  const row: AlarmRow = { subject: made.terminal, what: 'sale-paid-twice', facts, at: now }
  return { purse, writes: [{ write: 'alarm', row }] }
}

/**
 * One sale of a terminal is paid once, whoever pays; a debit whose void is booked pays nothing and takes part in no sale.
 *
 * @spec K-1, D-6
 */
function mustBeHeld(made: Receipt, { sales, receipts }: Case): boolean {
  if (made.kind === 'void') return receipts.get(made.seq - 1)?.standing === 'held'
  if (receipts.get(made.seq + 1)?.kind === 'void') return false
  const paid = sales.get(saleName(made))
  return paid !== undefined && (paid.purse !== made.purse || paid.seq !== made.seq)
}

/** The totals follow the chip's; what CONFIRM acknowledges counts debits alone (C-6). */
export function afterBooking(purse: PurseRow, { kind, amount }: Pick<Receipt, 'kind' | 'amount'>): PurseRow {
  return kind === 'void'
    ? { ...purse, credits: total(purse.credits + amount), voidedAmount: total(purse.voidedAmount + amount) }
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
