/**
 * Card payments by Stripe's own SDK, against Stripe or a double of it (host, port, protocol). One PaymentIntent a load,
 * found again by its metadata. What the provider has answered under a key is final; a look at its list tells the rest.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, fromUtf8 } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Currency } from '@kozeni/base/currency'
import { isId, type LoadId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import Stripe from 'stripe'
import type { LoadRow } from './book.ts'
import type { Captured, CaptureNotice, Checked, FundingSource, GivenBack } from './funding.ts'

/** What kept the provider from answering, in its own words. */
export interface Trouble {
  readonly type: string
  readonly status: number | undefined
  readonly code: string | undefined
}

export interface StripeOptions {
  readonly secretKey: string
  readonly webhookSecret: string
  readonly clock: Clock
  /** Hears of every answer that was none: an operator should see a wrong key. Holds no secret. */
  readonly onTrouble?: (trouble: Trouble) => void
  /** A double of the provider; without it, the provider itself. */
  readonly double?: { readonly host: string; readonly port: number; readonly protocol: 'http' | 'https' }
}

/** The provider forgets a key after a day: from then on repeating a capture would be another one. */
const REPEATABLE_MS = 20 * 3_600_000
/** No request is under way for longer: what is not in the list by then was not taken. */
const ENDED_MS = 10 * 60_000
const TIMEOUT_MS = 20_000
/** The provider's clock may be behind ours. */
const CLOCK_DOUBT_SECONDS = 3600

const UNKNOWN: Captured = { state: 'unknown' }
const declined = (reason: string): Captured => ({ state: 'declined', reason })

export class StripeFunding implements FundingSource {
  readonly #stripe: Stripe
  readonly #options: StripeOptions

  constructor(options: StripeOptions) {
    this.#options = options
    const common = { maxNetworkRetries: 0, timeout: TIMEOUT_MS, telemetry: false }
    this.#stripe = new Stripe(options.secretKey, { ...common, ...options.double })
  }

  async capture(load: LoadRow): Promise<Checked> {
    if (load.cancelled || this.#age(load) > REPEATABLE_MS) return await this.#look(load)
    const amount = providerAmount(load.amount, load.currency)
    if (amount === undefined) return declined('amount-not-payable')
    try {
      const intent = await this.#pay(load, amount)
      const said = await this.#stateOf(intent, load)
      // asked for before, perhaps by a center whose book was lost since: it may have gone back
      const replayed = intent.lastResponse.headers['idempotent-replayed'] === 'true'
      return replayed && said.state === 'captured' ? await this.#unlessReturned(said) : said
    } catch (error) {
      return await this.#afterFailure(error, load)
    }
  }

  async check(load: LoadRow): Promise<Checked> {
    const said = await this.#look(load)
    return said.state === 'captured' ? await this.#unlessReturned(said) : said
  }

  async #unlessReturned(said: Captured & { readonly state: 'captured' }): Promise<Checked> {
    try {
      const { data } = await this.#stripe.refunds.list({ payment_intent: said.capture, limit: 10 })
      return data.some(isMade) ? { state: 'given-back' } : said
    } catch (error) {
      return this.#unknown(error)
    }
  }

