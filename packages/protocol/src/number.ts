/**
 * Transaction numbers: made by the store's server, recomputed by the center (T-2). Fourteen bytes, the sequence (4) and
 * the first 80 bits of HMAC-SHA-256(number key, canonical transaction), in Crockford's base 32 as 23 characters, and one
 * more that catches typing slips: ABCD-EFGH-JKMN-PQRS-TVWX-YZ01.
 *
 * The slip character makes the number, read as a polynomial over GF(32), vanish at x = 2, a generator whose powers differ
 * for 31 places: so every single wrong character and every swap of two shows, without any key.
 */
import type { Brand } from '@kozeni/base/brand'
import { type Bytes, bigEndian, concat, equal, fromBigEndian } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from './crypto.ts'
import { type Refusal, refusal } from './refusal.ts'
import { numberKey } from './seed.ts'
import type { Field } from './struct.ts'
import { encodeTransaction, type Transaction } from './transaction.ts'

/** Its one canonical spelling: six groups of four, with hyphens. */
export type TransactionNumber = Brand<string, 'TransactionNumber'>

const SEQUENCE_BYTES = 4
const MAC_BYTES = 10
export const NUMBER_BYTES = SEQUENCE_BYTES + MAC_BYTES

/**
 * @param seed         of the transaction's store, generation and window (seed.ts)
 * @param transaction  past its gate
 * @spec  T-2
 */
export const makeNumber = (crypto: Crypto, seed: Bytes, transaction: Transaction): TransactionNumber =>
  numberFromBytes(concat(bigEndian(transaction.sequence, SEQUENCE_BYTES), macOf(crypto, seed, transaction)))

/**
 * Whether `text` is the number of exactly this transaction under this seed.
 *
 * @param transaction  past its gate: readTransaction, decodeTransaction or soundTransaction
 * @returns the canonical spelling
 * @refuses data-wrong (check: spelling, a typing slip) · transaction-altered (check: sequence, or mac: some field or
 *          the seed; a MAC cannot say which)
 * @spec    T-2, T-4
 */
export function checkNumber(
  crypto: Crypto,
  seed: Bytes,
  transaction: Transaction,
  text: string,
): Result<TransactionNumber, Refusal> {
  const number = parseNumber(text)
  if (!number.ok) return number
  const bytes = numberBytes(number.value)
  if (sequenceOf(number.value) !== transaction.sequence)
    return no(refusal('transaction-altered', { check: 'sequence' }))
  return equal(bytes.subarray(SEQUENCE_BYTES), macOf(crypto, seed, transaction))
    ? number
    : no(refusal('transaction-altered', { check: 'mac' }))
}

/**
 * Reads what a person typed: any case, O for 0, I and L for 1, blanks and hyphens anywhere.
 *
 * @returns the canonical spelling; says nothing yet of any transaction
 * @refuses data-wrong (check: spelling)
 */
export function parseNumber(text: string): Result<TransactionNumber, Refusal> {
  const characters = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
  const digits = Array.from(characters, character => ALPHABET.indexOf(character))
  const spelled =
    digits.length === DIGITS + 1 && !digits.includes(-1) && (digits[0] ?? 0) < 4 && remainder(digits) === 0
  return spelled ? ok(grouped(characters)) : no(refusal('data-wrong', { field: 'number', check: 'spelling' }))
}

/** The store's running number inside. */
export const sequenceOf = (number: TransactionNumber): number =>
  Number(fromBigEndian(numberBytes(number).subarray(0, SEQUENCE_BYTES)))

/** Fourteen bytes, for books and for other records. */
export function numberBytes(number: TransactionNumber): Bytes {
  let value = 0n
  for (const character of number.replaceAll('-', '').slice(0, DIGITS))
    value = (value << 5n) | BigInt(ALPHABET.indexOf(character))
  return bigEndian(value, NUMBER_BYTES)
}

/** Back from fourteen bytes; any fourteen bytes spell one. */
export function numberFromBytes(bytes: Bytes): TransactionNumber {
  const digits = Array.from(fromBigEndian(bytes).toString(32).padStart(DIGITS, '0'), digit =>
    Number.parseInt(digit, 32),
  )
  const slip = timesTwo(remainder(digits))
  return grouped([...digits, slip].map(digit => ALPHABET.charAt(digit)).join(''))
}

/** A transaction number as a field of a record with fixed widths. */
export const transactionNumber: Field<TransactionNumber> = {
  size: NUMBER_BYTES,
  read: numberFromBytes,
  write: numberBytes,
}

/** Crockford's: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const DIGITS = 23

const grouped = (characters: string): TransactionNumber =>
  (characters.match(/.{4}/g) ?? []).join('-') as TransactionNumber

const macOf = (crypto: Crypto, seed: Bytes, transaction: Transaction): Bytes =>
  crypto.hmac(numberKey(crypto, seed), encodeTransaction(transaction)).slice(0, MAC_BYTES)

/** The polynomial with these coefficients, highest first, at x = 2. */
const remainder = (digits: readonly number[]): number => digits.reduce((sum, digit) => timesTwo(sum) ^ digit, 0)

/** In GF(32) modulo x^5 + x^2 + 1, where 2 generates all 31 units. */
const timesTwo = (digit: number): number => (digit << 1) ^ (digit & 16 ? 0b100101 : 0)
