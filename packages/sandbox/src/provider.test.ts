import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Clock, StillClock, systemClock } from '@kozeni/base/clock'
import { SeededDice } from '@kozeni/base/dice'
import Stripe from 'stripe'
import { afterEach, expect, test } from 'vitest'
import { KEY_LIFE_MS } from './provider.ts'
import { type Journal, memoryJournal } from './provider-journal.ts'
import type { Ledger } from './provider-ledger.ts'
import { ProviderServer } from './provider-server.ts'
import type { Webhook } from './provider-webhook-node.ts'

const SECRET = 'whsec_of_the_merchant'
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Setting {
  readonly clock?: Clock
  readonly journal?: Journal
  readonly webhook?: Webhook
}

/** A running provider, the official SDK pointed at it, and its control endpoints. */
async function provider({ clock = systemClock, journal = memoryJournal(), webhook }: Setting = {}) {
  const server = new ProviderServer({ clock, journal, dice: new SeededDice(1), ...(webhook && { webhook }) })
  const port = await server.listen(0)
  let open = true
  const stop = async () => {
    if (open) await server.close()
    open = false
  }
  closing.push(stop)
  const order = (path: string, body: object) => post(`http://127.0.0.1:${port}/sandbox/${path}`, body)
  const ledger = async () => (await (await fetch(`http://127.0.0.1:${port}/sandbox/ledger`)).json()) as Ledger
  return { stripe: sdk(port), port, order, ledger, stop }
}

const sdk = (port: number, key = 'sk_test_of_the_merchant') =>
  new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false })

async function post(url: string, body: object): Promise<number> {
  return (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).status
}

/** The merchant's end of the webhook: believes signed events only, and answers what the script says, then 200. */
async function merchant(...script: number[]) {
  const events: Stripe.Event[] = []
  const waiting = new Map<number, () => void>()
  const server: Server = createServer(async (request, response) => {
    const signature = String(request.headers['stripe-signature'])
    events.push(new Stripe('sk_test_unused').webhooks.constructEvent(await text(request), signature, SECRET))
    response.writeHead(script.shift() ?? 200).end()
    waiting.get(events.length)?.()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.close().closeAllConnections()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const received = (count: number) =>
    events.length >= count ? Promise.resolve() : new Promise<void>(resolve => waiting.set(count, resolve))
  return { webhook: { url: `http://127.0.0.1:${port}/hooks`, secret: SECRET }, events, received }
}

/** A clock whose waits last until they are let go. */
class HeldClock implements Clock {
  readonly #entered = Promise.withResolvers<void>()
  readonly #open = Promise.withResolvers<void>()
  readonly now = () => Date.now()
  readonly entered = this.#entered.promise
  readonly release = () => this.#open.resolve()

  wait(): Promise<void> {
    this.#entered.resolve()
    return this.#open.promise
  }
}

const pay = { amount: 2000, currency: 'jpy', confirm: true, payment_method: 'pm_card_visa' } as const
const failure = (promise: Promise<unknown>): Promise<Stripe.errors.StripeError> =>
  promise.then(
    () => expect.unreachable('the provider said yes'),
    (error: Stripe.errors.StripeError) => error,
  )

test('a card pays at once, and the intent can be read again', async () => {
  const { stripe } = await provider()
  const intent = await stripe.paymentIntents.create({ ...pay, metadata: { load: 'L-1' } })
  expect(intent).toMatchObject({ status: 'succeeded', amount_received: 2000, currency: 'jpy', livemode: false })
  expect(intent.metadata).toEqual({ load: 'L-1' })
  expect(await stripe.paymentIntents.retrieve(intent.id)).toEqual(intent)
  const charge = typeof intent.latest_charge === 'string' ? intent.latest_charge : ''
  expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_captured: 2000, captured: true })
})

test('an intent may be created first, and confirmed with a card later', async () => {
  const { stripe } = await provider()
  const created = await stripe.paymentIntents.create({ amount: 500, currency: 'eur' })
  expect(created).toMatchObject({ status: 'requires_payment_method', amount_received: 0 })
  const paid = await stripe.paymentIntents.confirm(created.id, { payment_method: 'pm_card_mastercard' })
  expect(paid).toMatchObject({ status: 'succeeded', amount_received: 500 })
  const again = await failure(stripe.paymentIntents.confirm(created.id))
  expect(again).toMatchObject({ statusCode: 400, code: 'payment_intent_unexpected_state' })
})

