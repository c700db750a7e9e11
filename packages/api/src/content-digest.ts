/** The digest of a body as a header field: RFC 9530, SHA-256. */
import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'

export const CONTENT_DIGEST = 'content-digest'

/** @returns the header's value for this body */
export const contentDigest = (crypto: Pick<Crypto, 'sha256'>, body: Bytes): string =>
  `sha-256=:${base64(crypto.sha256(body))}:`

/** Whether the header's SHA-256 is the body's; other algorithms beside it are ignored. */
export function digestFits(crypto: Pick<Crypto, 'sha256'>, header: string, body: Bytes): boolean {
  const ours = header.split(',').find(member => member.trim().startsWith('sha-256='))
  return ours?.trim() === contentDigest(crypto, body)
}

/** Standard base64 with padding (RFC 4648 §4), as structured fields spell bytes. */
export function base64(bytes: Bytes): string {
  const text = base64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(4 * Math.ceil(text.length / 4), '=')
}

/** The bytes behind standard base64, or undefined when it is none. */
export const fromBase64 = (text: string): Bytes | undefined =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0
    ? fromBase64url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'))
    : undefined
