/** The digest of a body as a header field: RFC 9530, SHA-256. */
import { type Bytes, equal, utf8 } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'

export const CONTENT_DIGEST = 'content-digest'

/** @returns the header's value for this body */
export const contentDigest = (crypto: Crypto, body: Bytes): string => `sha-256=:${base64(crypto.sha256(body))}:`

/** Whether the header's SHA-256 is the body's; other algorithms beside it are ignored. */
export function digestFits(crypto: Crypto, header: string, body: Bytes): boolean {
  const ours = header.split(',').find(member => member.trim().startsWith('sha-256='))
  return ours !== undefined && equal(utf8(ours.trim()), utf8(contentDigest(crypto, body)))
}

/** Standard base64 with padding (RFC 4648 §4), as structured fields spell bytes. */
export const base64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes))

/** The bytes behind standard base64, or undefined when it is none. */
export function fromBase64(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0))
  return base64(bytes) === text ? bytes : undefined
}