test('an authorization takes nothing until it is captured, in part or in full, and only once', async () => {
  const { stripe, ledger } = await provider()
  const held = await stripe.paymentIntents.create({ ...pay, capture_method: 'manual' })
  expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 2000, amount_received: 0 })
  expect((await ledger()).currencies).toEqual({})
  const tooMuch = await failure(stripe.paymentIntents.capture(held.id, { amount_to_capture: 2001 }))
  expect(tooMuch.statusCode).toBe(400)
  const paid = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1500 })
  expect(paid).toMatchObject({ status: 'succeeded', amount_received: 1500, amount_capturable: 0 })
  expect((await failure(stripe.paymentIntents.capture(held.id))).code).toBe('payment_intent_unexpected_state')
  expect((await ledger()).currencies).toEqual({ jpy: { captured: 1500, refunded: 0, net: 1500 } })
})

test('a canceled intent takes nothing, and a paid one cannot be canceled', async () => {
  const { stripe } = await provider()
  const held = await stripe.paymentIntents.create({ ...pay, capture_method: 'manual' })
  const canceled = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: 'requested_by_customer' })
  expect(canceled).toMatchObject({ status: 'canceled', amount_capturable: 0 })
  expect((await failure(stripe.paymentIntents.capture(held.id))).code).toBe('payment_intent_unexpected_state')
  const paid = await stripe.paymentIntents.create(pay)
  expect((await failure(stripe.paymentIntents.cancel(paid.id))).statusCode).toBe(400)
})

test('a declined card is told why, and the intent waits for another card', async () => {
  const { stripe } = await provider()
  const error = await failure(
    stripe.paymentIntents.create({ ...pay, payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }),
  )
  expect(error).toBeInstanceOf(Stripe.errors.StripeCardError)
  expect(error).toMatchObject({ statusCode: 402, code: 'card_declined', decline_code: 'insufficient_funds' })
  const open = await stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '')
  expect(open).toMatchObject({ status: 'requires_payment_method', amount_received: 0 })
  expect(open.last_payment_error).toMatchObject({ code: 'card_declined', decline_code: 'insufficient_funds' })
  const paid = await stripe.paymentIntents.confirm(open.id, { payment_method: 'pm_card_visa' })
  expect(paid).toMatchObject({ status: 'succeeded', last_payment_error: null })
})

test('a request that makes no sense is refused by the name of the parameter', async () => {
  const { stripe } = await provider()
  const of = async (more: object) => (await failure(stripe.paymentIntents.create({ ...pay, ...more }))).param
  expect(await of({ amount: 0 })).toBe('amount')
  expect(await of({ amount: 19.99 })).toBe('amount')
  expect(await of({ amount: 100_000_000 })).toBe('amount')
  expect(await of({ currency: 'JPY' })).toBe('currency')
  expect(await of({ payment_method: '4242424242424242' })).toBe('payment_method')
  expect(await failure(stripe.paymentIntents.retrieve('pi_nobody'))).toMatchObject({
    statusCode: 404,
    code: 'resource_missing',
    param: 'intent',
  })
})

test('only a secret key opens the door', async () => {
  const { port } = await provider()
  const error = await failure(sdk(port, 'pk_test_public').paymentIntents.create(pay))
  expect(error).toBeInstanceOf(Stripe.errors.StripeAuthenticationError)
  expect(error.statusCode).toBe(401)
})

test('the same key and parameters get the same answer, and pay once', async () => {
  const { stripe, ledger } = await provider()
  const first = await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  const second = await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  expect(second).toEqual(first)
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined()
  expect(second.lastResponse.headers['idempotent-replayed']).toBe('true')
  expect((await ledger()).currencies['jpy']).toEqual({ captured: 2000, refunded: 0, net: 2000 })
})

test('a decline is kept under its key too', async () => {
  const { stripe } = await provider()
  const bad = { ...pay, payment_method: 'pm_card_chargeDeclined' }
  const first = await failure(stripe.paymentIntents.create(bad, { idempotencyKey: 'load-1' }))
  const second = await failure(stripe.paymentIntents.create(bad, { idempotencyKey: 'load-1' }))
  expect(second.payment_intent?.id).toBe(first.payment_intent?.id)
  expect(second.headers?.['idempotent-replayed']).toBe('true')
})

test('a used key is refused to other parameters, and to another endpoint', async () => {
  const { stripe } = await provider()
  const { id } = await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  const other = await failure(stripe.paymentIntents.create({ ...pay, amount: 2001 }, { idempotencyKey: 'load-1' }))
  expect(other).toBeInstanceOf(Stripe.errors.StripeIdempotencyError)
  expect(other).toMatchObject({ statusCode: 400, rawType: 'idempotency_error' })
  const elsewhere = await failure(stripe.refunds.create({ payment_intent: id }, { idempotencyKey: 'load-1' }))
  expect(elsewhere.rawType).toBe('idempotency_error')
})

