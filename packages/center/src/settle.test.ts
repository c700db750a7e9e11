import { currency } from '@kozeni/base/currency'
import { id, type StoreId } from '@kozeni/base/ids'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Seen, StoreRow } from './book.ts'
import { FIRST_EPOCH } from './book-epoch.ts'
import type { SettlementRow } from './book-settlement.ts'
import { settle, statement } from './settle.ts'

const store: StoreRow = {
  store: id<StoreId>('0000000000000002'),
  name: 'Bakery',
  currency: currency('JPY'),
  publicKey: new Uint8Array(65),
  generation: 1,
  feeBasisPoints: 150,
  webhookUrl: undefined,
  webhookSecret: '',
  reportedEpoch: 1,
}

const sold = fc.record({
  onlineCount: fc.nat(),
  online: fc.bigInt({ min: 0n, max: 10_000_000n }),
  offlineCount: fc.nat(),
  offline: fc.bigInt({ min: -10_000n, max: 10_000_000n }),
  refunds: fc.bigInt({ min: 0n, max: 10_000_000n }),
})

test('every statement adds up to the unit, and what is negative is carried, never paid and never lost', () => {
  fc.assert(
    fc.property(fc.array(sold, { minLength: 1, maxLength: 10 }), fc.nat({ max: 10_000 }), (windows, feeBasisPoints) => {
      let last: SettlementRow | undefined
      for (const window of windows) {
        const row = statement({ ...store, feeBasisPoints }, { last, ...window }, 1)
        const due = (last?.carried ?? 0n) + window.online + window.offline - window.refunds
        expect(row.fee + row.net + row.carried).toBe(due)
        expect(row.carried <= 0n && row.net >= 0n && row.window === (last?.window ?? 0) + 1).toBe(true)
        last = row
      }
    }),
  )
})

test('the fee is rounded down, in the store’s favour', () => {
  const row = statement(
    store,
    { last: undefined, onlineCount: 1, online: 199n, offlineCount: 0, offline: 0n, refunds: 0n },
    1,
  )
  expect([row.fee, row.net]).toEqual([2n, 197n])
})

test('two who close a window at once get one: the later instant’s, whoever was first', () => {
  const nothing = { onlineCount: 0, online: 0n, offlineCount: 0, offline: 0n, refunds: 0n }
  const last = statement(store, { last: undefined, ...nothing, online: 199n }, 100)
  const seen = (unsettled: Seen['unsettled']): Seen => ({ ...NOBODY, store, unsettled, now: 101 })
  for (const until of [100, 99]) {
    const { answer, writes } = settle(store.store, until).decide(seen({ last, ...nothing, online: 5n }))
    expect(answer).toEqual({ ok: true, value: last })
    expect(writes).toEqual([])
  }
})

const NOBODY: Seen = {
  ...{ purse: undefined, open: undefined, openOrder: undefined, openLoad: undefined, waiting: undefined },
  ...{ operation: undefined, account: undefined, device: undefined, chip: undefined, terminal: undefined },
  ...{
    load: undefined,
    order: undefined,
    move: undefined,
    proposal: undefined,
    number: undefined,
    numbered: undefined,
    sales: new Map(),
  },
  ...{ hotlistAfter: undefined, returned: undefined, fraud: undefined },
  ...{ store: undefined, unsettled: undefined, receipts: new Map(), now: 0 },
  ...{ honoured: undefined, openHonoured: undefined, openStore: undefined, present: FIRST_EPOCH },
  ...{ ring: new Map(), found: [], waitingLoad: undefined },
}
