/**
 * Layouts as declarations: a record is its fields in the order they travel, fixed widths, big-endian.
 * Decoding answers undefined for anything that the declaration does not allow; it never guesses.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat, fromBigEndian, hex, numberFrom } from '@kozeni/base/bytes'
import { type Currency, currencyFromNumber, currencyNumber } from '@kozeni/base/currency'
import { ID_BYTES, type Id, idBytes, isId } from '@kozeni/base/ids'
import { isMoney, type Money, TOTAL_MAX, type Total } from '@kozeni/base/money'

export interface Field<T> {
  readonly size: number
  read(bytes: Bytes): T | undefined
  write(value: T): Bytes
}

export interface Struct<T> extends Field<T> {
  /** The fields' names and sizes, for documents and for vectors. */
  readonly layout: ReadonlyArray<{ readonly name: string; readonly at: number; readonly size: number }>
}

function unsigned(size: number): Field<number> {
  return {
    size,
    read: numberFrom,
    write: value => bigEndian(value, size),
  }
}

export const u8 = unsigned(1)
export const u16 = unsigned(2)
export const u32 = unsigned(4)
export const u48 = unsigned(6)

/** One amount: four bytes of minor units. */
export const amount: Field<Money> = {
  size: 4,
  read: bytes => {
    const value = BigInt(numberFrom(bytes))
    return isMoney(value) ? value : undefined
  },
  write: value => bigEndian(value, 4),
}

/** A total over a life: eight bytes of minor units. */
export const total: Field<Total> = {
  size: 8,
  read: bytes => {
    const value = fromBigEndian(bytes)
    return value <= TOTAL_MAX ? (value as Total) : undefined
  },
  write: value => bigEndian(value, 8),
}

/** ISO 4217's number. */
export const currency: Field<Currency> = {
  size: 2,
  read: bytes => currencyFromNumber(numberFrom(bytes)),
  write: value => bigEndian(currencyNumber(value), 2),
}

/** 00 or 01. */
export const flag: Field<boolean> = {
  size: 1,
  read: ([byte]) => (byte === 0 ? false : byte === 1 ? true : undefined),
  write: value => Uint8Array.of(value ? 1 : 0),
}

/** Exactly `size` bytes of anything. */
export const bytes = (size: number): Field<Bytes> => ({
  size,
  read: value => value.slice(),
  write: value => value,
})

/** A name of eight bytes. */
export const name = <T extends Id>(): Field<T> => ({
  size: ID_BYTES,
  read: value => {
    const text = hex(value)
    return isId(text) ? (text as T) : undefined
  },
  write: value => idBytes(value),
})

/** One of a few words, each with its code byte. */
export const choice = <T extends string>(codes: Readonly<Record<T, number>>): Field<T> => {
  const words = new Map(Object.entries<number>(codes).map(([word, code]) => [code, word as T]))
  return {
    size: 1,
    read: ([byte]) => (byte === undefined ? undefined : words.get(byte)),
    write: word => Uint8Array.of(codes[word]),
  }
}

/** `count` values of one kind, one after the other. */
export const times = <T>(count: number, field: Field<T>): Field<readonly T[]> => ({
  size: count * field.size,
  read: value => {
    const items: T[] = []
    for (let at = 0; at < value.length; at += field.size) {
      const item = field.read(value.subarray(at, at + field.size))
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  },
  write: items => concat(...items.map(item => field.write(item))),
})

/** A record: its fields, in the order they travel. */
export function struct<T extends object>(fields: { readonly [K in keyof T]: Field<T[K]> }): Struct<T> {
  const names = Object.keys(fields) as Array<keyof T & string>
  let size = 0
  const layout = names.map(field => {
    const at = size
    size += fields[field].size
    return { name: field, at, size: fields[field].size }
  })
  return {
    size,
    layout,
    read: whole => readFields(fields, layout, whole, size),
    write: value => writeFields(fields, names, value),
  }
}

function readFields<T extends object>(
  fields: { readonly [K in keyof T]: Field<T[K]> },
  layout: Struct<T>['layout'],
  whole: Bytes,
  size: number,
): T | undefined {
  if (whole.length !== size) return undefined
  const value: Partial<T> = {}
  for (const { name: field, at, size: width } of layout) {
    const key = field as keyof T
    const read = fields[key].read(whole.subarray(at, at + width))
    if (read === undefined) return undefined
    value[key] = read
  }
  return value as T
}

function writeFields<T extends object>(
  fields: { readonly [K in keyof T]: Field<T[K]> },
  names: ReadonlyArray<keyof T & string>,
  value: T,
): Bytes {
  const parts = names.map(field => {
    const part = fields[field].write(value[field])
    assert(part.length === fields[field].size, `${field}: ${part.length} bytes, not ${fields[field].size}`)
    return part
  })
  return concat(...parts)
}
