/**
 * Pays (F-8, §6): the store's own number opens one operation, for one purse, once; the center's decision is final and
 * everybody is told the same.
 */

import { equal, hex } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import type { AccountId, PurseId } from '@kozeni/base/ids'
import { ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { checkNumber, type TransactionNumber } from '@kozeni/protocol/number'
import { makeProof, type Verdict } from '@kozeni/protocol/proof'
import { paymentReference } from '@kozeni/protocol/reference'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { windowCloses, windowOpen } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import {
  type Command,
  type Decision,
  type NumberRow,
  type OperationRow,
  type Seen,
  type StoreRow,
  unchanged,
} from './book.ts'
import { foundFor, mayHaveGone } from './found.ts'
import type { Intent } from './intent.ts'
import { open } from './opening.ts'
import { expire, mayOpen } from './operation.ts'
import type { Policy } from './policy.ts'
import { mayPutBack, putBack } from './put-back.ts'
import type { Vault } from './vault.ts'

/** What a phone brings: the store's transaction information and the store's number for it. */
export interface PaymentRequest {
  readonly purse: PurseId
  readonly transaction: Transaction
  readonly number: TransactionNumber
  /** Whose purse it has to be, where somebody asks who may pay with his own alone. */
  readonly account?: AccountId
}

/** What store, holder and operator are all told. `pending` is the only thing that may still change. */
export interface Payment {
  readonly operation: OperationRow
  /** The center's, as it says this. */
  readonly epoch: number
  readonly verdict: 'pending' | Verdict
  /** Convinces the store, off-line (T-5); there once the verdict is. */
  readonly proof: string | undefined
}

interface Means {
  readonly crypto: Crypto
  readonly vault: Vault
  readonly policy: Policy
}

type Paid = Result<Payment, Refusal>

/**
 * Opens a pay for the store's number. The same purse again gets the same operation; whatever is refused uses nothing up.
 *
 * @refuses store-unknown · store-unfenced · data-wrong · transaction-altered · window-closed · sale-expired · transaction-used ·
 *          not-found · purse-not-active · purse-retired · purse-blocked · purse-unfenced · operation-open · currency-differs · balance-too-low
 * @spec    T-2…T-4, F-8, F-10
 */
export const openPayment = (means: Means, { purse, transaction, number, account }: PaymentRequest): Command<Paid> => ({
  keys: { purse, store: transaction.store, number: { store: transaction.store, transaction: number } },
  decide: seen => {
    const store = seen.store
    if (account !== undefined && seen.purse?.account !== account) return unchanged(no(refusal('not-found')))
    if (store === undefined) return unchanged(no(refusal('store-unknown')))
    const genuine = checkNumber(means.crypto, means.vault.seed(transaction), transaction, number)
    if (!genuine.ok) return unchanged(genuine)
    if (seen.number !== undefined) return unchanged(sameAgain(means, seen, seen.number, purse))
    const lost = lostPay(means, seen, transaction, number)
    if (lost !== undefined) return lost
    const reason = timely(means.policy, transaction, store, seconds(seen.now)) ?? payable(seen, transaction)
    return reason === undefined ? opening(means, seen, transaction, number) : unchanged(no(reason))
  },
})

function sameAgain(means: Means, { numbered, present }: Seen, used: NumberRow, purse: PurseId): Paid {
  return used.purse === purse && numbered !== undefined
    ? ok(paymentOf(means, numbered, used, present.epoch))
    : no(refusal('transaction-used'))
}

/** The window is judged once, when the operation opens. @spec T-4 */
function timely({ windows }: Policy, transaction: Transaction, store: StoreRow, now: number): Refusal | undefined {
  const { window, expires, generation } = transaction
  if (generation !== store.generation) return refusal('window-closed', { check: 'generation' })
  if (!windowOpen(windows, window, now)) return refusal('window-closed', { closed: windowCloses(windows, window) })
  return now < expires ? undefined : refusal('sale-expired', { expired: expires })
}

function payable(seen: Seen, { amount, currency }: Transaction): Refusal | undefined {
  const allowed = mayOpen(seen)
  if (!allowed.ok) return allowed.refusal
  const purse = allowed.value
  if (purse.blocked) return refusal('purse-blocked')
  if (purse.currency !== currency) return refusal('currency-differs', { currency: purse.currency })
  // more than the chip can hold by anybody's knowledge: the chip would only say the same, and burn the number
  return purse.credits - purse.debits < amount ? refusal('balance-too-low', { price: String(amount) }) : undefined
}

/**
 * A pay for this very number that the chip has done and the restored book had lost: it stands as its store knows it.
 *
 * @refuses store-unfenced · operation-open: it may be one that the ring has forgotten, and people have to settle it; or its
 *          number was used again, and nothing is put back beside what is open
 * @spec    F-12
 */
function lostPay(
  means: Means,
  seen: Seen,
  transaction: Transaction,
  number: TransactionNumber,
): Decision<Paid> | undefined {
  const { purse, store, honoured, present } = seen
  if (purse === undefined || store === undefined) return undefined
  const intent = intentOfSale(means, transaction, number)
  const found = foundFor(means.crypto, { ...seen, purse }, intent)
  if (found === undefined)
    return mayHaveGone({ ...seen, purse }, transaction) ? unchanged(no(refusal('operation-open'))) : undefined
  const isPaid = honoured?.verdict === 'paid' && equal(honoured.reference, intent.reference)
  if (!isPaid && honoured === undefined && store.reportedEpoch < present.epoch)
    return unchanged(no(refusal('store-unfenced')))
  if (!mayPutBack({ ...seen, purse }, found)) return unchanged(no(refusal('operation-open')))
  const back = putBack(means.crypto, { ...seen, purse }, found, intent, isPaid ? 'commit' : 'void')
  const used = numberFor(back.operation, transaction, number)
  return {
    answer: ok(paymentOf(means, back.operation, used, present.epoch)),
    writes: [...back.writes, { write: 'number', row: used }],
  }
}

const intentOfSale = ({ crypto }: Means, { store, amount }: Transaction, number: TransactionNumber): Intent => ({
  kind: 'pay',
  amount,
  reference: paymentReference(crypto, store, number),
  store,
  transaction: number,
})

const numberFor = (
  { purse, epoch, number: place }: OperationRow,
  { store, amount, window, generation }: Transaction,
  number: TransactionNumber,
): NumberRow => ({
  ...{ store, transaction: number, purse, epoch, number: place },
  ...{ generation, window, amount, refunded: ZERO },
})

function opening(means: Means, seen: Seen, transaction: Transaction, number: TransactionNumber): Decision<Paid> {
  const allowed = mayOpen(seen)
  if (!allowed.ok) return unchanged(allowed)
  const intent = { ...intentOfSale(means, transaction, number), sessionEnd: seen.now + means.policy.sessionMs }
  const opened = open(means.crypto, allowed.value, intent, seen.now)
  const row = numberFor(opened.operation, transaction, number)
  const answer: Paid = ok(paymentOf(means, opened.operation, row, seen.present.epoch))
  return { answer, writes: [...opened.writes, { write: 'number', row }] }
}

/**
 * What everybody is told of this operation now.
 *
 * @param epoch  the present one: what a restored book still knows it says again, for stores that refuse older proofs
 * @spec F-8, F-12, T-5
 */
export function paymentOf(
  means: Pick<Means, 'crypto' | 'vault'>,
  operation: OperationRow,
  used: NumberRow,
  epoch: number,
): Payment {
  const verdict = verdictOf(operation)
  if (verdict === 'pending') return { operation, epoch, verdict, proof: undefined }
  const seed = means.vault.seed(used)
  const { store, transaction, amount } = used
  const facts = {
    store,
    number: transaction as TransactionNumber,
    amount,
    currency: operation.currency,
    epoch,
    operation: hex(operation.reference),
    verdict,
  }
  return { operation, epoch, verdict, proof: makeProof(means.crypto, seed, facts) }
}

/** PAID is said on COMMIT, NOT PAID on VOID, which is final for a pay; else it is pending. @spec INV-SHOW */
export const verdictOf = ({ decision }: OperationRow): Payment['verdict'] =>
  decision === 'commit' ? 'paid' : decision === 'void' ? 'not-paid' : 'pending'

/**
 * The state of a payment, after deciding VOID durably if its session is over: whoever asks is told what stays so.
 *
 * @spec F-8
 */
export const settleVerdict = (means: Pick<Means, 'crypto' | 'vault'>, used: NumberRow): Command<Paid> => ({
  keys: { purse: used.purse, number: { store: used.store, transaction: used.transaction } },
  decide: seen => {
    const { numbered } = seen
    if (numbered === undefined) return unchanged(no(refusal('not-found')))
    const { operation, writes } =
      numbered.closed === undefined ? expire(numbered, seen) : { operation: numbered, writes: [] }
    return { answer: ok(paymentOf(means, operation, used, seen.present.epoch)), writes }
  },
})
