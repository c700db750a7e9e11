/** Bytes and their spellings. Numbers are big-endian everywhere, as ISO 7816 and EMV have them. */
import { assert, Bug } from './assert.ts'

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
  if (!isHex(text)) throw new Bug(`lower-case hexadecimal, not ${text.length} other characters`)
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (nibble(text.charCodeAt(2 * i)) << 4) | nibble(text.charCodeAt(2 * i + 1))
  return bytes
}

/** Of the character code of 0-9 or a-f. */
const nibble = (code: number): number => (code < 0x61 ? code - 0x30 : code - 0x57)

/** All parts, one after the other. */
export function concat(...parts: readonly Bytes[]): Bytes {
  let size = 0
  for (const part of parts) size += part.length
  const whole = new Uint8Array(size)
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

const encoder = new TextEncoder()

/** The text in UTF-8. */
export const utf8 = (text: string): Bytes => ascii(text) ?? encoder.encode(text)

/** Most text is, and short text is copied faster than it is encoded. */
function ascii(text: string): Bytes | undefined {
  if (text.length > 64) return undefined
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return undefined
    bytes[i] = code
  }
  return bytes
}

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
  const bytes = new Uint8Array(size)
  putBigEndian(value, bytes, 0, size)
  return bytes
}

/** Writes `value` into `size` bytes of `into` from `at` on, big-endian. A bug unless it fits. */
export function putBigEndian(value: bigint | number, into: Bytes, at: number, size: number): void {
  if (size > SMALL) return putLarge(BigInt(value), into, at, size)
  let rest = Number(value)
  if (!(rest >= 0 && rest < (LIMITS[size] ?? 0) && Number.isInteger(rest))) throw unfit(value, size)
  for (let i = at + size - 1; i >= at; i--) {
    into[i] = rest & 0xff
    rest = Math.floor(rest / 256)
  }
}

/** As many bytes as a JavaScript number counts exactly. */
const SMALL = 6

/** What no longer fits none, one, … six bytes. */
const LIMITS = Array.from({ length: SMALL + 1 }, (_, size) => 256 ** size)

function putLarge(value: bigint, into: Bytes, at: number, size: number): void {
  let rest = value
  if (rest < 0n || rest >= 1n << BigInt(8 * size)) throw unfit(value, size)
  for (let i = at + size - 1; i >= at; i--) {
    into[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
}

/** A bug; its words are made only when there is one. */
const unfit = (value: bigint | number, size: number): Bug => new Bug(`0 <= ${value} < 2^${8 * size}`)

/** The unsigned number that the bytes spell, big-endian. */
export function fromBigEndian(bytes: Bytes): bigint {
  let value = 0n
  for (let at = 0; at < bytes.length; at += SMALL) {
    const end = Math.min(at + SMALL, bytes.length)
    value = (value << BigInt(8 * (end - at))) | BigInt(smallFrom(bytes, at, end))
  }
  return value
}

/** The unsigned number that up to six bytes spell, big-endian. */
export function numberFrom(bytes: Bytes): number {
  assert(bytes.length <= SMALL, `${bytes.length} <= ${SMALL} bytes`)
  return smallFrom(bytes, 0, bytes.length)
}

function smallFrom(bytes: Bytes, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * 256 + (bytes[i] ?? 0)
  return value
}

const SIXTY_FOUR = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** What a character of base64url is worth, by its code; NONE for every other one. */
const NONE = 64
const WORTH = Uint8Array.from({ length: 128 }, (_, code) => {
  const worth = SIXTY_FOUR.indexOf(String.fromCharCode(code))
  return worth === -1 ? NONE : worth
})

/** Twelve bits as two characters. */
const PAIRS = Array.from({ length: 4096 }, (_, bits) => `${SIXTY_FOUR[bits >> 6]}${SIXTY_FOUR[bits & 63]}`)

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Bytes): string {
  let text = ''
  const whole = bytes.length - (bytes.length % 3)
  for (let at = 0; at < whole; at += 3) text += pairsOf(bytes[at], bytes[at + 1], bytes[at + 2])
  const rest = bytes.length - whole
  return rest === 0 ? text : text + pairsOf(bytes[whole], bytes[whole + 1], 0).slice(0, rest + 1)
}

function pairsOf(first = 0, second = 0, third = 0): string {
  const bits = (first << 16) | (second << 8) | third
  return `${PAIRS[bits >> 12]}${PAIRS[bits & 0xfff]}`
}

/** The bytes behind base64url text, or undefined when it is none (or not the one canonical spelling). */
export function fromBase64url(text: string): Bytes | undefined {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array((text.length * 3) >> 2)
  let [held, bits, at] = [0, 0, 0]
  for (let i = 0; i < text.length; i++) {
    const worth = WORTH[text.charCodeAt(i)] ?? NONE
    if (worth === NONE) return undefined
    held = ((held << 6) | worth) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = held >> bits
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined
}
