/** What a store orders back of its off-line sales. */
import type { Answer } from '@kozeni/api/route'
import type { createReturn } from '@kozeni/api/routes-store'
import { assert } from '@kozeni/base/assert'
import type { OrderId } from '@kozeni/base/ids'
import { parseMoney } from '@kozeni/base/money'
import { no, ok } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import type { OrderRow } from './book.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { saleName } from './book-writes.ts'
import type { Center } from './center.ts'
import { inputDigest, requestName } from './request-name.ts'
import { orderReturn } from './return.ts'
import { timeOf } from './server-answer.ts'
import { callerName } from './server-caller.ts'
import type { Handlers } from './server-handler.ts'

/** Refunds of off-line sales, by the store that sold. */
export const returnHandlers = (center: Center): Pick<Handlers, 'createReturn'> => ({
  createReturn: async ({ caller, body, idempotencyKey }) => {
    const amount = parseMoney(body.amount)
    assert(amount !== undefined, 'the contract has checked it')
    const { sales } = await center.book.look({ sales: [body] })
    const sale = sales.get(saleName(body))
    // what the issuer has paid was taken from no purse that it could go back to
    if (sale === undefined || 'bearer' in sale) return no(refusal('not-found'))
    const order = requestName<OrderId>(center.crypto, 'refund', callerName(caller), idempotencyKey)
    const request = { order, amount, inputDigest: inputDigest(center.crypto, body), store: caller.store.store }
    const ordered = await center.book.run(orderReturn({ ...request, purse: sale.purse, seq: sale.seq }))
    return ordered.ok ? ok(returnAnswer(ordered.value, sale)) : ordered
  },
})

const returnAnswer = (
  { order, amount, currency, stage, at }: OrderRow,
  { terminal, sale }: ReceiptRow,
): Answer<typeof createReturn> => ({
  ...{ refund: order, terminal, sale, currency, stage },
  amount: String(amount),
  at: timeOf(at),
})
