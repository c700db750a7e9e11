/**
 * JSON objects as declarations: every field has a reader that answers undefined for what it cannot be. Bytes and amounts
 * travel as text. Says which field is wrong, never what stood in it.
 */
import { type Bytes, hex, isHex, unhex } from '@kozeni/base/bytes'
import { type Currency, isCurrency } from '@kozeni/base/currency'
import { type Id, isId } from '@kozeni/base/ids'
import { type Money, parseMoney } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from './refusal.ts'

/** The value that `text` spells in JSON, or undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** For JSON.stringify: bytes as hexadecimal, amounts as digits. */
export const plain = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? hex(value) : typeof value === 'bigint' ? String(value) : value

/** Undefined: that is no such value. */
export type Reader<T> = (value: unknown) => T | undefined
export type Readers<T> = { readonly [K in keyof T]: Reader<T[K]> }

/** Whole seconds, counters, versions: 0 to 2^32 − 1. */
export const whole: Reader<number> = value =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff ? value : undefined

/** Any string that UTF-8 can spell. */
export const string: Reader<string> = value => (typeof value === 'string' && value.isWellFormed() ? value : undefined)

/** Minor units in plain digits, with a sign when below zero: "-1200". For sums, which no chip holds. */
export const sumText: Reader<bigint> = value =>
  typeof value === 'string' && /^(0|-?[1-9][0-9]{0,18})$/.test(value) ? BigInt(value) : undefined

/** Minor units in plain digits: "1200". */
export const amountText: Reader<Money> = value => (typeof value === 'string' ? parseMoney(value) : undefined)

/** Three letters of ISO 4217. */
export const currencyText: Reader<Currency> = value =>
  typeof value === 'string' && isCurrency(value) ? value : undefined

/** Sixteen hexadecimal digits. */
export function idText<T extends Id>(value: unknown): T | undefined {
  return typeof value === 'string' && isId(value) ? (value as T) : undefined
}

/** Exactly `size` bytes in lower-case hexadecimal. */
export const hexText =
  (size: number): Reader<Bytes> =>
  value =>
    typeof value === 'string' && value.length === 2 * size && isHex(value) ? unhex(value) : undefined

/** `hexText` that stays text. */
export const hexString =
  (size: number): Reader<string> =>
  value => {
    const bytes = hexText(size)(value)
    return bytes && hex(bytes)
  }

/** One of a few words. */
export const word =
  <T extends string>(...words: readonly T[]): Reader<T> =>
  value =>
    words.find(one => one === value)

/** Null, or what `reader` reads. */
export const nullable =
  <T>(reader: Reader<T>): Reader<T | null> =>
  value =>
    value === null ? null : reader(value)

/** Null when the field is not there, or what `reader` reads. */
export const optional =
  <T>(reader: Reader<T>): Reader<T | null> =>
  value =>
    value === undefined ? null : reader(value)

/** An instant of RFC 3339 in UTC, as seconds since 1970. */
export const timeText: Reader<number> = value => {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) return undefined
  return whole(Math.floor(Date.parse(value) / 1000))
}

/** Every item by `reader`. */
export const list =
  <T>(reader: Reader<T>): Reader<readonly T[]> =>
  value => {
    if (!Array.isArray(value)) return undefined
    const items = value.map(reader)
    return items.every(item => item !== undefined) ? items : undefined
  }

/** An object within an object. */
export const object =
  <T extends object>(readers: Readers<T>): Reader<T> =>
  value => {
    const read = readObject(value, readers)
    return read.ok ? read.value : undefined
  }

/**
 * The fields of `readers` out of a JSON value; others are ignored, as an older reader must a newer writer's.
 *
 * @refuses data-wrong, naming the field
 */
export function readObject<T extends object>(value: unknown, readers: Readers<T>): Result<T, Refusal> {
  if (typeof value !== 'object' || value === null) return no(refusal('data-wrong', { field: '' }))
  const source: Readonly<Record<string, unknown>> = { ...value }
  const read: Partial<T> = {}
  for (const field of Object.keys(readers) as Array<keyof T & string>) {
    const item = readers[field](source[field])
    if (item === undefined) return no(refusal('data-wrong', { field }))
    read[field] = item
  }
  return ok(read as T)
}

/**
 * As readObject, but a field that nobody declared is refused: for what is authenticated as a whole.
 *
 * @refuses data-wrong, naming the field
 */
export function readExactly<T extends object>(value: unknown, readers: Readers<T>): Result<T, Refusal> {
  const stranger = Object.keys(value ?? {}).find(field => !Object.hasOwn(readers, field))
  return stranger === undefined
    ? readObject(value, readers)
    : no(refusal('data-wrong', { field: stranger.slice(0, 40) }))
}
