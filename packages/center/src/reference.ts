/** What an operation's sixteen-byte reference is made from, by what it belongs to (F-15). */
import { type Bytes, concat, utf8 } from '@kozeni/base/bytes'
import { idBytes, type OrderId, type StoreId } from '@kozeni/base/ids'
import type { Crypto } from '@kozeni/protocol/crypto'
import { referenceOf } from '@kozeni/protocol/operation'

/** A load's or a refund's. */
export const orderReference = (crypto: Crypto, order: OrderId): Bytes =>
  referenceOf(crypto, concat(utf8('order'), idBytes(order)))

/** A pay's: the store and its number. */
export const paymentReference = (crypto: Crypto, store: StoreId, transaction: string): Bytes =>
  referenceOf(crypto, concat(utf8('payment'), idBytes(store), utf8(transaction)))
