/**
 * Test mode: a center in memory that behaves to a store as the real one does. It hands seeds, pays or declines links as
 * a holder's phone would, makes proofs and signed webhooks, answers queries, refunds and statements, and can be down,
 * revoke seeds or come back from a backup. Its master key is public: nothing it says is worth money.
 */
import { hex, utf8 } from '@kozeni/base/bytes'
import { type Clock, seconds, systemClock } from '@kozeni/base/clock'
import { type StoreId, id as storeId } from '@kozeni/base/ids'
import { money, subtract, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { amountText, readObject, string } from '@kozeni/protocol/json'
import { checkNumber, type TransactionNumber } from '@kozeni/protocol/number'
import { type Offer, readPayLink } from '@kozeni/protocol/paylink'
import { makeProof, type Verdict } from '@kozeni/protocol/proof'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { seedOf, type WindowRule, windowOpen, windowsHanded } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import { signWebhook, type WebhookHeaders, webhookKey, webhookSecret } from '@kozeni/protocol/webhook'
import type { Call, CallRequest } from './center-client.ts'
import { handedJson } from './chest.ts'
import { numberText } from './entry.ts'

export interface TestCenterOptions {
  /** The store's name, sixteen hexadecimal digits. */
  readonly store: string
  readonly clock?: Clock
  readonly rule?: WindowRule
  readonly webhookSecret?: string
}

/** What the phone brings back, and the webhook that says the same. */
export interface Decided {
  readonly proof: string
  readonly webhook: { readonly headers: WebhookHeaders; readonly body: string }
}

interface Pay extends Offer {
  readonly verdict: Verdict
  readonly operation: string
  readonly epoch: number
  readonly refunded: bigint
}

const MASTER = utf8('kozeni test mode: a public key..')
export const TEST_WEBHOOK_SECRET = webhookSecret(utf8('kozeni test mode: public'))

/** A window a day, an hour of overlap, three windows ahead. */
export const TEST_RULE: WindowRule = { lengthSeconds: 86_400, overlapSeconds: 3600, ahead: 3 }

export class TestCenter {
  /** While true, every call is answered as an unreachable center. */
  down = false
  /** What a restored center was told by the store. */
  readonly reports: unknown[] = []
  readonly #crypto: Crypto = nobleCrypto
  readonly #clock: Clock
  readonly #rule: WindowRule
  readonly #store: StoreId
  readonly #secret: string
  readonly #pays = new Map<TransactionNumber, Pay>()
  readonly #refunds = new Map<string, unknown>()
  #generation = 1
  #epoch = 1
  #events = 0

  constructor({ store, clock = systemClock, rule = TEST_RULE, webhookSecret: secret }: TestCenterOptions) {
    this.#store = storeId<StoreId>(store)
    this.#clock = clock
    this.#rule = rule
    this.#secret = secret ?? TEST_WEBHOOK_SECRET
  }

  /** What the store calls instead of the network. */
  readonly call: Call = async request => {
    if (this.down) return no(refusal('center-unreachable'))
    return this.#answer(request)
  }

  /** A holder pays this link. @refuses as the center does: data-wrong · transaction-altered · window-closed · … */
  pay(link: string): Result<Decided, Refusal> {
    return this.#bring(link, 'paid')
  }

  /** A holder brings this link, and it ends as not paid. */
  decline(link: string): Result<Decided, Refusal> {
    return this.#bring(link, 'not-paid')
  }

  /** A new generation: every seed handed so far is worth nothing. */
  revoke(): void {
    this.#generation++
  }

  /** The center comes back from a backup, under a higher epoch. */
  restore(): void {
    this.#epoch++
  }

  /** A webhook of any type, signed. */
  webhook(type: string, data: unknown): Decided['webhook'] {
    const key = webhookKey(this.#secret)
    const timestamp = seconds(this.#clock.now())
    const body = JSON.stringify({ type, timestamp: new Date(1000 * timestamp).toISOString(), data })
    const sent = { id: `evt_${++this.#events}`, timestamp, body }
    return { headers: signWebhook(this.#crypto, key === undefined ? [] : [key], sent), body }
  }

  #bring(link: string, verdict: Verdict): Result<Decided, Refusal> {
    const offer = readPayLink(link)
    if (!offer.ok) return offer
    const refused = this.#objection(offer.value)
    if (refused !== undefined) return no(refused)
    const { transaction, number } = offer.value
    const operation = hex(this.#crypto.sha256(utf8(number)).slice(0, 16))
    const pay = { transaction, number, verdict, operation, epoch: this.#epoch, refunded: 0n }
    this.#pays.set(number, pay)
    const payment = this.#payment(pay)
    return ok({ proof: payment.decided.proof, webhook: this.webhook('payment.decided', payment) })
  }

  #objection({ transaction, number }: Offer): Refusal | undefined {
    const now = seconds(this.#clock.now())
    if (transaction.store !== this.#store) return refusal('store-unknown')
    const current = transaction.generation === this.#generation
    if (!current || !windowOpen(this.#rule, transaction.window, now)) return refusal('window-closed')
    const checked = checkNumber(this.#crypto, this.#seed(transaction), transaction, number)
    if (!checked.ok) return checked.refusal
    if (now >= transaction.expires) return refusal('sale-expired')
    return this.#pays.has(number) ? refusal('transaction-used') : undefined
  }

  #seed({ store, generation, window }: Transaction) {
    return seedOf(this.#crypto, MASTER, { store, generation, window })
  }

  #answer({ method, path, body, key }: CallRequest): Result<unknown, Refusal> {
    const [, number] = /^\/v1\/stores\/me\/payments\/(.+)$/.exec(path) ?? []
    if (number !== undefined) return this.#answerPayment(number)
    if (path === '/v1/stores/me/seeds') return ok(this.#hand())
    if (path === '/v1/stores/me/statements') return ok({ statements: this.#statements() })
    if (path === '/v1/stores/me/refunds' && method === 'POST') return this.#refund(body, key ?? '')
    if (path === '/v1/stores/me/honoured' && method === 'POST') return ok({ reports: this.reports.push(body) })
    return no(refusal('not-found'))
  }

  #hand() {
    const [store, generation, rule] = [this.#store, this.#generation, this.#rule]
    const seeds = windowsHanded(rule, seconds(this.#clock.now())).map(window => ({
      window,
      seed: seedOf(this.#crypto, MASTER, { store, generation, window }),
    }))
    return handedJson({ epoch: this.#epoch, generation, rule, seeds })
  }

  #answerPayment(text: string): Result<unknown, Refusal> {
    const number = numberText(text)
    if (number === undefined) return no(refusal('input-wrong', { field: 'number' }))
    const pay = this.#pays.get(number)
    return ok(pay === undefined ? { number, state: 'unknown', decided: null, refunded: '0' } : this.#payment(pay))
  }

  #payment({ transaction, number, verdict, operation, epoch, refunded }: Pay) {
    const { store, amount, currency } = transaction
    const said = { store, number, amount, currency, epoch, operation, verdict }
    const proof = makeProof(this.#crypto, this.#seed(transaction), said)
    const decided = { amount: String(amount), currency, operation, epoch, proof }
    return { number, state: verdict, decided, refunded: String(refunded) }
  }

  #refund(body: unknown, key: string): Result<unknown, Refusal> {
    const done = this.#refunds.get(key)
    if (done !== undefined) return ok(done)
    const read = readObject(body, { number: numberText, amount: amountText, reason: string })
    if (!read.ok) return read
    const { number, amount } = read.value
    const pay = this.#pays.get(number)
    if (pay?.verdict !== 'paid') return no(refusal('not-found'))
    const left = subtract(pay.transaction.amount, money(pay.refunded)) ?? ZERO
    if (amount > left) return no(refusal('refund-too-large', { left: String(left) }))
    const name = (this.#refunds.size + 1).toString(16).padStart(16, '0')
    const refund = {
      refund: name,
      number,
      amount: String(amount),
      currency: pay.transaction.currency,
      stage: 'waiting',
      at: new Date(this.#clock.now()).toISOString(),
    }
    this.#pays.set(number, { ...pay, refunded: pay.refunded + amount })
    this.#refunds.set(key, refund)
    return ok(refund)
  }

  /** One window with everything so far, at a fee of one in a hundred. */
  #statements() {
    const paid = [...this.#pays.values()].filter(({ verdict }) => verdict === 'paid')
    const [first] = paid
    if (first === undefined) return []
    const gross = paid.reduce((sum, { transaction }) => sum + transaction.amount, 0n)
    const refunds = paid.reduce((sum, { refunded }) => sum + refunded, 0n)
    const fees = gross / 100n
    const sums = { gross, refunds, fees, reserve: 0n, net: gross - refunds - fees }
    const { store, currency } = first.transaction
    const online = { count: paid.length, amount: String(gross) }
    const offline = { count: 0, amount: '0' }
    const texts = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, String(sum)]))
    return [{ store, window: 1, from: 0, until: seconds(this.#clock.now()), currency, online, offline, ...texts }]
  }
}
