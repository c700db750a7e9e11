/**
 * What an operation's sixteen-byte reference is made from, by what it belongs to (F-15). A phone makes a pay's too: the
 * PIN is for the digest of what its holder has seen, not of what the center says.
 */
import { type Bytes, concat, utf8 } from '@kozeni/base/bytes'
import { idBytes, type OrderId, type PurseId, type StoreId } from '@kozeni/base/ids'
import type { Crypto } from './crypto.ts'
import { referenceOf } from './operation.ts'

/** A load's, a refund's or a move's. */
export const orderReference = (crypto: Crypto, order: OrderId): Bytes =>
  referenceOf(crypto, concat(utf8('order'), idBytes(order)))

/** A sweep's: the purse that is left. */
export const sweepReference = (crypto: Crypto, purse: PurseId): Bytes =>
  referenceOf(crypto, concat(utf8('sweep'), idBytes(purse)))

/** A pay's: the store and its number. */
export const paymentReference = (crypto: Crypto, store: StoreId, transaction: string): Bytes =>
  referenceOf(crypto, concat(utf8('payment'), idBytes(store), utf8(transaction)))
