/**
 * Payment intents: created, confirmed, captured, canceled. Pure: each function looks and says what would change.
 * Money is taken only in `take` and `captureIntent`, and only from a status that a second request no longer finds.
 */
import { seconds } from '@kozeni/base/clock'
import { ok, type Result } from '@kozeni/base/result'
import { type Answer, declined, found, invalid, missing } from './provider-answer.ts'
import { amountOf, type Call, currencyOf, metadataOf, type Params } from './provider-call.ts'
import { type Decline, declineOf, isCard } from './provider-card.ts'
import { announce } from './provider-event.ts'
import type { CardError, Charge, IntentStatus, PaymentIntent } from './provider-object.ts'
import { nextId, type Outcome, type Provider } from './provider-state.ts'

const OPEN: readonly IntentStatus[] = ['requires_payment_method', 'requires_confirmation']

/**
 * Creates an intent and, with `confirm=true`, pays it at once.
 *
 * @param forced  the decline of an armed fault
 */
export function createIntent(provider: Provider, call: Call, forced?: Decline): Result<Outcome, Answer> {
  const amount = amountOf(call.params, 'amount')
  if (!amount.ok) return amount
  const currency = currencyOf(call.params)
  if (!currency.ok) return currency
  const card = cardOf(call.params, null)
  if (!card.ok) return card
  const intent = newIntent(provider, call, amount.value, currency.value, card.value)
  if (call.params.get('confirm') === 'true') return attempt(provider, call, intent, forced)
  return ok({ answer: found(intent), writes: [{ write: 'intent', intent }] })
}

/** Pays an open intent with its card, or with the one named now. */
export function confirmIntent(provider: Provider, call: Call, forced?: Decline): Result<Outcome, Answer> {
  const intent = provider.intents.get(call.id)
  if (intent === undefined) return missing('payment_intent', call.id, 'intent')
  if (!OPEN.includes(intent.status)) return unexpected(intent, 'confirm')
  const card = cardOf(call.params, intent.payment_method)
  if (!card.ok) return card
  return attempt(provider, call, { ...intent, payment_method: card.value }, forced)
}

/** Takes what was authorised, or less of it; the rest is released. */
export function captureIntent(provider: Provider, call: Call, expired: boolean): Result<Outcome, Answer> {
  const intent = provider.intents.get(call.id)
  if (intent === undefined) return missing('payment_intent', call.id, 'intent')
  const charge = provider.charges.get(intent.latest_charge ?? '')
  if (intent.status !== 'requires_capture' || charge === undefined) return unexpected(intent, 'capture')
  if (expired) return invalid('The charge cannot be captured: the authorization has expired.', EXPIRED)
  const amount = amountOf(call.params, 'amount_to_capture', intent.amount_capturable)
  if (!amount.ok) return amount
  if (amount.value > intent.amount_capturable)
    return invalid('The amount to capture is greater than the amount authorized.', { param: 'amount_to_capture' })
  return ok(captured(provider, call, intent, charge, amount.value))
}

/** Gives up an intent that has taken nothing; an authorization is released. */
export function cancelIntent(provider: Provider, call: Call): Result<Outcome, Answer> {
  const intent = provider.intents.get(call.id)
  if (intent === undefined) return missing('payment_intent', call.id, 'intent')
  if (intent.status === 'succeeded' || intent.status === 'canceled') return unexpected(intent, 'cancel')
  const canceled: PaymentIntent = {
    ...intent,
    status: 'canceled',
    amount_capturable: 0,
    canceled_at: seconds(call.nowMs),
    cancellation_reason: call.params.get('cancellation_reason') ?? null,
  }
  const event = announce(provider, call, 'payment_intent.canceled', canceled)
  return ok({ answer: found(canceled), writes: [{ write: 'intent', intent: canceled }, event] })
}

const EXPIRED = { code: 'charge_expired_for_capture' }

const unexpected = (intent: PaymentIntent, verb: string) =>
  invalid(`You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`, {
    code: 'payment_intent_unexpected_state',
    payment_intent: intent,
  })

