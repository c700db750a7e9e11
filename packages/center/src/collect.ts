/**
 * Collection (PROTOCOL §5): takes in what came of one purse, receipt by receipt, in one decision. Each is booked once for
 * ever, by purse and seq; in any order, any number of times, from any number of servers. A receipt is also evidence for
 * the operation that the chip last saw (F-9).
 */
import { hex } from '@kozeni/base/bytes'
import type { PurseId, TerminalId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { including } from '@kozeni/base/ranges'
import type { Entry } from '@kozeni/ledger/entry'
import { type Receipt, readReceipt, sameReceipt } from '@kozeni/protocol/debit'
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
import type { HoldRow } from './book-hold.ts'
import { type Fraud, isPaidLoss, type LossRow, type Payer } from './book-loss.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { saleName, takesSale } from './book-writes.ts'
import { type Evidence, judge } from './evidence.ts'
import { gapShown, recordCame } from './hold.ts'
import { type Brought, isJudged, type Judging, judgedBefore, lossEntries, lossIn } from './loss.ts'
import { epochAfter } from './restore.ts'

/** A receipt whose chip was proved by MAC or signature, and the store whose terminal brought it. */
export interface Claim extends Brought {
  /**
   * K-5. MAC: the store is paid, for the signature decides, and the purse is blocked. Signature, where that was looked at: held, for
   * whoever made it had the center's key and not the chip's.
   */
  readonly wrong: 'nothing' | 'mac' | 'signature'
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

/** A receipt of them is not simply booked: K-2 or K-3 has to be looked into, by the same command with what it takes to judge. */
export interface Unjudged {
  readonly standing: 'unjudged'
}

/**
 * Books the receipts of one purse: what the chip held goes down, what stores are owed goes up; a void the other way round.
 *
 * @param claims   all of this purse, in any order
 * @param judging  only when it was answered that it takes this
 * @returns        one answer each, in the same order
 * @refuses        not-found (no such purse)
 * @spec           K-1, K-2, K-3, K-5, F-9
 */
export const collect = (
  purse: PurseId,
  claims: readonly Claim[],
  judging?: Judging,
): Command<readonly Collected[] | Behind | Unjudged> => ({
  keys: { ...keysOf(purse, claims), fraud: judging !== undefined },
  decide: seen => {
    if (seen.purse === undefined) return unchanged(claims.map(() => ({ standing: 'refused', code: 'not-found' })))
    const before = { ...seen, purse: seen.purse }
    const behind = behindBy(before, claims)
    return behind === undefined ? takenTogether(before, claims, judging) : unchanged(behind)
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
  readonly loss?: LossRow
  readonly holds?: readonly HoldRow[]
}

function takenTogether(
  before: Case,
  claims: readonly Claim[],
  judging: Judging | undefined,
): Decision<readonly Collected[] | Unjudged> {
  // what comes may be what a held claim waits for
  if (before.purse.holds > 0 && before.fraud === undefined) return unchanged({ standing: 'unjudged' })
  let now = { ...before, receipts: new Map(before.receipts), sales: new Map(before.sales) }
  const steps: Step[] = []
  for (const claim of claims) {
    const step = taken(claim, now, judging)
    if (step === undefined) return unchanged({ standing: 'unjudged' })
    noteStep(now, step)
    now = { ...now, purse: step.purse, open: step.open, fraud: withStep(now.fraud, step) }
    steps.push(step)
  }
  const writes = steps.flatMap(step => step.writes)
  if (now.purse !== before.purse)
    writes.push({ write: 'purse', row: now.purse }, ...gapShown(now.purse, before.present, before.now))
  return { answer: steps.map(step => step.answer), writes }
}

function noteStep(
  { receipts, sales }: { receipts: Map<number, ReceiptRow>; sales: Map<string, Payer> },
  { row, loss }: Step,
) {
  if (row !== undefined) receipts.set(row.seq, row)
  const payer = loss !== undefined && isPaidLoss(loss) ? loss : row !== undefined && takesSale(row) ? row : undefined
  if (payer !== undefined && !sales.has(saleName(payer))) sales.set(saleName(payer), payer)
}

const withStep = (fraud: Fraud | undefined, { loss, holds }: Step): Fraud | undefined =>
  fraud && { ...fraud, losses: loss ? [...fraud.losses, loss] : fraud.losses, holds: holds ?? fraud.holds }

/** @returns undefined when it takes more to judge this one */
function taken(claim: Claim, seen: Case, judging: Judging | undefined): Step | undefined {
  const earlier = seen.receipts.get(claim.signed.receipt.seq)
  if (earlier !== undefined && isSame(earlier, claim)) return known(earlier, seen)
  if (earlier === undefined && !isJudged(seen.purse)) return first(claim, seen)
  return judging && seen.fraud && judged(claim, { ...seen, fraud: seen.fraud }, judging)
}

function isSame({ whole }: ReceiptRow, { signed }: Claim): boolean {
  const earlier = readReceipt(whole)
  return earlier !== undefined && sameReceipt(earlier, signed)
}

/** The same receipt again is harmless. @spec K-1 */
const known = ({ standing, at }: Pick<ReceiptRow, 'standing' | 'at'>, { purse, open }: Case): Step => ({
  answer: standing === 'held' ? { standing } : { standing: 'already-booked', at },
  ...{ purse, open, writes: [] },
})

/** One of a purse that is blocked or retired, or another body under a used number: booked, or somebody's loss. @spec K-3 */
function judged(claim: Claim, seen: Case & { readonly fraud: Fraud }, judging: Judging): Step {
  const before = judgedBefore(judging, claim, seen.fraud)
  if (before !== undefined)
    return known({ standing: before.bearer === 'issuer' ? 'booked' : 'held', at: before.at }, seen)
  if (claim.wrong === 'signature') {
    if (!seen.receipts.has(claim.signed.receipt.seq)) return first(claim, seen)
    const { purse, open, now } = seen
    return { answer: { standing: 'held' }, purse, open, writes: [signatureAlarm(claim, now)] }
  }
  const loss = lossIn(judging, claim, seen)
  return loss === undefined ? first(claim, seen) : lost(claim, loss, seen)
}

/** It is paid by the issuer or not at all; somebody has to see it. It proves what it proves all the same (F-9). */
function lost(claim: Claim, loss: LossRow, seen: Case): Step {
  const writes: Write[] = [{ write: 'loss', row: loss }, ...lossEntries(loss).map(putEntry)]
  const answer = { standing: loss.bearer === 'issuer' ? 'booked' : 'held' } as const
  const earlier = seen.receipts.get(loss.seq)
  if (earlier !== undefined) {
    const facts = { first: hex(earlier.whole), second: hex(claim.whole), bearer: loss.bearer }
    const blocked = blockFor(seen.purse, 'receipts-differ', facts, seen.now)
    return { answer, open: seen.open, purse: blocked.purse, writes: [...writes, ...blocked.writes], loss }
  }
  const facts = { receipt: hex(claim.whole), bearer: loss.bearer }
  const row: AlarmRow = { subject: loss.purse, what: 'receipt-too-late', facts, at: seen.now }
  const heard = judge(seen, evidenceOf(claim.signed.receipt))
  return { ...heard, answer, writes: [...heard.writes, ...writes, { write: 'alarm', row }], loss }
}

const putEntry = (row: Entry): Write => ({ write: 'entry', row })

const evidenceOf = (made: Receipt): Evidence => ({ ...made, source: 'receipt', amount: undefined })

function first(claim: Claim, seen: Case): Step {
  const made = claim.signed.receipt
  const judged = judge(seen, evidenceOf(made))
  const standing = claim.wrong === 'signature' || mustBeHeld(made, seen) ? 'held' : 'booked'
  const row = rowOf(claim, standing, seen.now)
  const here = { ...judged.purse, taken: including(judged.purse.taken, made.seq) }
  const { purse, writes } = standing === 'held' ? held(claim, here, seen) : booked(claim, here, seen.now)
  const came = recordCame(purse, seen.fraud?.holds ?? [], made.seq, seen.now)
  const after = blockIfOverdrawn(came.purse, seen.now)
  return {
    answer: { standing },
    purse: after.purse,
    open: judged.open,
    writes: [...judged.writes, { write: 'receipt', row }, ...writes, ...came.writes, ...after.writes],
    row,
    holds: came.holds,
  }
}

type Marked = ReturnType<typeof blockFor>

function booked(claim: Claim, before: PurseRow, now: Instant): Marked {
  const facts = { receipt: hex(claim.whole) }
  const marked =
    claim.wrong === 'mac' ? blockFor(before, 'mac-wrong-signature-right', facts, now) : { purse: before, writes: [] }
  return { purse: afterBooking(marked.purse, claim.signed.receipt), writes: marked.writes }
}

/**
 * Kept and not posted; the void of a held debit too, so that the pair stays worth 0. A debit without a void goes back to its
 * purse (return.ts): whoever has run one sale twice, it was not the holder.
 */
function held(claim: Claim, purse: PurseRow, { sales, now }: Case): Marked {
  const made = claim.signed.receipt
  if (claim.wrong === 'signature') return { purse, writes: [signatureAlarm(claim, now)] }
  if (made.kind === 'void') return { purse, writes: [] }
  const facts = { sale: String(made.sale), paidBy: sales.get(saleName(made))?.purse ?? '', alsoBy: made.purse }
  const row: AlarmRow = { subject: made.terminal, what: 'sale-paid-twice', facts, at: now }
  return { purse, writes: [{ write: 'alarm', row }] }
}

function signatureAlarm({ signed, whole }: Claim, at: Instant): Write {
  const facts = { receipt: hex(whole) }
  return { write: 'alarm', row: { subject: signed.receipt.purse, what: 'mac-right-signature-wrong', facts, at } }
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
