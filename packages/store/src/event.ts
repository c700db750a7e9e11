/** Webhooks as a store hears them: signed by the Standard Webhooks scheme, their body { type, timestamp, data }. */
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { parseJson, readObject, string } from '@kozeni/protocol/json'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { verifyWebhook, type WebhookHeaders, webhookKey } from '@kozeni/protocol/webhook'
import { type Payment, readPayment } from './center-client.ts'

/** Headers as Node has them, or as Fetch has them. */
export type IncomingHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null }

export interface Event {
  /** The same for every attempt to deliver it. */
  readonly id: string
  /** `payment.decided`, and others to come: what is not known is to be ignored. */
  readonly type: string
  readonly data: unknown
  /** What it says of a payment, when it is about one. */
  readonly payment: Payment | null
}

/**
 * @param secrets  `whsec_…`, any of them
 * @param body     exactly as it came
 * @refuses        signature-wrong · clock-differs · data-wrong
 */
export function readWebhook(
  crypto: Crypto,
  secrets: readonly string[],
  headers: IncomingHeaders,
  body: string,
  nowSeconds: number,
): Result<Event, Refusal> {
  const keys = secrets.flatMap(secret => webhookKey(secret) ?? [])
  const verified = verifyWebhook(crypto, keys, webhookHeaders(headers), body, nowSeconds)
  return verified.ok ? readEvent(verified.value.id, body) : verified
}

function readEvent(id: string, body: string): Result<Event, Refusal> {
  const read = readObject(parseJson(body), { type: string, data: anything })
  if (!read.ok) return read
  const { type, data } = read.value
  if (type !== 'payment.decided') return ok({ id, type, data, payment: null })
  const payment = readPayment(data)
  return payment.ok ? ok({ id, type, data, payment: payment.value }) : no(refusal('data-wrong', { field: 'data' }))
}

const anything = (value: unknown): NonNullable<unknown> | undefined => value ?? undefined

const webhookHeaders = (headers: IncomingHeaders): WebhookHeaders => ({
  'webhook-id': header(headers, 'webhook-id'),
  'webhook-timestamp': header(headers, 'webhook-timestamp'),
  'webhook-signature': header(headers, 'webhook-signature'),
})

function header(headers: IncomingHeaders, name: string): string {
  const value = isFetch(headers) ? headers.get(name) : headers[name]
  return typeof value === 'string' ? value : ''
}

const isFetch = (headers: IncomingHeaders): headers is { get(name: string): string | null } =>
  typeof headers['get'] === 'function'
