import { bigEndian, hex } from '@kozeni/base/bytes'
import { id, type StoreId } from '@kozeni/base/ids'
import { refusal } from '@kozeni/protocol/refusal'
import { expect, test } from 'vitest'
import { RefusedNumbers } from './refused-numbers.ts'

const store = (number: number) => id<StoreId>(hex(bigEndian(number, 8)))

test('however many stores are named, the counters are bounded, and none is lost', () => {
  const refused = new RefusedNumbers()
  for (let i = 1; i <= 20_000; i++) refused.note(store(i), refusal('transaction-used'))
  const list = refused.list()
  expect(list.length).toBeLessThanOrEqual(10_001)
  expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(20_000)
})

test('stores that do not exist are counted together; what is the purse’s matter is not counted', () => {
  const refused = new RefusedNumbers()
  for (let i = 1; i <= 3; i++) refused.note(store(i), refusal('store-unknown'))
  refused.note(store(1), refusal('operation-open'))
  expect(refused.list()).toEqual([{ store: undefined, code: 'store-unknown', check: undefined, count: 3 }])
})
