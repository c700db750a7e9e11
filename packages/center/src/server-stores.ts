/** What a store's server asks; its own numbers, refunds and statements alone. */

import type { Answer } from '@kozeni/api/route'
import type { getSeeds } from '@kozeni/api/routes-store'
import { assert } from '@kozeni/base/assert'
import { hex, unhex } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import type { OrderId, StoreId } from '@kozeni/base/ids'
import { parseMoney } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { TransactionNumber } from '@kozeni/protocol/number'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { windowsHanded } from '@kozeni/protocol/seed'
import type { OrderRow, StoreRow } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import type { Center } from './center.ts'
import { completeReport, type Honoured, takeEpoch, takeHonoured } from './honoured.ts'
import { settleVerdict } from './payment.ts'
import { orderRefund } from './refund.ts'
import { inputDigest, requestName } from './request-name.ts'
import { restored } from './restore.ts'
import { refundAnswer, statementAnswer, storePaymentAnswer } from './server-answer.ts'
import { callerName } from './server-caller.ts'
import type { Handlers } from './server-handler.ts'
import { pageOf } from './server-page.ts'

type StoreRoutes =
  | 'getSeeds'
  | 'reportHonoured'
  | 'getStorePayment'
  | 'createRefund'
  | 'listStatements'
  | 'getStatement'

/** Seeds, payments, refunds and statements of the store that asks. */
export const storeHandlers = (center: Center): Pick<Handlers, StoreRoutes> => ({
  getSeeds: async ({ caller }) => {
    const { present } = await center.book.look({})
    return ok(seedsOf(center, caller.store, present))
  },

  getStorePayment: async ({ caller, params }) => {
    const { number: used } = await center.book.look({
      number: { store: caller.store.store, transaction: params.number },
    })
    if (used === undefined) return ok({ number: params.number, state: 'unknown', decided: null, refunded: '0' })
    const paid = await center.book.run(settleVerdict(center, used))
    return paid.ok ? ok(storePaymentAnswer(paid.value, used)) : paid
  },

  createRefund: async ({ caller, body, idempotencyKey }) => {
    const order = requestName<OrderId>(center.crypto, 'refund', callerName(caller), idempotencyKey)
    const ordered = await refundSale(center, { ...body, order, store: caller.store.store })
    return ordered.ok ? ok(refundAnswer(ordered.value)) : ordered
  },

  reportHonoured: async ({ caller, body }) => {
    const { store } = caller.store
    const latest = Math.max(body.epoch, ...body.honoured.map(({ epoch }) => epoch))
    const noticed = await noticeEpoch(center, store, latest)
    if (!noticed.ok) return noticed
    for (const { number, operation, ...told } of body.honoured)
      await takeReport(center, { ...told, store, transaction: number, reference: unhex(operation) })
    if (body.last) await center.book.run(completeReport(store, body.epoch))
    return ok({ reports: body.honoured.length })
  },

  listStatements: async ({ caller, query }) => {
    const page = pageOf(query, 'number')
    if (!page.ok) return page
    const { rows, next } = await center.views.statements(caller.store.store, page.value)
    return ok({ statements: rows.map(statementAnswer), ...(next !== undefined && { next }) })
  },

  getStatement: async ({ caller, params }) => {
    const row = await center.views.statement(caller.store.store, Number(params.window))
    return row === undefined ? no(refusal('not-found')) : ok(statementAnswer(row))
  },
})

/** The present window's seed and some ahead. @spec T-3 */
function seedsOf(
  { vault, policy, clock }: Center,
  { store, generation }: StoreRow,
  { epoch }: EpochRow,
): Answer<typeof getSeeds> {
  const windows = windowsHanded(policy.windows, seconds(clock.now()))
  const seeds = windows.map(window => ({ window, seed: hex(vault.seed({ store, generation, window })) }))
  return { epoch, generation, rule: policy.windows, seeds }
}

/**
 * A store that knows of an epoch that the book does not: the book was restored.
 *
 * @refuses epoch-unheard-of (and leaves an alarm)
 * @spec    F-12
 */
async function noticeEpoch(center: Center, store: StoreId, epoch: number): Promise<Result<undefined, Refusal>> {
  const taken = await center.book.run(takeEpoch(store, epoch))
  if (taken === 'unheard-of') return no(refusal('epoch-unheard-of', { epoch }))
  if (taken === 'behind') await restored(center, epoch + 1, noticedBy(store, epoch + 1))
  return ok(undefined)
}

/** @spec F-12 */
async function takeReport(center: Center, said: Honoured): Promise<void> {
  const taken = await center.book.run(takeHonoured(said))
  if (taken !== 'behind') return
  await restored(center, said.epoch + 1, noticedBy(said.store, said.epoch + 1))
  await takeReport(center, said)
}

const noticedBy = (subject: StoreId, epoch: number) => ({
  subject,
  facts: { epoch: String(epoch), noticed: 'by what the store has honoured' },
})

/** A sale of a store, and how much of it goes back. */
export interface SaleRefund {
  readonly order: OrderId
  readonly store: StoreId
  readonly number: TransactionNumber
  readonly amount: string
  readonly reason: string
}

/**
 * Orders a refund of one of this store's sales.
 *
 * @refuses not-found · refund-too-large · key-reused · purse-retired
 */
export async function refundSale(
  { book, crypto }: Center,
  { order, store, number, amount: text, reason }: SaleRefund,
): Promise<Result<OrderRow, Refusal>> {
  const amount = parseMoney(text)
  assert(amount !== undefined, 'the contract has checked it')
  const { number: used } = await book.look({ number: { store, transaction: number } })
  if (used === undefined) return no(refusal('not-found'))
  const digest = inputDigest(crypto, { store, number, amount: text, reason })
  return await book.run(orderRefund({ order, amount, inputDigest: digest }, used))
}
