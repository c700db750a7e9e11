/**
 * The words that chip and center share about one numbered operation (PROTOCOL §3), and its digest. An operation is
 * named by purse, epoch and number; `(e, n)` is compared lexicographically and n never restarts.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import type { Crypto } from './crypto.ts'
import { amount, bytes, choice, currency, name, struct, u32 } from './struct.ts'

/** What an operation does to the chip's value: load and refund add, pay and sweep take; sweep takes all there is. */
export const KIND = { load: 1, pay: 2, refund: 3, sweep: 4 } as const
export type Kind = keyof typeof KIND

/** What the chip did with its latest operation. `none` stands only before the first. */
export const OUTCOME = { none: 0, applied: 1, cancelled: 2, reversed: 3, rejected: 4 } as const
export type Outcome = keyof typeof OUTCOME

/** A place in a purse's life of operations. */
export interface Place {
  readonly epoch: number
  readonly number: number
}

/** Negative when a comes before b, zero when they are one place. */
export const comparePlaces = (a: Place, b: Place): number => a.epoch - b.epoch || a.number - b.number

/** What the digest binds, and nothing else (F-15). */
export interface Essence extends Place {
  readonly purse: PurseId
  readonly kind: Kind
  readonly amount: Money
  readonly currency: Currency
  /** What outside the protocol it belongs to: the load request, the store's number, the order; 16 bytes. */
  readonly reference: Bytes
}

export const REFERENCE_BYTES = 16

const essence = struct<Essence>({
  purse: name<PurseId>(),
  epoch: u32,
  number: u32,
  kind: choice<Kind>(KIND),
  amount,
  currency,
  reference: bytes(REFERENCE_BYTES),
})

/** @returns SHA-256 of the essence, 32 bytes. @spec F-15 */
export const digestOf = (crypto: Crypto, operation: Essence): Bytes => crypto.sha256(essence.write(operation))

/** @returns the sixteen-byte reference of something outside: the first half of a SHA-256. */
export const referenceOf = (crypto: Crypto, what: Bytes): Bytes => crypto.sha256(what).slice(0, REFERENCE_BYTES)
