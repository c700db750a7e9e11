/**
 * Webhooks signed by the Standard Webhooks scheme, so that stores in any language verify them with the libraries they
 * have: HMAC-SHA-256 over `id.timestamp.body`, under a secret spelled `whsec_…`. Several secrets at once, while one is
 * being replaced. A webhook may come again and out of order: the id tells, and what it says is safe to hear twice.
 */
import { type Bytes, equal, utf8 } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from './crypto.ts'
import { type Refusal, refusal } from './refusal.ts'

export interface Webhook {
  /** The same for every attempt to deliver the same event. */
  readonly id: string
  /** Seconds since 1970, of this attempt. */
  readonly timestamp: number
  /** The body as it travels: not parsed and written again. */
  readonly body: string
}

/** As HTTP carries them; names in lower case. */
export interface WebhookHeaders {
  readonly 'webhook-id': string
  readonly 'webhook-timestamp': string
  readonly 'webhook-signature': string
}

/** A webhook signed longer ago, or further ahead, than this is refused as a replay. */
export const WEBHOOK_TOLERANCE_SECONDS = 300

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/
/** The scheme wants 24 to 64. */
const SECRET_BYTES = { least: 24, most: 64 }

/** @returns undefined when it is not spelled `whsec_` and base64 of 24 to 64 bytes */
export function webhookKey(secret: string): Bytes | undefined {
  const base64 = SECRET.exec(secret)?.[1]
  if (base64 === undefined || base64.length % 4 !== 0) return undefined
  const key = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
  return key.length >= SECRET_BYTES.least && key.length <= SECRET_BYTES.most ? key : undefined
}

/** A secret with these bytes, as it is shown to the store. */
export const webhookSecret = (key: Bytes): string => `whsec_${base64(key)}`

/**
 * @param keys  of webhookKey, one signature each
 * @returns     the headers to send it with
 */
export const signWebhook = (crypto: Crypto, keys: readonly Bytes[], webhook: Webhook): WebhookHeaders => ({
  'webhook-id': webhook.id,
  'webhook-timestamp': String(webhook.timestamp),
  'webhook-signature': keys.map(key => `v1,${base64(signatureOf(crypto, key, webhook))}`).join(' '),
})

/**
 * The webhook, when one of its signatures was made under one of these keys, just now.
 *
 * @refuses data-wrong (a header is missing or malformed) · clock-differs (too old or too new) · signature-wrong
 */
export function verifyWebhook(
  crypto: Crypto,
  keys: readonly Bytes[],
  headers: WebhookHeaders,
  body: string,
  nowSeconds: number,
): Result<Webhook, Refusal> {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures } = headers
  if (id === '') return no(refusal('data-wrong', { field: 'webhook-id' }))
  if (!/^[1-9]\d{0,11}$/.test(time)) return no(refusal('data-wrong', { field: 'webhook-timestamp' }))
  const webhook = { id, timestamp: Number(time), body }
  const given = signatures
    .split(' ')
    .flatMap(signature => (signature.startsWith('v1,') ? [utf8(signature.slice(3))] : []))
  const wanted = keys.map(key => utf8(base64(signatureOf(crypto, key, webhook))))
  if (!given.some(signature => wanted.some(want => equal(signature, want)))) return no(refusal('signature-wrong'))
  const apartSeconds = nowSeconds - webhook.timestamp
  return Math.abs(apartSeconds) <= WEBHOOK_TOLERANCE_SECONDS
    ? ok(webhook)
    : no(refusal('clock-differs', { apartSeconds }))
}

const signatureOf = (crypto: Crypto, key: Bytes, { id, timestamp, body }: Webhook): Bytes =>
  crypto.hmac(key, utf8(`${id}.${timestamp}.${body}`))

const base64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes))
