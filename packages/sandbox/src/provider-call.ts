/**
 * One request to the card provider, told apart by method and path, with its form parameters flat as they were sent:
 * `metadata[load]` is a name like any other. No HTTP library here: the server and the tests build the same calls.
 */
import { ok, type Result } from '@kozeni/base/result'
import { type Answer, invalid } from './provider-answer.ts'
import type { Metadata } from './provider-object.ts'

export type Params = ReadonlyMap<string, string>

const routes = {
  'create-intent': ['POST', '/v1/payment_intents'],
  'confirm-intent': ['POST', '/v1/payment_intents/:id/confirm'],
  'capture-intent': ['POST', '/v1/payment_intents/:id/capture'],
  'cancel-intent': ['POST', '/v1/payment_intents/:id/cancel'],
  'create-refund': ['POST', '/v1/refunds'],
  'list-intents': ['GET', '/v1/payment_intents'],
  'search-intents': ['GET', '/v1/payment_intents/search'],
  'read-intent': ['GET', '/v1/payment_intents/:id'],
  'read-charge': ['GET', '/v1/charges/:id'],
  'list-refunds': ['GET', '/v1/refunds'],
  'read-refund': ['GET', '/v1/refunds/:id'],
  'list-events': ['GET', '/v1/events'],
  'read-event': ['GET', '/v1/events/:id'],
} as const satisfies Record<string, readonly [method: 'GET' | 'POST', pattern: string]>

export type CallName = keyof typeof routes

export interface Call {
  readonly name: CallName
  readonly path: string
  /** The `:id` of the path, or empty. */
  readonly id: string
  readonly params: Params
  readonly key: string | undefined
  readonly nowMs: number
}

const matchers = Object.entries(routes).map(([name, [method, pattern]]) => ({
  name: name as CallName,
  method,
  shape: new RegExp(`^${pattern.replace(':id', '(?<id>[^/]+)')}$`),
}))

/** @returns the call that `method` and `path` name, or undefined for a URL the API does not have */
export function route(method: string, path: string): Pick<Call, 'name' | 'id' | 'path'> | undefined {
  for (const matcher of matchers) {
    const match = matcher.method === method ? matcher.shape.exec(path) : null
    if (match !== null) return { name: matcher.name, id: match.groups?.['id'] ?? '', path }
  }
  return undefined
}

/** Equal for requests with the same parameters, in whatever order they were sent. */
export const fingerprint = (call: Call): string =>
  JSON.stringify([...call.params].sort(([a], [b]) => (a < b ? -1 : Number(a > b))))

/** The merchant's own names for the object: every `metadata[name]` of the request. */
export const metadataOf = (params: Params): Metadata =>
  Object.fromEntries(
    [...params].flatMap(([name, value]) => {
      const key = /^metadata\[(.+)\]$/.exec(name)?.[1]
      return key === undefined ? [] : [[key, value]]
    }),
  )

/** The eight digits that the API allows to an amount. */
const AMOUNT_MAX = 99_999_999

/** A whole number of minor units from 1 up, or `absent` when the request says nothing. */
export function amountOf(params: Params, param: string, absent?: number): Result<number, Answer> {
  const text = params.get(param)
  if (text === undefined && absent !== undefined) return ok(absent)
  if (text === undefined) return invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0)
    return invalid(`Invalid positive integer: ${text}`, { code: 'parameter_invalid_integer', param })
  if (Number(text) > AMOUNT_MAX)
    return invalid(`Amount must be no more than ${AMOUNT_MAX}`, { code: 'amount_too_large', param })
  return ok(Number(text))
}

/** The ISO 4217 code in lower case, as Stripe writes it. */
export function currencyOf(params: Params): Result<string, Answer> {
  const text = params.get('currency')
  if (text === undefined)
    return invalid('Missing required param: currency.', { code: 'parameter_missing', param: 'currency' })
  return /^[a-z]{3}$/.test(text) ? ok(text) : invalid(`Invalid currency: ${text}.`, { param: 'currency' })
}
