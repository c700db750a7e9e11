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
  /** The store's own name for this refund: the same name again is the same refund. */
  readonly key: string
}

export interface Refund {
  /** The center's name for it. */
  readonly refund: string
  readonly amount: Money
}

/** One settlement window; all sums in minor units. gross − refunds − fees − reserve = net, to the unit (K-4). */
export interface Statement {
  readonly window: number
  /** Seconds since 1970; `until` is the first that is not in it. */
  readonly from: number
  readonly until: number
  readonly currency: Currency
  readonly gross: bigint
  readonly refunds: bigint
  readonly fees: bigint
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

const statement: Reader<Statement> = object<Statement>({
  window: whole,
  from: whole,
  until: whole,
  currency: currencyText,
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
  return answer.ok ? readObject<Refund>(answer.value, { refund: string, amount: amountText }) : answer
}

/** Every settled window, the latest first; each is checked to add up. @refuses data-wrong (check: sum) */
export async function fetchStatements(call: Call): Promise<Result<readonly Statement[], Refusal>> {
  const answer = await call({ method: 'GET', path: '/v1/stores/me/statements' })
  if (!answer.ok) return answer
  const read = readObject(answer.value, { statements: list(statement) })
  if (!read.ok) return read
  const wrong = read.value.statements.find(one => one.gross - one.refunds - one.fees - one.reserve !== one.net)
  return wrong === undefined
    ? ok(read.value.statements)
    : no(refusal('data-wrong', { check: 'sum', window: wrong.window }))
}

/** Tells a restored center what this store has honoured (F-12). */
export async function reportHonoured(
  call: Call,
  epoch: number,
  sales: readonly Sale[],
): Promise<Result<unknown, Refusal>> {
  const honoured = sales.flatMap(({ number, decision }) =>
    decision === null
      ? []
      : [{ number, verdict: decision.verdict, operation: decision.operation, epoch: decision.epoch }],
  )
  return call({ method: 'POST', path: '/v1/stores/me/honoured', body: { epoch, honoured } })
}
