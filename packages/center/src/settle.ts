/**
 * Settlement (K-4): one window of one store. Gross less refunds less fee is net, to the unit; what is negative is
 * carried into the next window. What lands while a window closes falls into the next one.
 */
import type { StoreId } from '@kozeni/base/ids'
import { money, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { settled } from '@kozeni/ledger/posting'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Command, type StoreRow, unchanged } from './book.ts'
import type { SettlementRow, Unsettled } from './book-settlement.ts'

/**
 * Closes the store's window at `until` and posts its fee and payout. Where somebody else has just closed one that reaches
 * as far, that one is told: windows follow one another.
 *
 * @refuses store-unknown
 * @spec    K-4
 */
export const settle = (store: StoreId, until: number): Command<Result<SettlementRow, Refusal>> => ({
  keys: { store, unsettled: { store, until } },
  decide: ({ store: row, unsettled, now }) => {
    if (row === undefined || unsettled === undefined) return unchanged(no(refusal('store-unknown')))
    const { last } = unsettled
    if (last !== undefined && last.until >= until) return unchanged(ok(last))
    const window = statement(row, unsettled, until)
    const entries = settled({ ...window, window: BigInt(window.window), at: now })
    return {
      answer: ok(window),
      writes: [
        { write: 'settlement', row: window },
        ...entries.map(entry => ({ write: 'entry' as const, row: entry })),
      ],
    }
  },
})

/** Pure arithmetic: carried + online + offline − refunds = fee + net + carried on. */
export function statement(store: StoreRow, unsettled: Unsettled, until: number): SettlementRow {
  const { last, online, offline, refunds } = unsettled
  const gross = online + offline
  const fee = money(gross <= 0n ? 0n : (gross * BigInt(store.feeBasisPoints)) / 10_000n)
  const due = (last?.carried ?? 0n) + gross - refunds
  const after = due - fee
  return {
    store: store.store,
    window: (last?.window ?? 0) + 1,
    from: last?.until ?? 0,
    until,
    onlineCount: unsettled.onlineCount,
    online,
    offlineCount: unsettled.offlineCount,
    offline,
    refunds,
    fee,
    net: after > 0n ? money(after) : ZERO,
    carried: after > 0n ? 0n : after,
    currency: store.currency,
  }
}
