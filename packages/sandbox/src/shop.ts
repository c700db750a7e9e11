/**
 * A sample shop: what a store's developer would write around the SDK, and no more. It offers sales, takes proofs from
 * phones and webhooks from the center, and lets goods go once a sale. HTTP in, HTTP out; the server is shop-main.ts.
 */
import { never } from '@kozeni/base/assert'
import type { Result } from '@kozeni/base/result'
import { parseJson } from '@kozeni/protocol/json'
import type { Refusal } from '@kozeni/protocol/refusal'
import { transactionJson } from '@kozeni/protocol/transaction'
import type { IncomingHeaders } from '@kozeni/store/event'
import { explain } from '@kozeni/store/explain'
import type { Sale, Settled } from '@kozeni/store/sale'
import type { Store } from '@kozeni/store/store'

/** Where goods leave the shop. The same number again is the same goods. */
export interface Counter {
  give(sale: Sale): Promise<void>
}

export interface ShopRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHeaders
  readonly body: string
}

export interface ShopAnswer {
  readonly status: number
  readonly body: unknown
}

type Fields = Readonly<Record<string, unknown>>

export class Shop {
  readonly #store: Store
  readonly #counter: Counter

  constructor(store: Store, counter: Counter) {
    this.#store = store
    this.#counter = counter
  }

  /** Hands over what was paid before the shop last died. Once, before the first request. */
  async finish(): Promise<void> {
    for (const sale of await this.#store.owed()) await this.#give(sale)
  }

  /** Answers one request; refusals leave with their code, facts and remedy. */
  async answer({ method, path, headers, body }: ShopRequest): Promise<ShopAnswer> {
    const [, number] = /^\/sales\/([^/]+)$/.exec(path) ?? []
    if (method === 'GET' && number !== undefined) return this.#told(await this.#store.status(decoded(number)))
    const order = `${method} ${path}`
    if (order === 'POST /sales') return this.#sell(fieldsOf(body))
    if (order === 'POST /proofs') return this.#told(await this.#store.honour(text(fieldsOf(body)['proof'])))
    if (order === 'POST /webhooks') return this.#hear(headers, body)
    if (order === 'POST /refunds') return this.#refund(fieldsOf(body))
    if (order === 'GET /statements') return answerOf(await this.#store.statements(), 200)
    return { status: 404, body: { code: 'not-found' } }
  }

  async #sell(fields: Fields): Promise<ShopAnswer> {
    const sold = await this.#store.sell({
      amount: minorUnits(fields['amount']),
      order: text(fields['order']),
      returnUrl: text(fields['returnUrl']),
      ...(typeof fields['terminal'] === 'string' && { terminal: fields['terminal'] }),
      ...(typeof fields['expiresInSeconds'] === 'number' && { expiresInSeconds: fields['expiresInSeconds'] }),
    })
    if (!sold.ok) return refused(sold.refusal)
    return { status: 201, body: { ...sold.value, transaction: transactionJson(sold.value.transaction) } }
  }

  async #told(settled: Result<Settled, Refusal>): Promise<ShopAnswer> {
    if (!settled.ok) return refused(settled.refusal)
    const { sale, handOver } = settled.value
    if (handOver) await this.#give(sale)
    const { orderReference: order, amount } = sale.transaction
    const goods = handOver ? 'given' : goodsOf(sale)
    return { status: 200, body: { number: sale.number, order, amount: String(amount), state: sale.state, goods } }
  }

  async #hear(headers: IncomingHeaders, body: string): Promise<ShopAnswer> {
    const heard = await this.#store.webhook(headers, body)
    if (!heard.ok) return refused(heard.refusal)
    if (heard.value.settled?.handOver) await this.#give(heard.value.settled.sale)
    return { status: 200, body: { heard: heard.value.id } }
  }

  async #refund({ number, amount, reason, key }: Fields): Promise<ShopAnswer> {
    const order = { number: text(number), amount: minorUnits(amount), reason: text(reason), key: text(key) }
    return answerOf(await this.#store.refund(order), 201)
  }

  /** Goods first, then the note: dying in between gives the same goods again, which the counter knows. */
  async #give(sale: Sale): Promise<void> {
    await this.#counter.give(sale)
    await this.#store.given(sale.number)
  }
}

/** What a phone is shown: goods given before, or none (yet). */
function goodsOf({ state }: Sale): 'given-before' | 'not-yet' | 'never' {
  switch (state) {
    case 'paid':
      return 'given-before'
    case 'open':
      return 'not-yet'
    case 'not-paid':
      return 'never'
    default:
      return never(state)
  }
}

const refused = (refusal: Refusal): ShopAnswer => {
  const { http, title, remedy, retry } = explain(refusal)
  return { status: http, body: { ...refusal, title, remedy, retry } }
}

const answerOf = <T>(result: Result<T, Refusal>, status: number): ShopAnswer =>
  result.ok ? { status, body: result.value } : refused(result.refusal)

/** The object that a body spells, or an empty one: each field is checked by the SDK. */
function fieldsOf(body: string): Fields {
  const value = parseJson(body)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Digits as JSON carries amounts, or a plain number; anything else is no amount, and the SDK says so. */
const minorUnits = (value: unknown): bigint | number => {
  if (typeof value === 'string' && /^[0-9]{1,10}$/.test(value)) return BigInt(value)
  return typeof value === 'number' ? value : -1
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}
