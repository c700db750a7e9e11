/** Rows as the contract tells them: amounts as text, instants as RFC 3339 has them. What a caller may not know stays out. */

import type { operation } from '@kozeni/api/operation'
import type { Answer } from '@kozeni/api/route'
import type { createLoad } from '@kozeni/api/routes-load'
import type { createPayment } from '@kozeni/api/routes-payment'
import type { createRefund, getStatement, getStorePayment } from '@kozeni/api/routes-store'
import { assert } from '@kozeni/base/assert'
import { hex } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { parseNumber, type TransactionNumber } from '@kozeni/protocol/number'
import type { z } from 'zod'
import type { Instant, LoadRow, NumberRow, OperationRow, OrderRow } from './book.ts'
import type { SettlementRow } from './book-settlement.ts'
import type { Payment } from './payment.ts'

/** An instant as text, UTC. */
export const timeOf = (at: Instant): string => new Date(at).toISOString()

/** The one gate from a number that the book has to the type that its spelling proves. */
export function numberOf(text: string | undefined): TransactionNumber {
  const number = parseNumber(text ?? '')
  assert(number.ok, 'a number in the book is spelled as one')
  return number.value
}

/** A load, for its holder. */
export const loadAnswer = ({
  load,
  purse,
  amount,
  currency,
  stage,
  cancelled,
  inParts,
  at,
}: LoadRow): Answer<typeof createLoad> => ({
  load,
  purse,
  amount: String(amount),
  currency,
  stage,
  cancelled,
  inParts,
  at: timeOf(at),
})

/** A payment, for its holder. */
export function paymentAnswer({ operation, verdict, proof }: Payment): Answer<typeof createPayment> {
  const { store, transaction, amount, currency, epoch, number, sessionEnd } = operation
  assert(store !== undefined && sessionEnd !== undefined, 'a pay has a store and a session')
  return {
    store,
    number: numberOf(transaction),
    amount: String(amount),
    currency,
    verdict,
    operation: { epoch, number },
    ...(proof !== undefined && { proof }),
    sessionEnd: timeOf(sessionEnd),
  }
}

/** A payment, for its store: without the purse. The query and the webhook say the same. @spec T-5 */
export function storePaymentAnswer(
  { operation, epoch, verdict, proof }: Payment,
  used: NumberRow,
): Answer<typeof getStorePayment> {
  const { amount, currency, reference } = operation
  const told = { amount: String(amount), currency, operation: hex(reference), epoch }
  return {
    number: numberOf(used.transaction),
    state: verdict,
    decided: proof === undefined ? null : { ...told, proof },
    refunded: String(used.refunded),
  }
}

/** A refund order. */
export const refundAnswer = ({
  order,
  transaction,
  amount,
  currency,
  stage,
  at,
}: OrderRow): Answer<typeof createRefund> => ({
  refund: order,
  number: numberOf(transaction),
  amount: String(amount),
  currency,
  stage,
  at: timeOf(at),
})

/** One settlement window. The reserve is what it carries on, less what was carried to it (K-4). */
export function statementAnswer(row: SettlementRow): Answer<typeof getStatement> {
  const gross = row.online + row.offline
  return {
    store: row.store,
    window: row.window,
    from: seconds(row.from),
    until: seconds(row.until),
    currency: row.currency,
    online: { count: row.onlineCount, amount: String(row.online) },
    offline: { count: row.offlineCount, amount: String(row.offline) },
    gross: String(gross),
    refunds: String(row.refunds),
    fees: String(row.fee),
    reserve: String(gross - row.refunds - row.fee - row.net),
    net: String(row.net),
  }
}

/** An operation, for holders and operators: with its age, and what it will come to by the rules. */
export function operationAnswer(row: OperationRow, now: Instant): z.output<typeof operation> {
  const { purse, epoch, number, kind, amount, currency, decision, openedAt, closed } = row
  return {
    purse,
    epoch,
    number,
    kind,
    amount: String(amount),
    currency,
    decision,
    openedAt: timeOf(openedAt),
    ...(row.sessionEnd !== undefined && { sessionEnd: timeOf(row.sessionEnd) }),
    ageSeconds: Math.max(0, Math.floor(((closed?.at ?? now) - openedAt) / 1000)),
    predicted: predictedOf(row, now),
    ...(closed && { closed: { at: timeOf(closed.at), source: closed.source, outcome: closed.outcome } }),
    ...(row.store && { store: row.store }),
    ...(row.transaction !== undefined && { transaction: numberOf(row.transaction) }),
    ...(row.order && { order: row.order }),
  }
}

/** A pay past its session comes to nothing; a load or refund rolls forward until the chip says otherwise (F-7, F-8). */
function predictedOf({ kind, decision, sessionEnd }: OperationRow, now: Instant): 'commit' | 'void' | 'undecided' {
  if (decision !== 'open') return decision
  if (kind === 'load' || kind === 'refund') return 'commit'
  return sessionEnd !== undefined && now > sessionEnd ? 'void' : 'undecided'
}
