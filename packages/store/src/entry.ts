/** The lines of a store's book, as JSON: one line is one change. Reading is strict: a book is never guessed at. */
import { assert } from '@kozeni/base/assert'
import { ok, type Result } from '@kozeni/base/result'
import {
  hexString,
  nullable,
  object,
  parseJson,
  type Reader,
  readObject,
  string,
  whole,
  word,
} from '@kozeni/protocol/json'
import { parseNumber, type TransactionNumber } from '@kozeni/protocol/number'
import { REFERENCE_BYTES } from '@kozeni/protocol/operation'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Refusal } from '@kozeni/protocol/refusal'
import { readTransaction, type Transaction, transactionJson } from '@kozeni/protocol/transaction'
import type { Epochs } from './book.ts'
import type { Decision } from './sale.ts'

export type Entry =
  | ({ readonly entry: 'sold' } & Offer)
  | { readonly entry: 'decided'; readonly number: TransactionNumber; readonly decision: Decision }
  | { readonly entry: 'given'; readonly number: TransactionNumber }
  | { readonly entry: 'epochs'; readonly epochs: Epochs }

/** One line, without its end. */
export const writeEntry = (entry: Entry): string =>
  JSON.stringify(entry.entry === 'sold' ? { ...entry, transaction: transactionJson(entry.transaction) } : entry)

/** The gate for what writeEntry wrote. A bug when it is anything else: openers check with isEntry first. */
export function readEntry(line: string): Entry {
  const read = parse(line)
  assert(read.ok, 'a line of the book')
  return read.value
}

/** Whether `line` is one of the book. */
export const isEntry = (line: string): boolean => parse(line).ok

/** A transaction number in any spelling. */
export const numberText: Reader<TransactionNumber> = value => {
  const number = typeof value === 'string' ? parseNumber(value) : undefined
  return number?.ok ? number.value : undefined
}

/** The operation's name in a proof. */
export const operationText = hexString(REFERENCE_BYTES)

const transaction: Reader<Transaction> = value => {
  const read = readTransaction(value)
  return read.ok ? read.value : undefined
}

const decision = object<Decision>({
  verdict: word('paid', 'not-paid'),
  operation: operationText,
  epoch: whole,
  proof: nullable(string),
})

const epochs = object<Epochs>({ floor: whole, reported: whole })

function parse(line: string): Result<Entry, Refusal> {
  const value = parseJson(line)
  const kind = readObject(value, { entry: word('sold', 'decided', 'given', 'epochs') })
  if (!kind.ok) return kind
  if (kind.value.entry === 'sold') return tagged('sold', readObject(value, { transaction, number: numberText }))
  if (kind.value.entry === 'decided') return tagged('decided', readObject(value, { number: numberText, decision }))
  if (kind.value.entry === 'given') return tagged('given', readObject(value, { number: numberText }))
  return tagged('epochs', readObject(value, { epochs }))
}

function tagged<K extends string, T>(entry: K, read: Result<T, Refusal>): Result<T & { entry: K }, Refusal> {
  return read.ok ? ok({ entry, ...read.value }) : read
}
