/** A store's server on Node: book and seeds in a folder, cryptography by OpenSSL. What `@kozeni/store` gives whoever installs it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { id, type StoreId } from '@kozeni/base/ids'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { Book } from './book.ts'
import { openFileBook } from './book-file.ts'
import type { Call } from './center-client.ts'
import { fileChest } from './chest-file.ts'
import { Seeds } from './seeds.ts'
import { Store } from './store.ts'

export type { Refusal } from '@kozeni/protocol/refusal'
export type { Book, Epochs } from './book.ts'
export type { Call, CallRequest, Refund, Statement } from './center-client.ts'
export { type CenterOptions, callCenter } from './center-node.ts'
export { explain } from './explain.ts'
export { publicKey } from './key-file.ts'
export type { Decision, Sale, Settled } from './sale.ts'
export type { Heard, Order, Sold, Store } from './store.ts'

export interface StoreOptions {
  /** The store's name at the center: sixteen hexadecimal digits. */
  readonly id: string
  /** Three letters of ISO 4217: what the store sells in. */
  readonly currency: string
  /** Holds book and seeds; made if absent. Back it up; one process at a time. */
  readonly folder: string
  /** How the center is asked: callCenter(), or a test center's. */
  readonly call: Call
  /** `whsec_…`, as the center showed them. */
  readonly webhookSecrets?: readonly string[]
  /** A book of your own, instead of the file in the folder. */
  readonly book?: Book
}

/**
 * Opens the store: reads its book, and takes what seeds it has.
 *
 * @throws Error when the folder is in use or damaged, or id or currency are none
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { folder, call, webhookSecrets = [] } = options
  const facts = { id: id<StoreId>(options.id), currency: currency(options.currency), call, webhookSecrets }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const seeds = await Seeds.open(fileChest(join(folder, 'seeds.json')))
  const book = options.book ?? (await openFileBook(join(folder, 'book.jsonl')))
  return new Store({ ...facts, book, seeds, crypto: nodeCrypto, clock: systemClock })
}
