/**
 * What a store asks the center, and the strict reading of what it answers. How a request travels and is signed is the
 * caller's: anything of the shape Call will do. Fields that a newer center adds are ignored.
 */
import type { Currency } from '@kozeni/base/currency'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import {
  amountText,
  currencyText,
  list,
  object,
  optional,
  type Reader,
  readObject,
  string,
  sumText,
  timeText,
  whole,
  word,
} from '@kozeni/protocol/json'
import type { TransactionNumber } from '@kozeni/protocol/number'
import type { Verdict } from '@kozeni/protocol/proof'
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

/** What the center says of a number; the same in a query and in a webhook (T-5). */
export interface Payment {
  readonly number: TransactionNumber
  readonly amount: Money
  readonly currency: Currency
  /** `pending` may still change; the other two are final. */
  readonly verdict: 'pending' | Verdict
  /** Names the operation without telling the purse. */
  readonly operation: string | null
  /** There once the verdict is final. */
  readonly proof: string | null
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

/**
 * One settlement window, in minor units: what the window before carried, and sales on-line and off-line, less refunds and
 * fee, is net (paid out) and carried (zero or less, taken into the next window), to the unit (K-4).
 */
export interface Statement {
  readonly window: number
  /** Seconds since 1970; `until` is the first that is not in it. */
  readonly from: number
  readonly until: number
  readonly currency: Currency
  readonly online: Takings
  readonly offline: Takings
  readonly refunds: bigint
  readonly fee: bigint
  readonly net: bigint
  readonly carried: bigint
}

const takings = object<Takings>({ count: whole, amount: sumText })

const statement: Reader<Statement> = object<Statement>({
  window: whole,
  from: timeText,
  until: timeText,
  currency: currencyText,
  online: takings,
  offline: takings,
  refunds: sumText,
  fee: sumText,
  net: sumText,
  carried: sumText,
})

/** @refuses data-wrong, naming the field */
export const readPayment = (value: unknown): Result<Payment, Refusal> =>
  readObject<Payment>(value, {
    number: numberText,
    amount: amountText,
    currency: currencyText,
    verdict: word('pending', 'paid', 'not-paid'),
    operation: optional(operationText),
    proof: optional(string),
  })

/** The seeds of the present window and of the windows handed ahead. @spec T-3 */
export async function fetchSeeds(call: Call): Promise<Result<Handed, Refusal>> {
  const answer = await call({ method: 'GET', path: '/v1/stores/me/seeds' })
  return answer.ok ? readHanded(answer.value) : answer
}

/** What the center says of a number, now and for ever. @refuses not-found while no phone has brought it. @spec T-5 */
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
  return addingUp(statements)
}

function addingUp(statements: readonly Statement[]): Result<readonly Statement[], Refusal> {
  const carried = new Map(statements.map(one => [one.window, one.carried]))
  const wrong = statements.find(one => !addsUp(one, carried.get(one.window - 1) ?? 0n))
  return wrong === undefined ? ok(statements) : no(refusal('data-wrong', { check: 'sum', window: wrong.window }))
}

const addsUp = ({ online, offline, refunds, fee, net, carried }: Statement, before: bigint): boolean =>
  before + online.amount + offline.amount - refunds - fee === net + carried

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