test('a key is forgotten after a day, and the same request then pays again', async () => {
  const clock = new StillClock(Date.now())
  const { stripe, ledger } = await provider({ clock })
  await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  clock.advance(KEY_LIFE_MS)
  await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  expect((await ledger()).currencies['jpy']?.captured).toBe(4000)
})

test('refunds go back in pieces, and never exceed what was taken', async () => {
  const { stripe, ledger } = await provider()
  const { id } = await stripe.paymentIntents.create(pay)
  const part = await stripe.refunds.create({ payment_intent: id, amount: 500, metadata: { operation: '7' } })
  expect(part).toMatchObject({ object: 'refund', amount: 500, status: 'succeeded', metadata: { operation: '7' } })
  expect(await stripe.refunds.retrieve(part.id)).toEqual(part)
  expect((await failure(stripe.refunds.create({ payment_intent: id, amount: 1501 }))).param).toBe('amount')
  expect(await stripe.refunds.create({ payment_intent: id })).toMatchObject({ amount: 1500 })
  expect((await failure(stripe.refunds.create({ payment_intent: id }))).code).toBe('charge_already_refunded')
  expect((await ledger()).currencies['jpy']).toEqual({ captured: 2000, refunded: 2000, net: 0 })
})

test('lists give the newest first, page by page, until there is no more', async () => {
  const { stripe } = await provider()
  const made: string[] = []
  for (let amount = 1; amount <= 5; amount++) made.unshift((await stripe.paymentIntents.create({ ...pay, amount })).id)
  const listed: string[] = []
  for await (const intent of stripe.paymentIntents.list({ limit: 2 })) listed.push(intent.id)
  expect(listed).toEqual(made)
})

test('a search finds an intent by its metadata, page by page', async () => {
  const { stripe } = await provider()
  for (const load of ["L'1", 'L-2', 'L-2', 'L-2']) await stripe.paymentIntents.create({ ...pay, metadata: { load } })
  const one = await stripe.paymentIntents.search({ query: `metadata['load']:'L\\'1' AND status:'succeeded'` })
  expect(one.data.map(intent => intent.metadata['load'])).toEqual(["L'1"])
  const three: string[] = []
  for await (const { id } of stripe.paymentIntents.search({ query: "metadata['load']:'L-2'", limit: 2 })) three.push(id)
  expect(new Set(three).size).toBe(3)
  expect((await failure(stripe.paymentIntents.search({ query: 'load is L-2' }))).param).toBe('query')
})

test('an armed decline meets the next payment only, whatever its card', async () => {
  const { stripe, order } = await provider()
  expect(await order('next', { fault: 'decline', times: 1 })).toBe(200)
  expect((await failure(stripe.paymentIntents.create(pay))).decline_code).toBe('generic_decline')
  expect((await stripe.paymentIntents.create(pay)).status).toBe('succeeded')
})

test('cut after the capture: the money is taken, the caller does not know, and asking again under the key tells', async () => {
  const { stripe, order, ledger } = await provider()
  // Twice, because the SDK itself asks once more when a connection closes.
  await order('next', { fault: 'timeout-after-capture', times: 2 })
  const error = await failure(stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' }))
  expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError)
  expect((await ledger()).currencies['jpy']?.captured).toBe(2000)
  const told = await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  expect(told).toMatchObject({ status: 'succeeded', amount_received: 2000 })
  expect((await ledger()).payments).toHaveLength(1)
})

