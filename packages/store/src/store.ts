/**
 * A store's server at work: it makes transaction numbers, honours proofs of payment and asks the center what it needs to
 * know (T-1 … T-5). It sells while the center is down, for as long as its seeds last. Nothing is given out that is not
 * in its book, and each paid sale is handed over once.
 */
import { hex, utf8 } from '@kozeni/base/bytes'
import { type Clock, seconds } from '@kozeni/base/clock'
import type { Currency } from '@kozeni/base/currency'
import { isId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { isMoney, type Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { makeNumber, parseNumber, type TransactionNumber } from '@kozeni/protocol/number'
import { payLink } from '@kozeni/protocol/paylink'
import { checkProof, readProof } from '@kozeni/protocol/proof'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { soundTransaction, type Transaction } from '@kozeni/protocol/transaction'
import type { Book } from './book.ts'
import {
  type Call,
  fetchPayment,
  fetchSeeds,
  fetchStatements,
  orderRefund,
  type Payment,
  type Refund,
  reportHonoured,
  type Statement,
} from './center-client.ts'
import { type Event, type IncomingHeaders, readWebhook } from './event.ts'
import type { Decision, Sale, Settled } from './sale.ts'
import type { Present, Seeds } from './seeds.ts'

export interface StoreParts {
  readonly id: StoreId
  readonly currency: Currency
  readonly book: Book
  readonly seeds: Seeds
  readonly crypto: Crypto
  readonly clock: Clock
  readonly call: Call
  /** `whsec_…`; two while one is being replaced, none for a store without webhooks. */
  readonly webhookSecrets: readonly string[]
}

/** What is to be sold. */
export interface Order {
  /** Minor units of the store's currency: 1200n is 1,200 yen, or 12 dollars. */
  readonly amount: bigint | number
  /** The store's own name for the order, at most 64 bytes. */
  readonly order?: string
  /** Where the phone goes afterwards: https, or http on this machine. */
  readonly returnUrl?: string
  /** 900 unless told; never longer than the seed's window is open. */
  readonly expiresInSeconds?: number
  /** The kiosk or till, for sales at one. */
  readonly terminal?: string
}

/** A sale that can be paid now: show the link as a QR code, or open it on the phone. */
export interface Sold {
  readonly transaction: Transaction
  readonly number: TransactionNumber
  readonly link: string
}

/** A webhook that came from the center, and what it did to a sale, if it was about one. */
export interface Heard extends Event {
  readonly settled: Settled | null
}

const EXPIRES_IN_SECONDS = 900
/** Nothing is older: there is nothing to report. */
const FIRST_EPOCH = 1

export class Store {
  readonly #parts: StoreParts
  #refreshing: Promise<Result<void, Refusal>> | undefined
  /** Seconds since 1970. */
  #refreshedAt = 0

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  /**
   * Makes a transaction number. It is durable in the book before it is given out; the center learns of it only when a
   * phone brings it.
   *
   * @refuses data-wrong, naming the field · center-unreachable (check: seeds) when the store has run out of them
   * @spec    T-1, T-2, T-3
   */
  async sell(order: Order): Promise<Result<Sold, Refusal>> {
    const now = seconds(this.#parts.clock.now())
    const present = await this.#present(now)
    if (!present.ok) return present
    const draft = this.#draft(order, now, present.value)
    if (!draft.ok) return draft
    const { transaction, number } = await this.#parts.book.sell(sequence => {
      const transaction = { ...draft.value, sequence }
      return { transaction, number: makeNumber(this.#parts.crypto, present.value.seed, transaction) }
    })
    return ok({ transaction, number, link: payLink({ transaction, number }) })
  }

  /**
   * Takes a proof of payment, however it came. Needs no network. The first proof of a paid sale says `handOver`; the
   * same proof again says so no more, and gives the same sale.
   *
   * @refuses data-wrong · not-found (not in this store's book) · window-closed (revoked) · mac-wrong · sale-differs ·
   *          epoch-past
   * @spec    T-5, F-12
   */
  async honour(proof: string): Promise<Result<Settled, Refusal>> {
    const said = readProof(proof)
    if (!said.ok) return said
    const sale = await this.#parts.book.find(said.value.number)
    if (sale === undefined) return no(refusal('not-found', { what: 'sale' }))
    if (sale.decision?.proof === proof) return ok({ sale, handOver: false })
    const { generation, window } = sale.transaction
    const seed = this.#parts.seeds.find(generation, window)
    if (seed === undefined) return no(refusal('window-closed', { generation, window }))
    const checked = checkProof(this.#parts.crypto, seed, proof)
    if (!checked.ok) return checked
    const { verdict, operation, epoch } = checked.value
    return this.#decide(sale, checked.value, { verdict, operation, epoch, proof })
  }

  /**
   * What became of a sale: by the store's own book, or else by the center. Ask again for ever.
   *
   * @returns open while nothing is decided: a screen then says "pending"
   * @refuses data-wrong (a typing slip) · not-found · center-unreachable
   * @spec    T-5
   */
  async status(number: string): Promise<Result<Settled, Refusal>> {
    const sale = await this.#find(number)
    if (!sale.ok) return sale
    if (sale.value.decision !== null) return ok({ sale: sale.value, handOver: false })
    const payment = await fetchPayment(this.#parts.call, sale.value.number)
    return payment.ok ? this.#learn(sale.value, payment.value) : payment
  }

  /** A sale as the book has it, asking nobody. @refuses data-wrong (a typing slip) · not-found */
  sale(number: string): Promise<Result<Sale, Refusal>> {
    return this.#find(number)
  }

  /** Notes that the goods are with the customer, so that owed() no longer names the sale. @refuses not-found */
  async given(number: string): Promise<Result<Sale, Refusal>> {
    const parsed = parseNumber(number)
    if (!parsed.ok) return parsed
    const sale = await this.#parts.book.give(parsed.value)
    return sale === undefined ? no(refusal('not-found', { what: 'paid sale' })) : ok(sale)
  }

  /** Paid sales whose goods were not noted as given: what to finish after a crash. */
  owed(): Promise<readonly Sale[]> {
    return this.#parts.book.owed()
  }

  /**
   * Hears a webhook: who sent it, when, and what it says. One about a sale is honoured at once; one that comes twice
   * does nothing twice.
   *
   * @param body  exactly as it came, not parsed and written again
   * @refuses     signature-wrong · clock-differs · data-wrong, and whatever honour() refuses
   */
  async webhook(headers: IncomingHeaders, body: string): Promise<Result<Heard, Refusal>> {
    const { crypto, clock, webhookSecrets } = this.#parts
    const event = readWebhook(crypto, webhookSecrets, headers, body, seconds(clock.now()))
    if (!event.ok) return event
    const { payment } = event.value
    if (payment === null) return ok({ ...event.value, settled: null })
    const sale = await this.#find(payment.number)
    const settled = sale.ok ? await this.#learn(sale.value, payment) : sale
    return settled.ok ? ok({ ...event.value, settled: settled.value }) : settled
  }

  /**
   * Orders a refund, in whole or in part. Safe to repeat under the same key.
   *
   * @param key  the store's own name for this refund of this sale, any text
   * @refuses    data-wrong · not-found · refund-too-large · center-unreachable
   */
  async refund(order: {
    number: string
    amount: bigint | number
    reason: string
    key: string
  }): Promise<Result<Refund, Refusal>> {
    const sale = await this.#find(order.number)
    if (!sale.ok) return sale
    const amount = minorUnits(order.amount)
    if (!amount.ok) return amount
    const { number, transaction } = sale.value
    if (amount.value > transaction.amount)
      return no(refusal('refund-too-large', { amount: String(amount.value), sold: String(transaction.amount) }))
    return orderRefund(this.#parts.call, {
      number,
      amount: amount.value,
      reason: order.reason,
      key: this.#refundKey(number, order.key),
    })
  }

  /** The settled windows, each checked to add up to the unit. @refuses center-unreachable · data-wrong (check: sum) */
  statements(): Promise<Result<readonly Statement[], Refusal>> {
    return fetchStatements(this.#parts.call)
  }

  /** Until when the store can sell without the center: seconds since 1970, 0 when not at all. */
  get sellsUntil(): number {
    return this.#parts.seeds.lastUntil
  }

  /**
   * Fetches seeds for the windows to come. sell() does so by itself when they run low; a store that sells seldom calls
   * it now and then.
   *
   * @refuses whatever the center does; the seeds at hand stay
   * @spec    T-3, F-12
   */
  refreshSeeds(): Promise<Result<void, Refusal>> {
    this.#refreshedAt = seconds(this.#parts.clock.now())
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Lets the book go. */
  async close(): Promise<void> {
    await this.#refreshing?.catch(() => {})
    await this.#parts.book.close()
  }

  async #present(nowSeconds: number): Promise<Result<Present, Refusal>> {
    const { seeds } = this.#parts
    const present = seeds.present(nowSeconds)
    if (present.ok) {
      this.#refreshInTime(nowSeconds, present.value)
      return present
    }
    const refreshed = await this.refreshSeeds()
    const again = seeds.present(nowSeconds)
    return again.ok || refreshed.ok || refreshed.refusal.code === 'center-unreachable' ? again : refreshed
  }

  /** In the background, four times a window: a failure is told to whoever runs out, or asks. */
  #refreshInTime(nowSeconds: number, { opens, closes }: Present): void {
    if (nowSeconds - this.#refreshedAt >= (closes - opens) / 4) this.refreshSeeds().catch(() => {})
  }

  #draft(order: Order, now: number, { generation, window, closes }: Present): Result<Transaction, Refusal> {
    const { id: store, currency } = this.#parts
    const { orderReference, returnUrl, terminal, expiresInSeconds } = readOrder(order)
    const amount = minorUnits(order.amount)
    if (!amount.ok) return amount
    if (terminal !== null && !isTerminal(terminal)) return no(refusal('data-wrong', { field: 'terminal' }))
    if (!Number.isInteger(expiresInSeconds)) return no(refusal('data-wrong', { field: 'expiresInSeconds' }))
    const expires = Math.min(now + expiresInSeconds, closes)
    const told = { store, terminal, amount: amount.value, currency, orderReference, returnUrl }
    return soundTransaction({ ...told, sequence: 0, time: now, expires, generation, window })
  }

  async #refresh(): Promise<Result<void, Refusal>> {
    const handed = await fetchSeeds(this.#parts.call)
    if (!handed.ok) return handed
    await this.#parts.seeds.take(handed.value)
    return this.#fence(handed.value.epoch)
  }

  /** The floor first, durably: what is honoured after the report would be missing from it. */
  async #fence(epoch: number): Promise<Result<void, Refusal>> {
    const { book, call } = this.#parts
    const { floor, reported } = await book.epochs()
    if (epoch > floor) await book.raise({ floor: epoch })
    if (epoch <= Math.max(reported, FIRST_EPOCH)) return ok(undefined)
    const sales = await book.decided()
    const told = (await reportHonoured(call, epoch, sales)).ok
    if (told) await book.raise({ reported: epoch }) // else again with the next refresh; the seeds are good all the same
    return ok(undefined)
  }

  /** As the center wants its keys: plain letters, and no other sale's. */
  #refundKey(number: TransactionNumber, key: string): string {
    return hex(this.#parts.crypto.sha256(utf8(`refund ${number} ${key}`))).slice(0, 32)
  }

  async #find(number: string): Promise<Result<Sale, Refusal>> {
    const parsed = parseNumber(number)
    if (!parsed.ok) return parsed
    const sale = await this.#parts.book.find(parsed.value)
    return sale === undefined ? no(refusal('not-found', { what: 'sale' })) : ok(sale)
  }

  /** By the proof; where its seed is revoked, by the center's own word, which came signed or was asked for. */
  async #learn(sale: Sale, { state, decided }: Payment): Promise<Result<Settled, Refusal>> {
    if (decided === null || state === 'unknown' || state === 'pending') return ok({ sale, handOver: false })
    const honoured = await this.honour(decided.proof)
    if (honoured.ok || honoured.refusal.code !== 'window-closed') return honoured
    const { operation, epoch } = decided
    return this.#decide(sale, decided, { verdict: state, operation, epoch, proof: null })
  }

  async #decide(
    { number, transaction }: Sale,
    said: { readonly amount: Money; readonly currency: Currency },
    decision: Decision,
  ): Promise<Result<Settled, Refusal>> {
    const same = said.amount === transaction.amount && said.currency === transaction.currency
    return same ? this.#parts.book.decide(number, decision) : no(refusal('sale-differs', { field: 'amount' }))
  }
}

const isTerminal = (text: string): text is TerminalId => isId(text)

const readOrder = ({ order = '', returnUrl = '', expiresInSeconds = EXPIRES_IN_SECONDS, terminal }: Order) => ({
  orderReference: order,
  returnUrl,
  expiresInSeconds,
  terminal: terminal ?? null,
})

/** Whole minor units out of what JavaScript has for numbers. */
function minorUnits(amount: bigint | number): Result<Money, Refusal> {
  const whole = typeof amount === 'bigint' ? amount : Number.isSafeInteger(amount) ? BigInt(amount) : -1n
  return isMoney(whole) && whole > 0n ? ok(whole) : no(refusal('data-wrong', { field: 'amount' }))
}
