/**
 * PostgreSQL's binary form of a one-dimensional array: the cheapest way to send many rows as one parameter a column, and
 * one without quoting. The types are those that the book's tables use.
 */
import { assert } from '@kozeni/base/assert'

/** Types that a column of the book may have. */
export type ColumnType = 'bigint' | 'smallint' | 'boolean' | 'bytea' | 'text' | 'jsonb'

/** What stands in one field of one row. */
export type Cell = bigint | number | boolean | string | Uint8Array | null

/** The object identifiers by which PostgreSQL knows the types; fixed since ever. */
export const OID = {
  ...{ bigint: 20, smallint: 21, boolean: 16, bytea: 17, text: 25, jsonb: 3802 },
  ...{ tid: 27, xid: 28 },
} as const satisfies Record<ColumnType | 'tid' | 'xid', number>

const HEADER_BYTES = 20
const NULL_LENGTH = -1

/** @returns the parameter to send for `$1::type[]`; pg sends a Buffer as it is, in binary */
export function arrayOf(type: ColumnType, cells: readonly Cell[]): Buffer {
  if (type === 'bigint' && cells.every(isBigint)) return arrayOfBigints(cells)
  return type === 'smallint' && cells.every(isNumber) ? arrayOfSmallints(cells) : arrayOfAny(type, cells)
}

const isBigint = (cell: Cell): cell is bigint => typeof cell === 'bigint'
const isNumber = (cell: Cell): cell is number => typeof cell === 'number'

/** Most columns of most rows: without a Buffer for each. */
const arrayOfBigints = (cells: readonly bigint[]): Buffer =>
  fixedArrayOf('bigint', cells.length, 8, (fields, at, i) => fields.setBigInt64(at, cells[i] ?? 0n))
const arrayOfSmallints = (cells: readonly number[]): Buffer =>
  fixedArrayOf('smallint', cells.length, 2, (fields, at, i) => fields.setInt16(at, cells[i] ?? 0))

/** Writes the i-th element at its place. */
type Put = (fields: DataView, at: number, i: number) => void

/** An array of what has a fixed width, written where it stands. @param size  bytes of one */
export const fixedArrayOf = (type: keyof typeof OID, count: number, size: number, put: Put): Buffer =>
  sizedArrayOf(type, new Uint32Array(count).fill(size), put)

/** An array whose elements are written where they stand. @param sizes  bytes of each */
export function sizedArrayOf(type: keyof typeof OID, sizes: Uint32Array, put: Put): Buffer {
  const count = sizes.length
  const whole = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + 4 + size, HEADER_BYTES))
  const fields = new DataView(whole.buffer, whole.byteOffset, whole.length)
  const header = [1, 0, OID[type], count, 1]
  header.forEach((word, i) => {
    fields.setInt32(4 * i, word)
  })
  for (let i = 0, at = HEADER_BYTES; i < count; i++) {
    const size = sizes[i] ?? 0
    fields.setInt32(at, size)
    put(fields, at + 4, i)
    at += 4 + size
  }
  return whole
}

function arrayOfAny(type: ColumnType, cells: readonly Cell[]): Buffer {
  const elements = cells.map(cell => (cell === null ? null : element(type, cell)))
  const size = elements.reduce((sum, each) => sum + 4 + (each?.length ?? 0), HEADER_BYTES)
  const whole = Buffer.allocUnsafe(size)
  let at = whole.writeInt32BE(1, 0) //                     dimensions
  at = whole.writeInt32BE(elements.includes(null) ? 1 : 0, at)
  at = whole.writeInt32BE(OID[type], at)
  at = whole.writeInt32BE(elements.length, at)
  at = whole.writeInt32BE(1, at) //                        lower bound
  for (const each of elements) {
    at = whole.writeInt32BE(each?.length ?? NULL_LENGTH, at)
    if (each !== null) at += each.copy(whole, at)
  }
  return whole
}

function element(type: ColumnType, cell: bigint | number | boolean | string | Uint8Array): Buffer {
  switch (type) {
    case 'bigint': {
      assert(typeof cell === 'bigint', `a bigint, not ${typeof cell}`)
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64BE(cell)
      return bytes
    }
    case 'smallint': {
      assert(typeof cell === 'number', `a number, not ${typeof cell}`)
      const bytes = Buffer.allocUnsafe(2)
      bytes.writeInt16BE(cell)
      return bytes
    }
    case 'boolean':
      return Buffer.from([cell === true ? 1 : 0])
    case 'bytea':
      assert(cell instanceof Uint8Array, `bytes, not ${typeof cell}`)
      return Buffer.from(cell.buffer, cell.byteOffset, cell.length)
    case 'text':
      assert(typeof cell === 'string', `text, not ${typeof cell}`)
      return Buffer.from(cell, 'utf8')
    case 'jsonb':
      assert(typeof cell === 'string', `JSON's text, not ${typeof cell}`)
      return Buffer.concat([Buffer.from([1]), Buffer.from(cell, 'utf8')]) // a version byte, then the text
  }
}
