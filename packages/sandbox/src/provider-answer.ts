/**
 * What the card provider answers: a status and a body. Refusals have Stripe's shape, `{error: {type, code, …}}`, its
 * statuses and its wording, because a merchant's server branches on them.
 */
import { type No, no } from '@kozeni/base/result'
import type { CardError, PaymentIntent } from './provider-object.ts'

export interface Answer {
  readonly status: number
  readonly body: object
}

/** The inside of `{error: …}`; names are Stripe's. */
export interface ErrorBody {
  readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'
  readonly code?: string
  readonly decline_code?: string
  readonly message_code?: string
  readonly message: string
  readonly param?: string
  readonly charge?: string
  readonly payment_intent?: PaymentIntent
}

/** The object asked for, or made. */
export const found = (body: object): Answer => ({ status: 200, body })

/** A refusal in Stripe's shape, under the HTTP status that its SDKs turn into an error class. */
export const failed = (status: number, error: ErrorBody): Answer => ({ status, body: { error } })

/** The request itself is wrong; nothing has changed. */
export const invalid = (message: string, more: Partial<ErrorBody> = {}): No<Answer> =>
  no(failed(400, { type: 'invalid_request_error', message, ...more }))

/**
 * There is no such object.
 *
 * @param param  the parameter that named it, as the API calls it
 */
export const missing = (what: string, id: string, param: string): No<Answer> =>
  no(
    failed(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: `No such ${what}: '${id}'`,
      param,
    }),
  )

/** The card said no; the intent, which stays open, travels with the refusal. */
export const declined = (error: CardError, intent: PaymentIntent): Answer =>
  failed(402, { ...error, payment_intent: intent })

/** No secret key, or not this account's. */
export const unauthorized = (message: string): Answer => failed(401, { type: 'invalid_request_error', message })

/** The provider is broken, and says nothing about what it has done. */
export const outage = (): Answer =>
  failed(500, { type: 'api_error', message: 'Sorry! There was an error while talking to the payment system.' })

/** The API has no such endpoint. */
export const unknownUrl = (method: string, path: string): Answer =>
  failed(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${method}: ${path}).` })

/** The first request under this key is still running. Kept for nobody: the same request may come again. */
export const keyInUse = (key: string): Answer =>
  failed(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: `There is currently another in-progress request using this Idempotent Key: ${key}`,
  })

/**
 * The key has an answer already, and it is not the answer to this request.
 *
 * @param because  what it can only be used for
 */
export const keyReused = (key: string, because: string): Answer =>
  failed(400, {
    type: 'idempotency_error',
    message: `Keys for idempotent requests can only be used ${because}. Try using a key other than '${key}' if you meant to execute a different request.`,
  })