test('cut before the capture: nothing is taken, and the same request may come again', async () => {
  const { stripe, order, ledger } = await provider()
  await order('next', { fault: 'timeout-before-capture', times: 2 })
  const error = await failure(stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' }))
  expect(error).toBeInstanceOf(Stripe.errors.StripeConnectionError)
  expect((await ledger()).payments).toEqual([])
  await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  expect((await ledger()).payments).toHaveLength(1)
})

test('an outage takes nothing, and stays the answer under its key as the real one does', async () => {
  const { stripe, order, ledger } = await provider()
  await order('next', { fault: 'error-500' })
  expect((await failure(stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' }))).statusCode).toBe(500)
  expect((await failure(stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' }))).statusCode).toBe(500)
  expect((await ledger()).payments).toEqual([])
  expect((await stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1b' })).status).toBe('succeeded')
})

test('a slow payment is not there when asked for, turns its own repetition away, and is captured later', async () => {
  const clock = new HeldClock()
  const { stripe, order } = await provider({ clock })
  await order('next', { fault: 'slow' })
  const slow = stripe.paymentIntents.create({ ...pay, metadata: { load: 'L-1' } }, { idempotencyKey: 'load-1' })
  await clock.entered
  const query = "metadata['load']:'L-1'"
  expect((await stripe.paymentIntents.search({ query })).data).toEqual([])
  const early = await failure(stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' }))
  expect(early).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' })
  clock.release()
  expect((await slow).status).toBe('succeeded')
  expect((await stripe.paymentIntents.search({ query })).data).toHaveLength(1)
})

test('faults can be aimed at captures and at refunds, and leave payments alone', async () => {
  const { stripe, order, ledger } = await provider()
  await order('next', { fault: 'decline', on: 'capture' })
  await order('next', { fault: 'timeout-after-capture', on: 'refund', times: 2 })
  const held = await stripe.paymentIntents.create({ ...pay, capture_method: 'manual' })
  expect((await failure(stripe.paymentIntents.capture(held.id))).code).toBe('charge_expired_for_capture')
  await stripe.paymentIntents.capture(held.id)
  const lost = await failure(stripe.refunds.create({ payment_intent: held.id }, { idempotencyKey: 'back-1' }))
  expect(lost).toBeInstanceOf(Stripe.errors.StripeConnectionError)
  await stripe.refunds.create({ payment_intent: held.id }, { idempotencyKey: 'back-1' })
  expect((await ledger()).currencies['jpy']).toEqual({ captured: 2000, refunded: 2000, net: 0 })
})

test('a fault that does not exist is not armed', async () => {
  const { order } = await provider()
  expect(await order('next', { fault: 'earthquake' })).toBe(400)
  expect(await order('next', { fault: 'slow', times: 0 })).toBe(400)
  expect(await order('webhooks', { deliver: 'sometimes' })).toBe(400)
})

test('signed events tell of payments, declines, cancellations and refunds', async () => {
  const { webhook, events, received } = await merchant()
  const { stripe } = await provider({ webhook })
  const { id } = await stripe.paymentIntents.create(pay)
  await failure(stripe.paymentIntents.create({ ...pay, payment_method: 'pm_card_chargeDeclined' }))
  const open = await stripe.paymentIntents.create({ amount: 1, currency: 'jpy' })
  await stripe.paymentIntents.cancel(open.id)
  await stripe.refunds.create({ payment_intent: id })
  await received(5)
  expect(events.map(({ type }) => type).sort()).toEqual([
    'charge.refunded',
    'payment_intent.canceled',
    'payment_intent.payment_failed',
    'payment_intent.succeeded',
    'refund.created',
  ])
  expect((await stripe.events.list({ type: 'payment_intent.succeeded' })).data).toMatchObject([
    { object: 'event', data: { object: { id, status: 'succeeded' } } },
  ])
})

test('an event comes again until the merchant accepts it', async () => {
  const { webhook, events, received } = await merchant(500, 503)
  const { stripe } = await provider({ webhook, clock: new StillClock(Date.now()) })
  await stripe.paymentIntents.create(pay)
  await received(3)
  expect(new Set(events.map(({ id }) => id)).size).toBe(1)
})

test('an event can come twice', async () => {
  const { webhook, events, received } = await merchant()
  const { stripe, order } = await provider({ webhook })
  await order('webhooks', { deliver: 'twice' })
  await stripe.paymentIntents.create(pay)
  await received(2)
  expect(events[1]).toEqual(events[0])
})

test('an event can come late, after what happened later', async () => {
  const { webhook, events, received } = await merchant()
  const clock = new HeldClock()
  const { stripe, order } = await provider({ webhook, clock })
  await order('webhooks', { deliver: 'late', delayMs: 60_000 })
  const first = await stripe.paymentIntents.create(pay)
  await order('webhooks', { deliver: 'once' })
  const second = await stripe.paymentIntents.create(pay)
  await received(1)
  clock.release()
  await received(2)
  const ids = events.map(event => (event.type === 'payment_intent.succeeded' ? event.data.object.id : undefined))
  expect(ids).toEqual([second.id, first.id])
})

test('an event can be lost, and is still in the list of events', async () => {
  const { webhook, events, received } = await merchant()
  const { stripe, order } = await provider({ webhook })
  await order('webhooks', { deliver: 'never' })
  await stripe.paymentIntents.create(pay)
  await order('webhooks', { deliver: 'once' })
  const second = await stripe.paymentIntents.create(pay)
  await received(1)
  expect(events).toMatchObject([{ data: { object: { id: second.id } } }])
  expect((await stripe.events.list()).data).toHaveLength(2)
})

test('an event that could not be brought before a restart is brought after it', async () => {
  const journal = memoryJournal()
  const before = await provider({ journal })
  const { id } = await before.stripe.paymentIntents.create(pay)
  await before.stop()
  const { webhook, events, received } = await merchant()
  await provider({ journal, webhook })
  await received(1)
  expect(events).toMatchObject([{ data: { object: { id } } }])
})
