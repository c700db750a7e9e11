/**
 * Transaction numbers: made by the store's server, recomputed by the center (T-2). Fourteen bytes, the sequence (4) and
 * the first 80 bits of HMAC-SHA-256(number key, canonical transaction), in Crockford's base 32 as 23 characters, and one
 * more that catches typing slips: ABCD-EFGH-JKMN-PQRS-TVWX-YZ01.
 *
 * The slip character makes the number, read as a polynomial over GF(32), vanish at x = 2, a generator whose powers differ
 * for 31 places: so every single wrong character and every swap of two shows, without any key.
 */
import type { Brand } from '@kozeni/base/brand'
import { type Bytes, equal, numberFrom, putBigEndian } from '@kozeni/base/bytes'
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
export function makeNumber(crypto: Crypto, seed: Bytes, transaction: Transaction): TransactionNumber {
  const bytes = new Uint8Array(NUMBER_BYTES)
  putBigEndian(transaction.sequence, bytes, 0, SEQUENCE_BYTES)
  bytes.set(macOf(crypto, seed, transaction), SEQUENCE_BYTES)
  return numberFromBytes(bytes)
}

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
  const digits = digitsOf(text)
  if (!isNumber(digits)) return misspelled()
  const bytes = bytesOf(digits)
  if (numberFrom(bytes.subarray(0, SEQUENCE_BYTES)) !== transaction.sequence)
    return no(refusal('transaction-altered', { check: 'sequence' }))
  return equal(bytes.subarray(SEQUENCE_BYTES), macOf(crypto, seed, transaction))
    ? ok(spelling(digits))
    : no(refusal('transaction-altered', { check: 'mac' }))
}

/**
 * Reads what a person typed: any case, O for 0, I and L for 1, blanks and hyphens anywhere.
 *
 * @returns the canonical spelling; says nothing yet of any transaction
 * @refuses data-wrong (check: spelling)
 */
export function parseNumber(text: string): Result<TransactionNumber, Refusal> {
  const digits = digitsOf(text)
  return isNumber(digits) ? ok(spelling(digits)) : misspelled()
}

const isNumber = (digits: readonly number[]): boolean =>
  digits.length === DIGITS + 1 && (digits[0] ?? 0) < 4 && remainder(digits) === 0

const misspelled = () => no(refusal('data-wrong', { field: 'number', check: 'spelling' }))

/** What the characters stand for, blanks and hyphens left out; none at all when one stands for nothing. */
function digitsOf(text: string): readonly number[] {
  const digits: number[] = []
  for (let i = 0; i < text.length; i++) {
    const digit = DIGIT_OF[text.charCodeAt(i)]
    if (digit !== undefined) digits.push(digit)
    else if (text[i] !== '-' && !/\s/.test(text.charAt(i))) return []
  }
  return digits
}

/** The store's running number inside. */
export const sequenceOf = (number: TransactionNumber): number =>
  numberFrom(numberBytes(number).subarray(0, SEQUENCE_BYTES))

/** Fourteen bytes, for books and for other records. */
export const numberBytes = (number: TransactionNumber): Bytes => bytesOf(digitsOf(number))

function bytesOf(digits: readonly number[]): Bytes {
  const bytes = new Uint8Array(NUMBER_BYTES)
  let [at, waiting, bits] = [0, 0, -SPARE_BITS]
  for (const digit of digits) {
    waiting = ((waiting << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) bytes[at++] = waiting >> (bits -= 8)
  }
  return bytes
}

/** Back from fourteen bytes; any fourteen bytes spell one. */
export function numberFromBytes(bytes: Bytes): TransactionNumber {
  const digits: number[] = []
  let [waiting, bits] = [0, SPARE_BITS]
  for (const byte of bytes) {
    waiting = ((waiting << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; ) digits.push((waiting >> (bits -= 5)) & 31)
  }
  digits.push(timesTwo(remainder(digits)))
  return spelling(digits)
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
/** By which 23 digits of five bits are more than fourteen bytes: the first digit begins with them, and they are zero. */
const SPARE_BITS = 5 * DIGITS - 8 * NUMBER_BYTES

/** By character code: both cases, and what is taken for 0 and 1. */
const DIGIT_OF: ReadonlyArray<number | undefined> = Array.from({ length: 128 }, (_, code) => {
  const digit = ALPHABET.indexOf(String.fromCharCode(code).toUpperCase().replace('O', '0').replace(/[IL]/, '1'))
  return digit === -1 ? undefined : digit
})

/** Two digits as two characters. */
const PAIRS = Array.from({ length: 1024 }, (_, pair) => ALPHABET.charAt(pair >> 5) + ALPHABET.charAt(pair & 31))

function spelling(digits: readonly number[]): TransactionNumber {
  const pair = (at: number): string => PAIRS[((digits[at] ?? 0) << 5) | (digits[at + 1] ?? 0)] ?? ''
  let text = pair(0) + pair(2)
  for (let at = 4; at < digits.length; at += 4) text += `-${pair(at)}${pair(at + 2)}`
  return text as TransactionNumber
}

const macOf = (crypto: Crypto, seed: Bytes, transaction: Transaction): Bytes =>
  crypto.hmac(numberKey(crypto, seed), encodeTransaction(transaction)).slice(0, MAC_BYTES)

/** The polynomial with these coefficients, highest first, at x = 2. */
function remainder(digits: readonly number[]): number {
  let sum = 0
  for (const digit of digits) sum = timesTwo(sum) ^ digit
  return sum
}

/** In GF(32) modulo x^5 + x^2 + 1, where 2 generates all 31 units. */
const timesTwo = (digit: number): number => (digit << 1) ^ (digit & 16 ? 0b100101 : 0)
