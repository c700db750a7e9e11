/**
 * How a store hands a sale to a phone: one link, shown as a QR code or opened in an app. It holds the transaction
 * information and its number and nothing secret; whoever alters it is found out by the center (T-2).
 */
import { base64url } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { parseNumber, type TransactionNumber } from './number.ts'
import { type Refusal, refusal } from './refusal.ts'
import { encodeTransaction, type Transaction, transactionFromText } from './transaction.ts'

/** What a phone brings to the center. */
export interface Offer {
  readonly transaction: Transaction
  readonly number: TransactionNumber
}

const LINK = /^kozeni:pay\?t=([\w-]{1,900})&n=([^&#]{1,60})$/

/** @returns `kozeni:pay?t=…&n=…` */
export const payLink = ({ transaction, number }: Offer): string =>
  `kozeni:pay?t=${base64url(encodeTransaction(transaction))}&n=${number}`

/**
 * The offer in a scanned or opened link. Its number fits the form, not yet the transaction: only the center can tell.
 *
 * @refuses data-wrong, naming link, transaction or number
 */
export function readPayLink(link: string): Result<Offer, Refusal> {
  const [, compact, typed] = LINK.exec(link.trim()) ?? []
  if (compact === undefined || typed === undefined) return no(refusal('data-wrong', { field: 'link' }))
  const transaction = transactionFromText(compact)
  if (transaction === undefined) return no(refusal('data-wrong', { field: 'transaction' }))
  const number = parseNumber(typed)
  return number.ok ? ok({ transaction, number: number.value }) : number
}
