/**
 * Whose loss a receipt is that no chip can be charged for (K-3): the issuer's when it was made before the block reached its
 * terminal and while the terminal's hotlist was as young as was promised, from an account of its own; the store's when it was
 * made later. Pure, so that an auditor judges again. The journal's head, which the center keeps, binds the terminal's word.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { idFromBytes, idNumber, type PurseId, type StoreId } from '@kozeni/base/ids'
import type { Entry } from '@kozeni/ledger/entry'
import { fraudPaid } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Receipt, SignedReceipt } from '@kozeni/protocol/debit'
import type { PurseRow, Seen } from './book.ts'
import type { HotlistRow } from './book-hotlist.ts'
import type { Fraud, JournalPlace, Listing, LossRow } from './book-loss.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { saleName } from './book-writes.ts'

/** What it takes to judge. */
export interface Judging {
  readonly crypto: Crypto
  /** How old a hotlist may be that a terminal sells by. */
  readonly hotlistAgeMs: number
}

/** A receipt as it was brought. */
export interface Brought {
  readonly signed: SignedReceipt
  /** Body ‖ signature ‖ MAC. */
  readonly whole: Bytes
  /** Whose terminal brought it. */
  readonly store: StoreId
  readonly place: JournalPlace
}

type Case = Pick<Seen, 'receipts' | 'sales' | 'now'> & { readonly purse: PurseRow; readonly fraud: Fraud }

/** Whether receipts of this purse are booked only after they were judged. */
export const isJudged = ({ blocked, stage }: PurseRow): boolean => blocked || stage === 'retired'

/** The row of this very receipt, if it was judged before. */
export function judgedBefore({ crypto }: Judging, { signed }: Brought, { losses }: Fraud): LossRow | undefined {
  const digest = bodyNumber(crypto, signed.body)
  return losses.find(row => row.seq === signed.receipt.seq && row.digest === digest)
}

/**
 * The receipt as a loss, or undefined where its purse can be charged for it.
 *
 * @spec K-1, K-3, F-11
 */
export function lossIn(judging: Judging, brought: Brought, seen: Case): LossRow | undefined {
  const made = brought.signed.receipt
  const listing = listingFor(made.purse, brought.place, seen.fraud.listings, judging.hotlistAgeMs)
  const bearer = bearerBy(made, brought.place, listing)
  const isLoss = made.kind === 'void' ? isLostVoid(made, seen) : bearer === 'store' || isBeyond(seen.purse, made)
  if (!isLoss && !seen.receipts.has(made.seq)) return undefined
  const { purse, seq, kind, amount, currency, terminal, sale } = made
  return {
    ...{ purse, seq, kind, amount, currency, terminal, sale, store: brought.store, whole: brought.whole, at: seen.now },
    ...brought.place,
    digest: bodyNumber(judging.crypto, brought.signed.body),
    bearer: (made.kind === 'void' ? takesBack(made, seen) : bearer === 'issuer' && paysNew(made, seen))
      ? 'issuer'
      : 'store',
    listing,
  }
}

/** What names the body among others under one seq. */
export const bodyNumber = (crypto: Crypto, body: Bytes): bigint => idNumber(idFromBytes(crypto.sha256(body)))

/** The hotlist that decides: what the terminal had, if the purse was on it, else the first after it that lists the purse. */
function listingFor(
  purse: PurseId,
  { hotlist }: JournalPlace,
  listings: readonly HotlistRow[],
  ageMs: number,
): Listing | undefined {
  const lists = ({ purses }: HotlistRow): boolean => purses.listed.includes(purse)
  const had = listings.findLast(({ version }) => version <= hotlist)
  const decisive = had !== undefined && lists(had) ? had : listings.find(row => row.version > hotlist && lists(row))
  return decisive && { version: decisive.version, until: decisive.at + ageMs }
}

/** Who bears a debit, by when it was made. @spec K-3 */
export function bearerBy(
  { time }: Pick<Receipt, 'time'>,
  { hotlist }: Pick<JournalPlace, 'hotlist'>,
  listing: Listing | undefined,
): LossRow['bearer'] {
  if (listing === undefined) return 'issuer'
  return hotlist < listing.version && 1000 * time <= listing.until ? 'issuer' : 'store'
}

/** What was paid out of a retired purse is paid out: no debit takes it below zero. @spec F-11 */
const isBeyond = ({ stage, credits, debits, writtenOff }: PurseRow, { amount }: Receipt): boolean =>
  stage === 'retired' && amount > credits + writtenOff - debits

/** A void follows its debit; where that is not known, nothing more goes to a retired purse. */
function isLostVoid(made: Receipt, seen: Case): boolean {
  if (lossBefore(made, seen) !== undefined) return true
  return seen.purse.stage === 'retired' && seen.receipts.get(made.seq - 1)?.kind !== 'debit'
}

/** The void takes back what its store was paid for the debit before it, by the issuer or by the purse. @spec K-2 */
function takesBack(made: Receipt, seen: Case): boolean {
  if (lossBefore(made, seen)?.bearer === 'issuer') return true
  const debit = seen.receipts.get(made.seq - 1)
  const isPaid = debit?.kind === 'debit' && debit.standing === 'booked' && saleName(debit) === saleName(made)
  return isPaid && seen.receipts.get(made.seq)?.kind !== 'void'
}

const lossBefore = (made: Receipt, { fraud }: Case): LossRow | undefined =>
  fraud.losses.find(row => row.seq === made.seq - 1 && isOfSale(row, made))

/** One sale is paid once, and a debit whose void is here pays nothing. @spec K-1, D-6 */
const paysNew = (made: Receipt, { sales, fraud }: Case): boolean =>
  !sales.has(saleName(made)) && !fraud.losses.some(row => isOfSale(row, made))

const isOfSale = (row: Pick<ReceiptRow, 'terminal' | 'sale'>, made: Receipt): boolean =>
  saleName(row) === saleName(made)

/** What the issuer pays by it, or takes back; what its store bears moves nothing. @spec K-3 */
export const lossEntries = (row: LossRow): Entry[] =>
  row.bearer === 'issuer' && row.amount > 0n ? [fraudPaid(row)] : []
