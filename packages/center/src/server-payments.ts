/** Payments by the caller's own purses; others are not found. */
import { no, ok } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import { transactionFromText } from '@kozeni/protocol/transaction'
import type { Center } from './center.ts'
import { openPayment, settleVerdict } from './payment.ts'
import type { RefusedNumbers } from './refused-numbers.ts'
import { paymentAnswer } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'
import { ownPurse } from './server-own.ts'

/** Opening a payment, and asking after it for ever. */
export const paymentHandlers = (
  center: Center,
  refused: RefusedNumbers,
): Pick<Handlers, 'createPayment' | 'getPayment'> => ({
  createPayment: async ({ caller, body: { purse, transaction: compact, number } }) => {
    const { account } = caller.device
    const transaction = transactionFromText(compact)
    if (transaction === undefined) {
      const own = await ownPurse(center, account, purse)
      return own.ok ? no(refusal('data-wrong', { field: 'transaction' })) : own
    }
    const paid = await center.book.run(openPayment(center, { purse, transaction, number, account }))
    if (paid.ok) return ok(paymentAnswer(paid.value))
    refused.note(transaction.store, paid.refusal)
    return paid
  },

  getPayment: async ({ caller, params: { store, number } }) => {
    const { number: used } = await center.book.look({ number: { store, transaction: number } })
    if (used === undefined) return no(refusal('not-found'))
    const own = await ownPurse(center, caller.device.account, used.purse)
    if (!own.ok) return own
    const paid = await center.book.run(settleVerdict(center, used))
    return paid.ok ? ok(paymentAnswer(paid.value)) : paid
  },
})