  async #look(load: LoadRow): Promise<Captured> {
    try {
      const intent = await this.#find(load)
      if (intent !== undefined) return await this.#stateOf(intent, load)
    } catch (error) {
      return this.#unknown(error)
    }
    return this.#age(load) > ENDED_MS ? declined('not-taken') : UNKNOWN
  }

  async giveBack({ capture, load, currency }: LoadRow, amount: Money): Promise<GivenBack> {
    assert(capture !== undefined, 'what is given back was captured')
    return await this.#refund(capture, load, providerAmount(amount, currency))
  }

  async giveBackStray({ capture, load }: CaptureNotice): Promise<GivenBack> {
    return await this.#refund(capture, load)
  }

  hear(body: Bytes, signature: string): Result<CaptureNotice | undefined, Refusal> {
    const text = fromUtf8(body)
    if (text === undefined) return no(refusal('input-wrong', { part: 'body', field: 'body' }))
    try {
      return ok(noticeOf(this.#stripe.webhooks.constructEvent(text, signature, this.#options.webhookSecret)))
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) return no(refusal('signature-wrong'))
      if (error instanceof SyntaxError) return no(refusal('input-wrong', { part: 'body', field: 'body' }))
      throw error
    }
  }

  #age = (load: LoadRow): number => this.#options.clock.now() - load.at

  #pay({ load, purse, method, currency }: LoadRow, amount: number) {
    return this.#stripe.paymentIntents.create(
      {
        amount,
        currency: currency.toLowerCase(),
        payment_method: method,
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        confirm: true,
        metadata: { load, purse },
      },
      { idempotencyKey: load },
    )
  }

  /** Only a card's no, and a request that was never accepted, are a no; anything else may have happened. */
  async #afterFailure(error: unknown, load: LoadRow): Promise<Captured> {
    if (error instanceof Stripe.errors.StripeCardError) return declined(error.decline_code ?? error.code ?? 'card')
    if (error instanceof Stripe.errors.StripeInvalidRequestError && neverAccepted(error))
      return declined(error.code ?? error.param ?? 'request')
    if (!(error instanceof Stripe.errors.StripeAPIError)) return this.#unknown(error)
    const found = await this.#look(load)
    const final = error.headers?.['idempotent-replayed'] === 'true'
    return found.state === 'unknown' && final ? await this.#absent(load) : found
  }

  /** The provider's final answer was an outage: nothing was taken when its list has nothing. */
  async #absent(load: LoadRow): Promise<Captured> {
    try {
      return (await this.#find(load)) === undefined ? declined('provider-failed') : UNKNOWN
    } catch (error) {
      return this.#unknown(error)
    }
  }

  /** By the list and not by the search, which may lag a minute behind. */
  async #find(load: LoadRow): Promise<Stripe.PaymentIntent | undefined> {
    const from = Math.floor(load.at / 1000) - CLOCK_DOUBT_SECONDS
    for await (const intent of this.#stripe.paymentIntents.list({ created: { gte: from }, limit: 100 })) {
      if (intent.metadata['load'] === load.load) return intent
    }
    return undefined
  }

  async #stateOf(intent: Stripe.PaymentIntent, load: LoadRow): Promise<Captured> {
    if (intent.status === 'succeeded') {
      const whole = intent.amount_received === providerAmount(load.amount, load.currency)
      return whole ? { state: 'captured', capture: intent.id } : UNKNOWN
    }
    if (intent.status === 'requires_payment_method') return declined(intent.last_payment_error?.decline_code ?? 'card')
    if (intent.status === 'canceled') return declined('canceled')
    return intent.status === 'requires_action' ? await this.#giveUp(intent) : UNKNOWN
  }

  /** The holder is not there to be asked by the bank: the intent is ended, so that it cannot be paid later. */
  async #giveUp(intent: Stripe.PaymentIntent): Promise<Captured> {
    try {
      await this.#stripe.paymentIntents.cancel(intent.id)
      return declined('authentication_required')
    } catch (error) {
      return this.#unknown(error)
    }
  }

  /** @param amount  as the provider counts it; undefined for all of it */
  async #refund(capture: string, load: LoadId, amount?: number): Promise<GivenBack> {
    try {
      const { data } = await this.#stripe.refunds.list({ payment_intent: capture, limit: 10 })
      const made = data.find(isMade)
      const refund = made ?? (await this.#newRefund(capture, load, amount))
      return refund.status === 'succeeded' ? 'given-back' : 'unknown'
    } catch (error) {
      this.#unknown(error)
      return 'unknown'
    }
  }

  /** What the provider says is the world's; what anything else throws is a bug. */
  #unknown(error: unknown): Captured {
    if (!(error instanceof Stripe.errors.StripeError)) throw error
    this.#options.onTrouble?.({ type: error.type, status: error.statusCode, code: error.code })
    return UNKNOWN
  }

  #newRefund = (capture: string, load: LoadId, amount: number | undefined): Promise<Stripe.Refund> =>
    this.#stripe.refunds.create(
      { payment_intent: capture, metadata: { load }, ...(amount !== undefined && { amount }) },
      { idempotencyKey: `refund:${load}` },
    )
}

const isMade = ({ status }: Stripe.Refund): boolean => status === 'succeeded' || status === 'pending'

const neverAccepted = ({ statusCode }: Stripe.errors.StripeInvalidRequestError): boolean =>
  statusCode === 400 || statusCode === 404

function noticeOf(event: Stripe.Event): CaptureNotice | undefined {
  if (event.type !== 'payment_intent.succeeded') return undefined
  const { id, metadata } = event.data.object
  const load = metadata['load']
  return load !== undefined && isId(load) ? { load: load as LoadId & typeof load, capture: id } : undefined
}

/** ISO 4217 has no minor unit for these, and the provider wants two digits all the same. */
const TWO_DIGITS_THERE: readonly string[] = ['ISK', 'UGX']
/** ISO 4217 has three digits, and the provider takes whole tens only. */
const THREE_DIGITS: readonly string[] = ['BHD', 'KWD', 'TND']
const PROVIDER_MAX = 99_999_999n

/**
 * The amount as the provider counts it: minor units as ISO 4217 has them, but for a few currencies.
 *
 * @returns undefined when the provider cannot take exactly that amount
 */
export function providerAmount(amount: Money, currency: Currency): number | undefined {
  if (THREE_DIGITS.includes(currency) && amount % 10n !== 0n) return undefined
  const there = TWO_DIGITS_THERE.includes(currency) ? amount * 100n : amount
  return there <= PROVIDER_MAX ? Number(there) : undefined
}
