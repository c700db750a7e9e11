/** Bytes and their spellings. Numbers are big-endian everywhere, as ISO 7816 and EMV have them. */
import { assert } from './assert.ts'

export type Bytes = Uint8Array

export const NO_BYTES: Bytes = new Uint8Array(0)

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal, two digits a byte. */
export function hex(bytes: Bytes): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Whether `text` spells whole bytes in lower-case hexadecimal. */
export const isHex = (text: string): boolean => text.length % 2 === 0 && /^[0-9a-f]*$/.test(text)

/** The bytes that `text` spells. A bug unless isHex(text): check input from outside first. */
export function unhex(text: string): Bytes {
  assert(isHex(text), `lower-case hexadecimal, not ${text.length} other characters`)
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** All parts, one after the other. */
export function concat(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Same bytes? The time depends on the lengths alone. */
export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** The text in UTF-8. */
export const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

/** The text that the bytes spell in UTF-8, or undefined when they spell none. */
export function fromUtf8(bytes: Bytes): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** `value` in `size` bytes, big-endian. A bug unless it fits. */
export function bigEndian(value: bigint | number, size: number): Bytes {
  let rest = BigInt(value)
  assert(rest >= 0n && rest < 1n << BigInt(8 * size), `0 <= ${rest} < 2^${8 * size}`)
  const bytes = new Uint8Array(size)
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** The unsigned number that the bytes spell, big-endian. */
export function fromBigEndian(bytes: Bytes): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Bytes): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes behind base64url text, or undefined when it is none (or not the one canonical spelling). */
export function fromBase64url(text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, character => character.charCodeAt(0))
  return base64url(bytes) === text ? bytes : undefined
}
