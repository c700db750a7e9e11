import { routes } from '@kozeni/api/routes'
import { beforeEach, expect, test } from 'vitest'
import { type Holder, right, type Shop, type TestCenter, testCenter, verdictOf } from './server-for-tests.ts'

let center: TestCenter
let holder: Holder
let shop: Shop
beforeEach(async () => {
  center = await testCenter()
  holder = await center.holder('00000000000000a1')
  shop = await center.shop('Corner shop')
  return () => center.close()
})

const pay = (sale: ReturnType<TestCenter['sale']>) =>
  holder.call(routes.createPayment, { body: { purse: holder.purse, ...sale } })

const raise = (generation: number) =>
  center.operator()(routes.raiseGeneration, {
    params: { store: shop.store },
    body: { generation, reason: 'its server was read' },
  })

test('a new generation closes every window of the one before, for numbers that have opened nothing', async () => {
  const [opened, late] = [center.sale(shop), center.sale(shop)]
  right(await pay(opened))
  expect(right(await shop.call(routes.getSeeds, {})).generation).toBe(1)
  expect(right(await raise(2))).toEqual({ store: shop.store, generation: 2 })
  expect(await pay(late)).toMatchObject({ refusal: { code: 'window-closed', facts: { check: 'generation' } } })
  expect(right(await pay(opened)).verdict).toBe('pending')
  expect(right(await shop.call(routes.getSeeds, {})).generation).toBe(2)
})

test('two people who revoke at once revoke once, and nobody leaves a generation out', async () => {
  expect([right(await raise(2)).generation, right(await raise(2)).generation]).toEqual([2, 2])
  expect(verdictOf(await raise(4))).toBe('data-wrong')
  expect(right(await raise(1)).generation).toBe(2)
})

test('refused numbers are counted by reason, leave no row, and stand in nobody’s way', async () => {
  const sale = center.sale(shop)
  const rows = () => Object.values(center.book.tables).reduce((sum, table) => sum + table.size, 0)
  const before = rows()
  for (let times = 0; times < 5; times++) await pay({ ...sale, number: center.sale(shop).number })
  expect(rows()).toBe(before)
  const { refused } = right(await center.operator()(routes.listRefusedNumbers, {}))
  expect(refused).toEqual([{ store: shop.store, code: 'transaction-altered', check: 'sequence', count: 5 }])
  expect(right(await pay(sale)).verdict).toBe('pending')
})
