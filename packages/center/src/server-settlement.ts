/**
 * Settlement on an operator's order. A window that was closed at the very instant asked for is told again; an order
 * without an instant is remembered by its key for as long as this process runs.
 */
import { hex } from '@kozeni/base/bytes'
import type { StoreId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { SettlementRow } from './book-settlement.ts'
import type { Center } from './center.ts'
import { inputDigest } from './request-name.ts'
import { statementAnswer } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'
import { settle } from './settle.ts'

type Settled = Result<SettlementRow, Refusal>

const KEYS_KEPT = 1000

/** Closing a store’s window, once. */
export function settlementHandlers(center: Center): Pick<Handlers, 'settle'> {
  const known = new Map<string, { readonly digest: string; readonly answer: Promise<Settled> }>()
  return {
    settle: async ({ body, idempotencyKey }) => {
      const digest = hex(inputDigest(center.crypto, body))
      const before = known.get(idempotencyKey)
      if (before !== undefined && before.digest !== digest) return no(refusal('key-reused'))
      const answer = before?.answer ?? closeWindow(center, body.store, body.until)
      if (known.size >= KEYS_KEPT) known.clear()
      known.set(idempotencyKey, { digest, answer })
      const settled = await answer
      if (!settled.ok) known.delete(idempotencyKey)
      return settled.ok ? ok(statementAnswer(settled.value)) : settled
    },
  }
}

/** Windows follow one another and end in the past. */
async function closeWindow({ book }: Center, store: StoreId, time: string | undefined): Promise<Settled> {
  const { store: row, unsettled, now } = await book.look({ store, unsettled: { store, until: 0 } })
  if (row === undefined) return no(refusal('store-unknown'))
  const until = time === undefined ? now : Date.parse(time)
  const last = unsettled?.last
  if (last?.until === until && time !== undefined) return ok(last)
  if (until > now || until <= (last?.until ?? 0)) return no(refusal('input-wrong', { part: 'body', field: 'until' }))
  return await book.run(settle(store, until))
}
