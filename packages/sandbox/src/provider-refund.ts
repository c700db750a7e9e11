/** Refunds: money of a captured charge goes back, in one piece or in several, and never more than was taken. Pure. */
import { seconds } from '@kozeni/base/clock'
import { ok, type Result } from '@kozeni/base/result'
import { type Answer, found, invalid, missing } from './provider-answer.ts'
import { amountOf, type Call, metadataOf } from './provider-call.ts'
import { announce } from './provider-event.ts'
import type { Charge, Refund } from './provider-object.ts'
import { nextId, type Outcome, type Provider } from './provider-state.ts'

/**
 * Gives back `amount` of an intent's charge, or all that is left of it.
 *
 * @param broke  the armed decline: the merchant's balance with the provider does not cover the refund
 */
export function createRefund(provider: Provider, call: Call, broke: boolean): Result<Outcome, Answer> {
  const charge = chargeOf(provider, call)
  if (!charge.ok) return charge
  const left = charge.value.amount_captured - charge.value.amount_refunded
  if (left === 0)
    return invalid(`Charge ${charge.value.id} has already been refunded.`, { code: 'charge_already_refunded' })
  const amount = amountOf(call.params, 'amount', left)
  if (!amount.ok) return amount
  if (amount.value > left)
    return invalid(`Refund amount (${amount.value}) is greater than unrefunded amount on charge (${left})`, {
      param: 'amount',
    })
  if (broke) return invalid('Insufficient funds in your Stripe balance to refund this amount.', BROKE)
  return ok(refunded(provider, call, charge.value, amount.value))
}

const BROKE = { message_code: 'insufficient_balance_for_refund' }

function chargeOf(provider: Provider, call: Call): Result<Charge, Answer> {
  const id = call.params.get('payment_intent')
  if (id === undefined)
    return invalid('Missing required param: payment_intent.', { code: 'parameter_missing', param: 'payment_intent' })
  const intent = provider.intents.get(id)
  if (intent === undefined) return missing('payment_intent', id, 'payment_intent')
  const charge = provider.charges.get(intent.latest_charge ?? '')
  if (charge === undefined || !charge.captured)
    return invalid(`This PaymentIntent (${id}) does not have a successful charge to refund.`)
  return ok(charge)
}

function refunded(provider: Provider, call: Call, charge: Charge, amount: number): Outcome {
  const refund = newRefund(provider, call, charge, amount)
  const back = charge.amount_refunded + amount
  const after: Charge = { ...charge, amount_refunded: back, refunded: back === charge.amount_captured }
  return {
    answer: found(refund),
    writes: [
      { write: 'refund', refund },
      { write: 'charge', charge: after },
      announce(provider, call, 'refund.created', refund),
      announce(provider, call, 'charge.refunded', after, 1),
    ],
  }
}

const newRefund = (provider: Provider, call: Call, charge: Charge, amount: number): Refund => ({
  id: nextId(provider, 're'),
  object: 'refund',
  amount,
  balance_transaction: null,
  charge: charge.id,
  created: seconds(call.nowMs),
  currency: charge.currency,
  metadata: metadataOf(call.params),
  payment_intent: charge.payment_intent,
  reason: call.params.get('reason') ?? null,
  receipt_number: null,
  status: 'succeeded',
})
