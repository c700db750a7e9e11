/**
 * Receipts one after the other in one piece of memory, read where they stand: a field is a number at the place that
 * debit.ts declares for it, and no receipt is an object of its own. For whoever takes in thousands; readReceipt for one.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { ID_BYTES } from '@kozeni/base/ids'
import { MAC_BYTES, SHA256_BYTES } from './crypto.ts'
import { RECEIPT_KIND, type Receipt, receipt, SIGNED_RECEIPT_BYTES } from './debit.ts'
import { DIRECTION, MESSAGE_TYPE, PROTOCOL_VERSION } from './header.ts'
import { OUTCOME } from './operation.ts'

const at = (field: keyof Receipt): number => {
  const found = receipt.layout.find(({ name }) => name === field)
  assert(found !== undefined, `a receipt has a ${field}`)
  return found.at
}

const AT = {
  version: at('version'),
  type: at('type'),
  direction: at('direction'),
  purse: at('purse'),
  keyVersion: at('keyVersion'),
  kind: at('kind'),
  seq: at('seq'),
  amount: at('amount'),
  currency: at('currency'),
  terminal: at('terminal'),
  sale: at('sale'),
  credits: at('credits'),
  debits: at('debits'),
  flag: at('flag'),
  epoch: at('epoch'),
  number: at('number'),
  digest: at('digest'),
  outcome: at('outcome'),
} as const

/** All in one piece; what has not a receipt's length is zeros, which are none. */
export function receiptsOf(wholes: readonly Bytes[]): Receipts {
  const bytes = new Uint8Array(wholes.length * SIGNED_RECEIPT_BYTES)
  wholes.forEach((whole, i) => {
    if (whole.length === SIGNED_RECEIPT_BYTES) bytes.set(whole, i * SIGNED_RECEIPT_BYTES)
  })
  return new Receipts(bytes)
}

const HIGHEST_OUTCOME = Math.max(...Object.values(OUTCOME))
const MAC_AT = SIGNED_RECEIPT_BYTES - MAC_BYTES
const WORD = 2 ** 32
/** Of the upper half of a whole number below 2^53. */
const EXACT = 2 ** 21

export class Receipts {
  /** Each is body ‖ signature ‖ MAC. */
  readonly bytes: Bytes
  readonly count: number
  /** Bytes from one to the next. */
  readonly stride: number
  readonly #fields: DataView

  /**
   * @param bytes   whole receipts, by their length
   * @param stride  bytes from one to the next, where something stands behind each
   */
  constructor(bytes: Bytes, stride = SIGNED_RECEIPT_BYTES) {
    assert(bytes.length % stride === 0, `${bytes.length} bytes are whole receipts`)
    this.bytes = bytes
    this.count = bytes.length / stride
    this.stride = stride
    this.#fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** The i-th as it came; the same memory. */
  whole = (i: number): Bytes => this.#piece(i, 0, SIGNED_RECEIPT_BYTES)
  body = (i: number): Bytes => this.#piece(i, 0, receipt.size)
  signature = (i: number): Bytes => this.#piece(i, receipt.size, MAC_AT)
  mac = (i: number): Bytes => this.#piece(i, MAC_AT, SIGNED_RECEIPT_BYTES)

  /** Writes key version and purse: the context that a purse's keys are derived in. */
  putKeyContext(i: number, into: Uint8Array): void {
    const purse = this.#place(i, AT.purse)
    into[0] = this.keyVersion(i)
    for (let k = 0; k < ID_BYTES; k++) into[1 + k] = this.bytes[purse + k] ?? 0
  }

  /** As idNumber has the name. */
  purse = (i: number): bigint => this.#fields.getBigInt64(this.#place(i, AT.purse))
  terminal = (i: number): bigint => this.#fields.getBigInt64(this.#place(i, AT.terminal))
  keyVersion = (i: number): number => this.#fields.getUint8(this.#place(i, AT.keyVersion))
  isDebit = (i: number): boolean => this.#fields.getUint8(this.#place(i, AT.kind)) === RECEIPT_KIND.debit
  seq = (i: number): number => this.#fields.getUint32(this.#place(i, AT.seq))
  amount = (i: number): number => this.#fields.getUint32(this.#place(i, AT.amount))
  /** ISO 4217's number. */
  currency = (i: number): number => this.#fields.getUint16(this.#place(i, AT.currency))
  sale = (i: number): number => this.#fields.getUint32(this.#place(i, AT.sale))
  credits = (i: number): number => this.#total(this.#place(i, AT.credits))
  debits = (i: number): number => this.#total(this.#place(i, AT.debits))
  flag = (i: number): boolean => this.#fields.getUint8(this.#place(i, AT.flag)) === 1
  epoch = (i: number): number => this.#fields.getUint32(this.#place(i, AT.epoch))
  number = (i: number): number => this.#fields.getUint32(this.#place(i, AT.number))
  /** Of the operation that its chip did last. */
  digest = (i: number): Bytes => this.#piece(i, AT.digest, AT.digest + SHA256_BYTES)
  /** OUTCOME's number. */
  outcome = (i: number): number => this.#fields.getUint8(this.#place(i, AT.outcome))

  /**
   * Whether readReceipt reads it too, all its totals are below 2^53, and it is a debit. Its currency and its terminal are
   * left to whoever knows which they must be.
   */
  isDebitInOrder(i: number): boolean {
    return (
      this.#fields.getUint8(this.#place(i, AT.version)) === PROTOCOL_VERSION &&
      this.#fields.getUint8(this.#place(i, AT.type)) === MESSAGE_TYPE.receipt &&
      this.#fields.getUint8(this.#place(i, AT.direction)) === DIRECTION['to-center'] &&
      this.isDebit(i) &&
      this.purse(i) > 0n &&
      this.#fields.getUint8(this.#place(i, AT.flag)) <= 1 &&
      this.outcome(i) <= HIGHEST_OUTCOME &&
      this.#fields.getUint32(this.#place(i, AT.credits)) < EXACT &&
      this.#fields.getUint32(this.#place(i, AT.debits)) < EXACT
    )
  }

  #place(i: number, field: number): number {
    return i * this.stride + field
  }

  #piece(i: number, from: number, to: number): Bytes {
    return this.bytes.subarray(this.#place(i, from), this.#place(i, to))
  }

  #total(place: number): number {
    return this.#fields.getUint32(place) * WORD + this.#fields.getUint32(place + 4)
  }
}
