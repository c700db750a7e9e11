/**
 * What a store asks the center, and the strict reading of what it answers. How a request travels and is signed is the
 * caller's: anything of the shape Call will do.
 */

import type { Currency } from '@kozeni/base/currency'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import {
  amountText,
  currencyText,
  list,
  nullable,
  object,
  optional,
  type Reader,
  readObject,
  string,
  sumText,
  whole,
  word,
} from '@kozeni/protocol/json'
import type { TransactionNumber } from '@kozeni/protocol/number'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Handed, readHanded } from './chest.ts'
import { numberText, operationText } from './entry.ts'
import type { Sale } from './sale.ts'

export interface CallRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** Idempotency key: the same key with the same body is the same request. */
  readonly key?: string
}

/** One signed request to the center, and the JSON it answers. */
export type Call = (request: CallRequest) => Promise<Result<unknown, Refusal>>

/** What the center knows of a number; the same in a query and in a webhook (T-5). */
export interface Payment {
  readonly number: TransactionNumber
  /** `unknown`: no phone has brought it. `pending`: not decided yet. The other two are final. */
  readonly state: 'unknown' | 'pending' | 'paid' | 'not-paid'
  /** What was decided; null until then. */
  readonly decided: {
    readonly amount: Money
    readonly currency: Currency
    readonly operation: string
    readonly epoch: number
    readonly proof: string
  } | null
}

export interface RefundOrder {
  readonly number: TransactionNumber
  readonly amount: Money
  readonly reason: string
  /** Idempotency key. */
  readonly key: string
}

export interface Refund {
  /** The center's name for it. */
  readonly refund: string
  readonly amount: Money
  /** `waiting` until the purse meets the center; `done` when its chip has it. */
  readonly stage: 'waiting' | 'open' | 'done' | 'given-back'
}

/** So many sales, and what they come to. */
export interface Takings {
  readonly count: number
  readonly amount: bigint
}

/** One settlement window; sums in minor units. gross − refunds − fees − reserve = net, to the unit (K-4). */
export interface Statement {
  readonly window: number
  /** Seconds since 1970; `until` is the first that is not in it. */
  readonly from: number
  readonly until: number
  readonly currency: Currency
  readonly online: Takings
  readonly offline: Takings
  /** Both of them. */
  readonly gross: bigint
  readonly refunds: bigint
  readonly fees: bigint
  /** Kept back by this window or, below zero, taken over from the one before. */
  readonly reserve: bigint
  readonly net: bigint
}

const payment: Reader<Payment> = object<Payment>({
  number: numberText,
  state: word('unknown', 'pending', 'paid', 'not-paid'),
  decided: nullable(
    object({ amount: amountText, currency: currencyText, operation: operationText, epoch: whole, proof: string }),
  ),
})

const takings = object<Takings>({ count: whole, amount: sumText })

const statement: Reader<Statement> = object<Statement>({
  window: whole,
  from: whole,
  until: whole,
  currency: currencyText,
  online: takings,
  offline: takings,
  gross: sumText,
  refunds: sumText,
  fees: sumText,
  reserve: sumText,
  net: sumText,
})

/** @refuses data-wrong */
export const readPayment = (value: unknown): Result<Payment, Refusal> => {
  const read = payment(value)
  return read === undefined ? no(refusal('data-wrong', { field: 'payment' })) : ok(read)
}

/** The seeds of the present window and of the windows handed ahead. @spec T-3 */
export async function fetchSeeds(call: Call): Promise<Result<Handed, Refusal>> {
  const answer = await call({ method: 'GET', path: '/v1/stores/me/seeds' })
  return answer.ok ? readHanded(answer.value) : answer
}

/** What the center says of a number, now and for ever. @spec T-5 */
export async function fetchPayment(call: Call, number: TransactionNumber): Promise<Result<Payment, Refusal>> {
  const answer = await call({ method: 'GET', path: `/v1/stores/me/payments/${number}` })
  return answer.ok ? readPayment(answer.value) : answer
}

/** Orders a refund of a paid sale, in whole or in part. @refuses refund-too-large · not-found */
export async function orderRefund(call: Call, { key, ...order }: RefundOrder): Promise<Result<Refund, Refusal>> {
  const body = { ...order, amount: String(order.amount) }
  const answer = await call({ method: 'POST', path: '/v1/stores/me/refunds', body, key })
  const stage = word('waiting', 'open', 'done', 'given-back')
  return answer.ok ? readObject<Refund>(answer.value, { refund: string, amount: amountText, stage }) : answer
}

const STATEMENTS = '/v1/stores/me/statements'

/** Every settled window, the newest first; each is checked to add up. @refuses data-wrong (check: sum) */
export async function fetchStatements(call: Call): Promise<Result<readonly Statement[], Refusal>> {
  const statements: Statement[] = []
  for (let path: string | undefined = STATEMENTS; path !== undefined; ) {
    const answer = await call({ method: 'GET', path })
    const page = answer.ok ? readObject(answer.value, { statements: list(statement), next: optional(string) }) : answer
    if (!page.ok) return page
    statements.push(...page.value.statements)
    path = page.value.next === null ? undefined : `${STATEMENTS}?after=${encodeURIComponent(page.value.next)}`
  }
  const wrong = statements.find(one => !addsUp(one))
  return wrong === undefined ? ok(statements) : no(refusal('data-wrong', { check: 'sum', window: wrong.window }))
}

const addsUp = ({ online, offline, gross, refunds, fees, reserve, net }: Statement): boolean =>
  online.amount + offline.amount === gross && gross - refunds - fees - reserve === net

/** At once, at most; more go in parts. */
const HONOURED_MAX = 1000

/**
 * Tells a restored center what this store has honoured, and that this was all; any part of it again is harmless.
 *
 * @spec F-12
 */
export async function reportHonoured(
  call: Call,
  epoch: number,
  sales: readonly Sale[],
): Promise<Result<unknown, Refusal>> {
  const all = sales.flatMap(({ number, decision }) =>
    decision === null
      ? []
      : [{ number, verdict: decision.verdict, operation: decision.operation, epoch: decision.epoch }],
  )
  for (let at = 0; at === 0 || at < all.length; at += HONOURED_MAX) {
    const honoured = all.slice(at, at + HONOURED_MAX)
    const last = at + HONOURED_MAX >= all.length
    const answer = await call({ method: 'POST', path: '/v1/stores/me/honoured', body: { epoch, last, honoured } })
    if (!answer.ok) return answer
  }
  return ok(undefined)
}
