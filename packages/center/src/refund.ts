/** Refunds: the store orders, the center owes the purse, and a refund operation brings it at any later contact. */
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { OrderId, PurseId, StoreId } from '@kozeni/base/ids'
import { type Money, money, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { refundOrdered } from '@kozeni/ledger/posting'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Command, type NumberRow, type OrderRow, type Seen, unchanged } from './book.ts'

/** What a store asks for: so much of one of its paid sales. */
export interface RefundRequest {
  readonly order: OrderId
  readonly amount: Money
  readonly inputDigest: Bytes
}

type Ordered = Result<OrderRow, Refusal>

/**
 * Orders a refund of a paid sale; the same request again is the same order.
 *
 * @param used  the store's number, as the book has it
 * @refuses key-reused · not-found · purse-retired · refund-too-large
 */
export const orderRefund = (request: RefundRequest, used: NumberRow): Command<Ordered> => ({
  keys: { purse: used.purse, order: request.order, number: { store: used.store, transaction: used.transaction } },
  decide: seen => {
    if (seen.order !== undefined) return unchanged(again(seen.order, request.inputDigest))
    if (seen.purse?.stage === 'retired') return unchanged(no(refusal('purse-retired')))
    const sale = refundable(seen, request.amount)
    if (!sale.ok) return unchanged(sale)
    const row = orderOf(request, sale.value, seen)
    return {
      answer: ok(row),
      writes: [
        { write: 'order', row },
        { write: 'number', row: { ...sale.value, refunded: money(sale.value.refunded + request.amount) } },
        { write: 'entry', row: refundOrdered({ ...row, store: sale.value.store, at: seen.now }) },
      ],
    }
  },
})

const again = (order: OrderRow, digest: Bytes): Ordered =>
  equal(order.inputDigest, digest) ? ok(order) : no(refusal('key-reused'))

function refundable({ number, numbered }: Seen, amount: Money): Result<NumberRow, Refusal> {
  if (number === undefined || numbered?.decision !== 'commit') return no(refusal('not-found'))
  const left = number.amount - number.refunded
  return amount > left ? no(refusal('refund-too-large', { left: String(left) })) : ok(number)
}

function orderOf({ order, amount, inputDigest }: RefundRequest, sale: NumberRow, seen: Seen): OrderRow {
  const purse: PurseId = sale.purse
  const store: StoreId = sale.store
  const currency = seen.numbered?.currency ?? seen.purse?.currency
  if (currency === undefined) throw new Error('a paid sale has a currency')
  return {
    order,
    purse,
    kind: 'refund',
    amount,
    delivered: ZERO,
    inParts: false,
    currency,
    stage: 'waiting',
    store,
    transaction: sale.transaction,
    inputDigest,
    at: seen.now,
  }
}
