/** Loads of the caller's own purses; others are not found. */

import { assert } from '@kozeni/base/assert'
import type { AccountId, LoadId } from '@kozeni/base/ids'
import { parseMoney } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { LoadRow } from './book.ts'
import type { Center } from './center.ts'
import { cancelLoad, orderOfLoad, requestLoad } from './load.ts'
import { fund } from './load-funding.ts'
import { inputDigest, requestName } from './request-name.ts'
import { loadAnswer } from './server-answer.ts'
import { callerName } from './server-caller.ts'
import type { Handlers } from './server-handler.ts'
import { ownPurse } from './server-own.ts'

/** Asking for a load, asking after it, wishing it back. */
export const loadHandlers = (center: Center): Pick<Handlers, 'createLoad' | 'getLoad' | 'cancelLoad'> => ({
  createLoad: async ({ caller, body, idempotencyKey }) => {
    const own = await ownPurse(center, caller.device.account, body.purse)
    if (!own.ok) return own
    const amount = parseMoney(body.amount)
    assert(amount !== undefined, 'the contract has checked it')
    const load = requestName<LoadId>(center.crypto, 'load', callerName(caller), idempotencyKey)
    const request = {
      ...body,
      inParts: body.inParts ?? false,
      load,
      amount,
      inputDigest: inputDigest(center.crypto, body),
    }
    const requested = await center.book.run(requestLoad(request, center.policy.loadMaximum))
    if (!requested.ok) return requested
    const funded = await fund(center, requested.value)
    if (funded.load.stage !== 'declined') return ok(loadAnswer(funded.load))
    return no(refusal('funding-declined', { load, ...(funded.reason && { reason: funded.reason }) }))
  },

  getLoad: async ({ caller, params }) => {
    const load = await ownLoad(center, caller.device.account, params.load)
    if (!load.ok) return load
    const { order } = await center.book.look({ order: orderOfLoad(load.value.load) })
    return ok({ ...loadAnswer(load.value), delivered: String(order?.delivered ?? 0n) })
  },

  cancelLoad: async ({ caller, params }) => {
    const load = await ownLoad(center, caller.device.account, params.load)
    if (!load.ok) return load
    const cancelled = await center.book.run(cancelLoad(center.crypto, load.value.load, load.value.purse))
    return cancelled.ok ? ok(loadAnswer(cancelled.value)) : cancelled
  },
})

async function ownLoad(center: Center, account: AccountId, name: LoadId): Promise<Result<LoadRow, Refusal>> {
  const { load } = await center.book.look({ load: name })
  if (load === undefined) return no(refusal('not-found'))
  const own = await ownPurse(center, account, load.purse)
  return own.ok ? ok(load) : own
}