function cardOf(params: Params, absent: string | null): Result<string | null, Answer> {
  const card = params.get('payment_method')
  if (card === undefined) return ok(absent)
  return isCard(card) ? ok(card) : missing('PaymentMethod', card, 'payment_method')
}

function newIntent(
  provider: Provider,
  call: Call,
  amount: number,
  currency: string,
  card: string | null,
): PaymentIntent {
  const id = nextId(provider, 'pi')
  return {
    id,
    object: 'payment_intent',
    amount,
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: call.params.get('capture_method') === 'manual' ? 'manual' : 'automatic',
    client_secret: `${id}_secret_${provider.seed}`,
    confirmation_method: 'automatic',
    created: seconds(call.nowMs),
    currency,
    customer: call.params.get('customer') ?? null,
    description: call.params.get('description') ?? null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: metadataOf(call.params),
    next_action: null,
    payment_method: card,
    payment_method_types: ['card'],
    processing: null,
    status: card === null ? 'requires_payment_method' : 'requires_confirmation',
  }
}

function attempt(provider: Provider, call: Call, intent: PaymentIntent, forced?: Decline): Result<Outcome, Answer> {
  const card = intent.payment_method
  if (card === null)
    return invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", {
      code: 'payment_intent_unexpected_state',
    })
  const charge = newCharge(provider, call, intent, card)
  const decline = forced ?? declineOf(card)
  return ok(
    decline === undefined ? take(provider, call, intent, charge) : refuse(provider, call, intent, charge, decline),
  )
}

const newCharge = (provider: Provider, call: Call, intent: PaymentIntent, card: string): Charge => ({
  id: nextId(provider, 'ch'),
  object: 'charge',
  amount: intent.amount,
  amount_captured: 0,
  amount_refunded: 0,
  captured: false,
  created: seconds(call.nowMs),
  currency: intent.currency,
  failure_code: null,
  failure_message: null,
  livemode: false,
  metadata: intent.metadata,
  paid: true,
  payment_intent: intent.id,
  payment_method: card,
  refunded: false,
  status: 'succeeded',
})

/** The card pays: all of it now, or an authorization to capture later. */
function take(provider: Provider, call: Call, intent: PaymentIntent, charge: Charge): Outcome {
  const paid: PaymentIntent = { ...intent, latest_charge: charge.id, last_payment_error: null }
  if (intent.capture_method === 'automatic') return captured(provider, call, paid, charge, intent.amount)
  const held: PaymentIntent = { ...paid, status: 'requires_capture', amount_capturable: intent.amount }
  return {
    answer: found(held),
    writes: [
      { write: 'charge', charge },
      { write: 'intent', intent: held },
    ],
  }
}

function captured(provider: Provider, call: Call, intent: PaymentIntent, charge: Charge, amount: number): Outcome {
  const paid: PaymentIntent = { ...intent, status: 'succeeded', amount_capturable: 0, amount_received: amount }
  return {
    answer: found(paid),
    writes: [
      { write: 'charge', charge: { ...charge, captured: true, amount_captured: amount } },
      { write: 'intent', intent: paid },
      announce(provider, call, 'payment_intent.succeeded', paid),
    ],
  }
}

/** The card says no: the intent stays, waits for another card, and remembers why. */
function refuse(provider: Provider, call: Call, intent: PaymentIntent, charge: Charge, decline: Decline): Outcome {
  const error: CardError = { type: 'card_error', ...decline, charge: charge.id }
  const open: PaymentIntent = {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    latest_charge: charge.id,
    last_payment_error: error,
  }
  const reason = { failure_code: decline.code, failure_message: decline.message }
  return {
    answer: declined(error, open),
    writes: [
      { write: 'charge', charge: { ...charge, ...reason, paid: false, status: 'failed' } },
      { write: 'intent', intent: open },
      announce(provider, call, 'payment_intent.payment_failed', open),
    ],
  }
}
