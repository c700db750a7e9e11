/**
 * Plain receipts: debits that come as they should, each new, of a purse of which nothing is open, blocked or in dispute and
 * nothing is missing but debits, and of a sale that nobody has paid. Most are; what collect.ts would decide of them is known
 * beforehand: they are booked. Whatever is the least bit different is not plain, and goes to collect.ts. Nothing here is
 * ever refused.
 *
 * Whole numbers below 2^53 throughout: who holds more is not plain.
 *
 * @spec K-1, K-2, K-3, F-9, F-12
 */
import { currencyNumber } from '@kozeni/base/currency'
import { Filling } from '@kozeni/base/filling'
import { idNumber } from '@kozeni/base/ids'
import { OUTCOME } from '@kozeni/protocol/operation'
import type { Receipts } from '@kozeni/protocol/receipts'
import type { PurseRow } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import type { Upload } from './book-receipt.ts'
import { isFenced } from './restore.ts'

/** How a purse stands of which a receipt may be plain: its chip was given exactly what is booked, so no void is missing. */
export interface Standing {
  readonly currency: number
  /** The last place that the center has opened for it. */
  readonly epoch: number
  readonly number: number
  readonly credits: number
  debits: number
  /** The furthest that its chip has shown (chain.ts). */
  seenDebits: number
  seenSeq: number
  seenEpoch: number
  seenNumber: number
  seenStage: number
  /** Whether its chip has shown here that it heard more of the center. */
  isMoved: boolean
  /** The seqs of its receipts that are here. */
  readonly taken: Filling
}

/**
 * Takes the receipt if it is plain: the purse stands as it does after it.
 *
 * @param i  a debit whose MAC is right, of the terminal that brought it, of a sale that is not paid
 * @returns  false where it is not plain; then nothing has changed
 */
export function takesPlainly(purse: Standing, receipts: Receipts, i: number): boolean {
  const [seq, amount, epoch, number] = [receipts.seq(i), receipts.amount(i), receipts.epoch(i), receipts.number(i)]
  const stage = stageOf(receipts.outcome(i), receipts.flag(i))
  const steps = epoch - purse.seenEpoch || number - purse.seenNumber || stage - purse.seenStage
  const [credits, debits] = [receipts.credits(i) - purse.credits, receipts.debits(i) - purse.seenDebits]
  const isAhead = steps >= 0 && seq >= purse.seenSeq && credits >= 0 && debits >= 0
  const isBehind = steps <= 0 && seq <= purse.seenSeq && credits <= 0 && debits <= 0
  const after = purse.debits + amount
  const isPlain =
    (isAhead || isBehind) &&
    credits <= 0 &&
    amount > 0 &&
    receipts.currency(i) === purse.currency &&
    (epoch - purse.epoch || number - purse.number) <= 0 &&
    after <= purse.credits &&
    !purse.taken.has(seq)
  if (!isPlain) return false
  purse.taken.add(seq)
  purse.debits = after
  purse.seenDebits += Math.max(0, debits)
  purse.seenSeq = Math.max(purse.seenSeq, seq)
  if (steps > 0) {
    purse.seenEpoch = epoch
    purse.seenNumber = number
    purse.seenStage = stage
    purse.isMoved = true
  }
  return true
}

/** As chain.ts has it. */
function stageOf(outcome: number, flag: boolean): number {
  if (outcome === OUTCOME.none) return 0
  if (!flag) return 3
  return outcome === OUTCOME.reversed ? 2 : 1
}

/**
 * Which receipts of an upload a book has to look at; where a sale is named twice, or out of its order, none.
 *
 * @param proved  1 where the MAC is right
 * @returns       1 where it may be plain
 */
export function candidatesOf({ receipts, terminal }: Upload, proved: Uint8Array): Uint8Array {
  const candidates = new Uint8Array(receipts.count)
  const own = idNumber(terminal)
  let last = -1
  for (let i = 0; i < receipts.count; i++) {
    if (!receipts.isDebit(i)) continue
    if (receipts.sale(i) <= last) return new Uint8Array(receipts.count)
    last = receipts.sale(i)
    if (proved[i] === 1 && receipts.isDebitInOrder(i) && receipts.terminal(i) === own) candidates[i] = 1
  }
  return candidates
}

/** The purse's standing, or undefined where no receipt of it is plain now. @spec K-3, F-11, F-12 */
export function standingOf(purse: PurseRow, present: EpochRow): Standing | undefined {
  const { stage, blocked, flag, holds, credits, debits, seenCredits, seenDebits, taken } = purse
  const isQuiet = stage === 'active' && !blocked && !flag && holds === 0 && isFenced(purse, present)
  if (!isQuiet) return undefined
  if (credits !== seenCredits || credits > EXACT || seenDebits > EXACT) return undefined
  return {
    ...{ currency: currencyNumber(purse.currency), epoch: purse.epoch, number: purse.number },
    ...{ credits: Number(credits), debits: Number(debits), seenDebits: Number(seenDebits), seenSeq: purse.seenSeq },
    ...{ seenEpoch: purse.seenEpoch, seenNumber: purse.seenNumber, seenStage: purse.seenStage },
    ...{ taken: new Filling(taken), isMoved: false },
  }
}

const EXACT = BigInt(Number.MAX_SAFE_INTEGER)
