/**
 * Transaction information: what a store's server offers and a holder's phone brings to the center, together with the
 * number that number.ts makes from it (T-1, T-2). Not proof of anything by itself. Every field stands in the canonical
 * encoding, so that no altered field goes unnoticed.
 */
import { type Bytes, fromBase64url, utf8 } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { StoreId, TerminalId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { amountText, currencyText, idText, nullable, type Readers, readExactly, string, whole } from './json.ts'
import { fixed, orNull, record, text } from './record.ts'
import { type Refusal, refusal } from './refusal.ts'
import { amount, currency, name, u32 } from './struct.ts'

export interface Transaction {
  readonly store: StoreId
  /** The till or kiosk; null for a sale on the web or in an app. */
  readonly terminal: TerminalId | null
  /** Counts this store's sales; never used twice. */
  readonly sequence: number
  /** More than zero. */
  readonly amount: Money
  readonly currency: Currency
  /** Seconds since 1970, by the store's clock. */
  readonly time: number
  /** Seconds since 1970; not to be paid from then on. Later than `time`. */
  readonly expires: number
  /** The store's own name for the order. */
  readonly orderReference: string
  /** Where the phone goes afterwards: https, or http on this machine; empty for nowhere. */
  readonly returnUrl: string
  /** Which seed made the number (T-3). */
  readonly generation: number
  readonly window: number
}

export const ORDER_REFERENCE_BYTES = 64
export const RETURN_URL_BYTES = 512

/** Beside MESSAGE_TYPE of header.ts; a transaction has no purse yet, so it has no header. */
const TRANSACTION_TYPE = 0x51

const canonical = record<Transaction>(TRANSACTION_TYPE, {
  store: fixed(name<StoreId>()),
  terminal: orNull(fixed(name<TerminalId>())),
  sequence: fixed(u32),
  amount: fixed(amount),
  currency: fixed(currency),
  time: fixed(u32),
  expires: fixed(u32),
  orderReference: text(ORDER_REFERENCE_BYTES),
  returnUrl: text(RETURN_URL_BYTES),
  generation: fixed(u32),
  window: fixed(u32),
})

const fields: Readers<Transaction> = {
  store: idText<StoreId>,
  terminal: nullable(idText<TerminalId>),
  sequence: whole,
  amount: amountText,
  currency: currencyText,
  time: whole,
  expires: whole,
  orderReference: string,
  returnUrl: string,
  generation: whole,
  window: whole,
}

/** As JSON carries it: the amount is text, so that no float ever touches it. */
export type TransactionJson = Omit<Transaction, 'amount'> & { readonly amount: string }

/** The bytes that the number authenticates: canonical and length-prefixed. @spec T-2 */
export const encodeTransaction = (transaction: Transaction): Bytes => canonical.encode(transaction)

/** @returns undefined for anything that encodeTransaction does not make of a sound transaction */
export function decodeTransaction(bytes: Bytes): Transaction | undefined {
  const transaction = canonical.decode(bytes)
  return transaction !== undefined && flawOf(transaction) === undefined ? transaction : undefined
}

/** The transaction as a JSON value. */
export const transactionJson = (transaction: Transaction): TransactionJson => ({
  ...transaction,
  amount: String(transaction.amount),
})

/**
 * A transaction out of a JSON value, with all of its fields and no others.
 *
 * @refuses data-wrong, naming the field
 * @spec    T-2
 */
export function readTransaction(value: unknown): Result<Transaction, Refusal> {
  const read = readExactly(value, fields)
  return read.ok ? soundTransaction(read.value) : read
}

/**
 * The gate for a transaction whose fields have the right types.
 *
 * @refuses data-wrong, naming the field
 */
export function soundTransaction(transaction: Transaction): Result<Transaction, Refusal> {
  const field = flawOf(transaction)
  return field === undefined ? ok(transaction) : no(refusal('data-wrong', { field }))
}

/** The compact form, base64url of the canonical bytes. @returns undefined when it is none */
export function transactionFromText(compact: string): Transaction | undefined {
  const bytes = fromBase64url(compact)
  return bytes && decodeTransaction(bytes)
}

const HTTPS = /^https:\/\/[^\s\\]+$/
const THIS_MACHINE = /^http:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?(\/[^\s\\]*)?$/

function flawOf(transaction: Transaction): keyof Transaction | undefined {
  const { amount: price, time, expires, orderReference, returnUrl } = transaction
  if (price === 0n) return 'amount'
  if (expires <= time) return 'expires'
  if (!isPlain(orderReference, ORDER_REFERENCE_BYTES)) return 'orderReference'
  return isReturnUrl(returnUrl) ? undefined : 'returnUrl'
}

/** Text that can be shown, and whose bytes are its own: no control characters, no lone surrogates. */
const isPlain = (value: string, maxBytes: number): boolean =>
  value.isWellFormed() && !/\p{Cc}/u.test(value) && utf8(value).length <= maxBytes

const isReturnUrl = (value: string): boolean =>
  isPlain(value, RETURN_URL_BYTES) && (value === '' || HTTPS.test(value) || THIS_MACHINE.test(value))
