/**
 * Records whose fields have lengths of their own, as declarations: a prefix of two bytes (protocol version, type), then
 * every field in the declared order as length (2 bytes) and bytes. Two different values never have the same bytes, and
 * one value has one encoding only: what decodes to it but is spelled otherwise is refused. Fixed widths: struct.ts.
 */
import { Bug } from '@kozeni/base/assert'
import { type Bytes, equal, fromUtf8, NO_BYTES, putBigEndian, utf8 } from '@kozeni/base/bytes'
import { PROTOCOL_VERSION } from './header.ts'
import type { Field } from './struct.ts'

export interface Part<T> {
  /** Undefined for bytes that spell no such value. */
  read(bytes: Bytes): T | undefined
  write(value: T): Bytes
}

export interface Codec<T> {
  encode(value: T): Bytes
  decode(bytes: Bytes): T | undefined
}

/** A field of struct.ts, whose width never varies. */
export const fixed = <T>(field: Field<T>): Part<T> => ({
  read: bytes => (bytes.length === field.size ? field.read(bytes) : undefined),
  write: value => field.write(value),
})

/** Text of at most `maxBytes` in UTF-8. A lone surrogate has no bytes of its own, so writing one is a bug. */
export const text = (maxBytes: number): Part<string> => ({
  read: bytes => (bytes.length <= maxBytes ? fromUtf8(bytes) : undefined),
  write: value => {
    const bytes = utf8(value)
    if (bytes.length > maxBytes || !value.isWellFormed())
      throw new Bug(`well-formed text of ${bytes.length} <= ${maxBytes} bytes`)
    return bytes
  },
})

/** No bytes at all for null. */
export const orNull = <T>(part: Part<T>): Part<T | null> => ({
  read: bytes => (bytes.length === 0 ? null : part.read(bytes)),
  write: value => (value === null ? NO_BYTES : part.write(value)),
})

/** @param type  a code beside those of header.ts: what is made for one use is never taken for another (F-15) */
export function record<T extends object>(type: number, parts: { readonly [K in keyof T]: Part<T[K]> }): Codec<T> {
  const names = Object.keys(parts) as Array<keyof T & string>
  const prefix = Uint8Array.of(PROTOCOL_VERSION, type)
  const encode = (value: T): Bytes => {
    const written: Bytes[] = []
    for (const name of names) written.push(parts[name].write(value[name]))
    return prefixed(prefix, written)
  }
  const decode = (bytes: Bytes): T | undefined => {
    const value = readParts(parts, names, bytes.subarray(PREFIX_BYTES))
    return value !== undefined && equal(encode(value), bytes) ? value : undefined
  }
  return { encode, decode }
}

const PREFIX_BYTES = 2
const LENGTH_BYTES = 2

/** The prefix, then every part with its length before it. */
function prefixed(prefix: Bytes, parts: readonly Bytes[]): Bytes {
  let size = prefix.length
  for (const part of parts) size += LENGTH_BYTES + part.length
  const whole = new Uint8Array(size)
  whole.set(prefix)
  let at = prefix.length
  for (const part of parts) {
    putBigEndian(part.length, whole, at, LENGTH_BYTES)
    whole.set(part, at + LENGTH_BYTES)
    at += LENGTH_BYTES + part.length
  }
  return whole
}

function readParts<T extends object>(
  parts: { readonly [K in keyof T]: Part<T[K]> },
  names: ReadonlyArray<keyof T & string>,
  bytes: Bytes,
): T | undefined {
  const value: Partial<T> = {}
  let at = 0
  for (const name of names) {
    const end = at + LENGTH_BYTES + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
    const read = parts[name].read(bytes.subarray(at + LENGTH_BYTES, end))
    if (read === undefined) return undefined
    value[name] = read
    at = end
  }
  return value as T
}
