/**
 * Many rows in one cell, as PostgreSQL's record_send spells them: each the number of its columns, then of each column its
 * type, its length and its bytes. A row costs a fifth of what it costs as cells of its own.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { OID } from './postgres-array.ts'

/** Goes from row to row, and in a row from column to column. */
export class Records {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Bytes) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** To the next row. @returns false where there is none */
  next(): boolean {
    const isThere = this.#at < this.#view.byteLength
    this.#at += 4
    return isThere
  }

  /** All columns of the row, each as a session has it in a cell of its own; bytes are the same memory. */
  cells(): unknown[] {
    const count = this.#view.getInt32(this.#at - 4)
    const cells: unknown[] = []
    for (let i = 0; i < count; i++) cells.push(this.#cell())
    return cells
  }

  bigint = (): bigint => this.#view.getBigInt64(this.#column())

  /** A bigint that is exact as a number, or none that is. */
  number(): number {
    const at = this.#column()
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4)
  }

  smallint = (): number => this.#view.getInt16(this.#column())

  /** A tid. */
  place(): { readonly block: number; readonly offset: number } {
    const at = this.#column()
    return { block: this.#view.getUint32(at), offset: this.#view.getUint16(at + 4) }
  }

  /** An xid. */
  version = (): number => this.#view.getUint32(this.#column())

  /** A bytea: where its bytes are. */
  span(): { readonly in: DataView; readonly at: number; readonly length: number } {
    const at = this.#column()
    return { in: this.#view, at, length: this.#at - at }
  }

  /** Past the column; where its bytes begin. It is not null. */
  #column(): number {
    const at = this.#at + 8
    this.#at = at + this.#view.getInt32(this.#at + 4)
    return at
  }

  #cell(): unknown {
    const type = this.#view.getInt32(this.#at)
    const length = this.#view.getInt32(this.#at + 4)
    const at = this.#at + 8
    this.#at = at + Math.max(0, length)
    return length < 0 ? null : this.#valueAt(type, at, length)
  }

  #valueAt(type: number, at: number, length: number): unknown {
    switch (type) {
      case OID.bigint:
        return this.#view.getBigInt64(at)
      case OID.smallint:
        return this.#view.getInt16(at)
      case OID.boolean:
        return this.#view.getUint8(at) === 1
      case OID.bytea:
        return this.#bytes(at, length)
      case OID.text:
        return decoder.decode(this.#bytes(at, length))
      case OID.jsonb: // behind the number of its form
        return decoder.decode(this.#bytes(at + 1, length - 1))
      default:
        return this.#numberAt(at, length)
    }
  }

  /** Of a domain, whose type is numbered by its database: by its width. */
  #numberAt(at: number, length: number): bigint | number {
    assert(length === 2 || length === 8, `a domain of whole numbers, not of ${length} bytes`)
    return length === 2 ? this.#view.getInt16(at) : this.#view.getBigInt64(at)
  }

  #bytes = (at: number, length: number): Bytes => new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length)
}

const decoder = new TextDecoder()
