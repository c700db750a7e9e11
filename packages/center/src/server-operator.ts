/** What operators register and order; they are admitted by a token. What they look at is in server-views.ts. */
import { assert } from '@kozeni/base/assert'
import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import type { OrderId, StoreId, TerminalId } from '@kozeni/base/ids'
import { no, ok } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import { webhookSecret } from '@kozeni/protocol/webhook'
import type { Center } from './center.ts'
import { payableAt, reportLost } from './lost.ts'
import { blockPurse } from './purse-block.ts'
import { registerChip, registerStore, registerTerminal } from './register.ts'
import { requestName } from './request-name.ts'
import { refundAnswer, timeOf } from './server-answer.ts'
import { callerName } from './server-caller.ts'
import type { Handlers } from './server-handler.ts'
import { settlementHandlers } from './server-settlement.ts'
import { refundSale } from './server-stores.ts'
import { terminalCertificateOf } from './server-terminals.ts'

type OperatorRoutes =
  | 'registerChips'
  | 'registerStore'
  | 'registerTerminal'
  | 'settle'
  | 'blockPurse'
  | 'reportLost'
  | 'orderRefund'

const WEBHOOK_SECRET_BYTES = 32
const FIRST_GENERATION = 1

/** Registration and orders, by operators alone. */
export const operatorHandlers = (center: Center): Pick<Handlers, OperatorRoutes> => ({
  ...settlementHandlers(center),
  ...purseHandlers(center),

  registerChips: async ({ body: { chips } }) => {
    const added = await Promise.all(chips.map(({ chip, chipClass }) => center.book.run(registerChip(chip, chipClass))))
    const registered = added.filter(isNew => isNew).length
    return ok({ registered, known: chips.length - registered })
  },

  registerStore: async ({ caller, body, idempotencyKey }) => {
    const { name, currency, feeBasisPoints, webhookUrl } = body
    const registered = await center.book.run(
      registerStore({
        store: requestName<StoreId>(center.crypto, 'store', callerName(caller), idempotencyKey),
        name,
        currency,
        publicKey: keyOf(body.publicKey),
        generation: FIRST_GENERATION,
        feeBasisPoints,
        webhookUrl,
        webhookSecret: webhookSecret(center.dice.bytes(WEBHOOK_SECRET_BYTES)),
        reportedEpoch: 1,
      }),
    )
    if (!registered.ok) return registered
    return ok({ store: registered.value.store, webhookSecret: registered.value.webhookSecret })
  },

  registerTerminal: async ({ caller, body, idempotencyKey }) => {
    const name = requestName<TerminalId>(center.crypto, 'terminal', callerName(caller), idempotencyKey)
    const registered = await center.book.run(registerTerminal(name, body.store, keyOf(body.publicKey)))
    if (!registered.ok) return registered
    const { terminal, store } = registered.value
    return ok({
      terminal: terminal.terminal,
      certificate: base64url(terminalCertificateOf(center, terminal, store)),
    })
  },

  orderRefund: async ({ caller, body, idempotencyKey }) => {
    const { store } = await center.book.look({ store: body.store })
    if (store === undefined) return no(refusal('store-unknown'))
    const order = requestName<OrderId>(center.crypto, 'refund', callerName(caller), idempotencyKey)
    const ordered = await refundSale(center, { ...body, order })
    return ordered.ok ? ok(refundAnswer(ordered.value)) : ordered
  },
})

/** Orders about one purse. */
const purseHandlers = (center: Center): Pick<Handlers, 'blockPurse' | 'reportLost'> => ({
  blockPurse: async ({ params, body }) => {
    const changed = await center.book.run(blockPurse(params.purse, body.blocked))
    if (!changed.ok) return changed
    center.log('info', 'an operator has blocked or unblocked a purse', { ...params, ...body })
    const { purse, blocked, settings } = changed.value
    return ok({ purse, blocked, settings })
  },

  reportLost: async ({ params, body }) => {
    const reported = await center.book.run(reportLost(center.policy, params.purse, body.lost))
    if (!reported.ok) return reported
    center.log('info', 'an operator has reported a purse lost or found again', { ...params, ...body })
    const { purse, stage, blocked, lostAt } = reported.value
    const at = lostAt === undefined ? undefined : timeOf(payableAt(center.policy, lostAt))
    return ok({ purse, stage, blocked, ...(at !== undefined && { payableAt: at }) })
  },
})

function keyOf(text: string): Bytes {
  const key = fromBase64url(text)
  assert(key !== undefined, 'the contract has checked it')
  return key
}
