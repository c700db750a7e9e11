/**
 * Pays a store's sale (§6, F-8). The phone says "paid" or "not paid" only when the center has durably decided so; until
 * then it says "pending", whatever went wrong on the way (INV-SHOW). Paying the same link again is the same payment.
 */
import type { Answer } from '@kozeni/api/route'
import { createPayment, getPayment } from '@kozeni/api/routes-payment'
import { type Bytes, base64url } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import type { PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { digestOf } from '@kozeni/protocol/operation'
import { type Offer, readPayLink } from '@kozeni/protocol/paylink'
import { paymentReference } from '@kozeni/protocol/reference'
import { type Refusal, type RefusalCode, refusal } from '@kozeni/protocol/refusal'
import { encodeTransaction } from '@kozeni/protocol/transaction'
import { mayHaveArrived } from './center.ts'
import type { PendingPayment } from './device.ts'
import { ownership, type Shown, show } from './holder.ts'
import { meet } from './meet.ts'
import { type ActivePurse, callCenter, type PhoneParts, presentPurse } from './parts.ts'
import { PinReader } from './pin-reader.ts'

/** What the holder is asked: this store, this amount? */
export interface Asked extends Offer {
  /** What the chip says of itself; undefined when it could not be read. */
  readonly purse: Shown | undefined
  /** The chip will want the PIN for that amount. */
  readonly pinWanted: boolean
}

export interface Consent {
  readonly agreed: boolean
  readonly pin?: string | undefined
}

export interface Paid extends Offer {
  readonly verdict: 'pending' | 'paid' | 'not-paid'
  /** For the store's server; there once the verdict is. */
  readonly proof: string | undefined
  /** Why it is still pending. */
  readonly hindrance: Refusal | undefined
}

type Payment = Answer<typeof getPayment>

/** A torn tap is tried again at once; what takes longer is taken up by the holder, or by the next contact. */
const ATTEMPTS = 3
const BETWEEN_ATTEMPTS_MS = 500
/** How much clocks may differ before a sale that was never opened is said to be over. */
const DOUBT_SECONDS = 300
/** No use in trying again before the holder has done something. */
const WAITS_FOR_HOLDER: readonly RefusalCode[] = ['pin-wrong', 'pin-blocked', 'chip-absent', 'chip-differs']

interface Sale extends Offer {
  readonly link: string
  readonly own: ActivePurse
  readonly pin: string | undefined
}

/**
 * @param link     as scanned or opened
 * @param consent  shows the holder what it is about, and asks
 * @refuses        data-wrong · purse-not-active · holder-declined · transaction-altered · window-closed · sale-expired ·
 *                 transaction-used · operation-open · balance-too-low · …: in each case nothing has been opened
 * @spec           T-1, T-4, F-8, INV-SHOW
 */
export async function pay(
  parts: PhoneParts,
  link: string,
  consent: (asked: Asked) => Promise<Consent>,
): Promise<Result<Paid, Refusal>> {
  const offer = readPayLink(link)
  if (!offer.ok) return offer
  const own = await presentPurse(parts)
  if (!own.ok) return own
  const { agreed, pin } = await consent(await askedOf(parts, offer.value))
  if (!agreed) return no(refusal('holder-declined'))
  return await payAgreed(parts, { ...offer.value, link, own: own.value, pin })
}

async function askedOf(parts: PhoneParts, offer: Offer): Promise<Asked> {
  const shown = await show(parts)
  const purse = shown.ok ? shown.value : undefined
  return { ...offer, purse, pinWanted: purse?.pinSet === true && offer.transaction.amount > purse.pinAbove }
}

async function payAgreed(parts: PhoneParts, sale: Sale): Promise<Result<Paid, Refusal>> {
  await remember(parts, { purse: sale.own.purse, link: sale.link })
  const opened = await open(parts, sale)
  if (opened.ok) return ok(await finish(parts, sale, opened.value))
  if (mayHaveArrived(opened.refusal)) return ok(pending(sale, opened.refusal))
  await forget(parts, sale.link)
  return opened
}

/**
 * Asks what became of the sales whose verdict is not known. Opens none anew: that takes the holder.
 *
 * @refuses sale-expired, of a sale that was never opened
 */
export async function settlePayments(parts: PhoneParts): Promise<readonly Result<Paid, Refusal>[]> {
  const settled: Result<Paid, Refusal>[] = []
  for (const { link } of parts.device.state.payments) {
    const offer = readPayLink(link)
    settled.push(offer.ok ? await settle(parts, link, offer.value) : offer)
    if (!offer.ok) await forget(parts, link)
  }
  return settled
}

async function settle(parts: PhoneParts, link: string, offer: Offer): Promise<Result<Paid, Refusal>> {
  const answer = await look(parts, offer)
  if (answer.ok) return ok(await conclude(parts, link, offer, answer.value, undefined))
  const { expires } = offer.transaction
  const neverOpened = answer.refusal.code === 'not-found' && seconds(parts.clock.now()) > expires + DOUBT_SECONDS
  if (!neverOpened) return ok(pending(offer, answer.refusal))
  await forget(parts, link)
  return no(refusal('sale-expired', { expired: expires }))
}

const open = (parts: PhoneParts, { transaction, number, own }: Sale): Promise<Result<Payment, Refusal>> =>
  callCenter(parts)(createPayment, {
    body: { purse: own.purse, transaction: base64url(encodeTransaction(transaction)), number },
  })

const look = (parts: PhoneParts, { transaction, number }: Offer): Promise<Result<Payment, Refusal>> =>
  callCenter(parts)(getPayment, { params: { store: transaction.store, number } })

/** Contacts, until the verdict is final, or the chip has said all that it says without its holder, or patience ends. */
async function finish(parts: PhoneParts, sale: Sale, opened: Payment): Promise<Paid> {
  let payment = opened
  let hindrance: Refusal | undefined
  for (let attempt = 0; attempt < ATTEMPTS && payment.verdict === 'pending'; attempt++) {
    if (attempt > 0) await parts.clock.wait(BETWEEN_ATTEMPTS_MS)
    const met = await contactFor(parts, sale, payment)
    hindrance = met.ok ? undefined : met.refusal
    const latest = await look(parts, sale)
    if (latest.ok) payment = latest.value
    if (met.ok || WAITS_FOR_HOLDER.includes(met.refusal.code)) break
  }
  return await conclude(parts, sale.link, sale, payment, hindrance)
}

/** One contact, in which the chip is shown the PIN first when there is one. @refuses as meet · pin-wrong · pin-blocked */
async function contactFor(parts: PhoneParts, { pin, own, ...offer }: Sale, payment: Payment) {
  const purpose = { kind: 'purse', purse: own.purse } as const
  const owner = ownership(parts, own)
  if (pin === undefined || !owner.ok) return await meet(parts, purpose)
  const entry = { pin, digest: digestOfPay(parts, own.purse, offer, payment) }
  const reader = new PinReader(parts.chip(), parts, owner.value, entry)
  const met = await meet(parts, purpose, reader)
  return reader.refusal === undefined ? met : no(reader.refusal)
}

/** Of what the holder has seen and agreed to; only the operation's number is the center's word. @spec C-7, F-15 */
function digestOfPay({ crypto }: PhoneParts, purse: PurseId, { transaction, number }: Offer, payment: Payment): Bytes {
  const { store, amount, currency } = transaction
  const reference = paymentReference(crypto, store, number)
  return digestOf(crypto, { purse, ...payment.operation, kind: 'pay', amount, currency, reference })
}

/** The verdict is forgotten here only when it is final: from then on it is the screen's, and the store's. */
async function conclude(
  parts: PhoneParts,
  link: string,
  offer: Offer,
  { verdict, proof }: Payment,
  hindrance: Refusal | undefined,
): Promise<Paid> {
  if (verdict === 'pending') return pending(offer, hindrance)
  await forget(parts, link)
  const { transaction, number } = offer
  return { transaction, number, verdict, proof, hindrance: undefined }
}

const pending = ({ transaction, number }: Offer, hindrance: Refusal | undefined): Paid => ({
  transaction,
  number,
  verdict: 'pending',
  proof: undefined,
  hindrance,
})

const remember = ({ device }: PhoneParts, payment: PendingPayment): Promise<void> =>
  device.change(before =>
    before.payments.some(({ link }) => link === payment.link)
      ? before
      : { ...before, payments: [...before.payments, payment] },
  )

const forget = ({ device }: PhoneParts, link: string): Promise<void> =>
  device.change(before => ({ ...before, payments: before.payments.filter(one => one.link !== link) }))
