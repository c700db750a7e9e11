/**
 * Records whose fields have lengths of their own, as declarations: a prefix of two bytes (protocol version, type), then
 * every field in the declared order as length (2 bytes) and bytes. Two different values never have the same bytes, and
 * one value has one encoding only: what decodes to it but is spelled otherwise is refused. Fixed widths: struct.ts.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat, equal, fromUtf8, NO_BYTES, utf8 } from '@kozeni/base/bytes'
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
    assert(bytes.length <= maxBytes && value.isWellFormed(), `well-formed text of ${bytes.length} <= ${maxBytes} bytes`)
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
  const prefix = Uint8Array.of(PROTOCOL_VERSION, type)
  const names = Object.keys(parts) as Array<keyof T & string>
  const encode = (value: T): Bytes => concat(prefix, ...names.flatMap(name => prefixed(parts[name].write(value[name]))))
  const decode = (bytes: Bytes): T | undefined => {
    const value = readParts(parts, names, bytes.subarray(prefix.length))
    return value !== undefined && equal(encode(value), bytes) ? value : undefined
  }
  return { encode, decode }
}

const prefixed = (bytes: Bytes): readonly Bytes[] => [bigEndian(bytes.length, 2), bytes]

function readParts<T extends object>(
  parts: { readonly [K in keyof T]: Part<T[K]> },
  names: ReadonlyArray<keyof T & string>,
  bytes: Bytes,
): T | undefined {
  const value: Partial<T> = {}
  let at = 0
  for (const name of names) {
    const end = at + 2 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
    const read = parts[name].read(bytes.subarray(at + 2, end))
    if (read === undefined) return undefined
    value[name] = read
    at = end
  }
  return value as T
}
