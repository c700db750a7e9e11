import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { id, type StoreId } from '@kozeni/base/ids'
import type { Result } from '@kozeni/base/result'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { readPayLink } from '@kozeni/protocol/paylink'
import type { Refusal } from '@kozeni/protocol/refusal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Book } from './book.ts'
import { memoryBook } from './book-memory.ts'
import type { Chest } from './chest.ts'
import { memoryChest } from './chest-memory.ts'
import { Seeds } from './seeds.ts'
import { Store } from './store.ts'
import { TEST_RULE, TEST_WEBHOOK_SECRET, TestCenter } from './test-center.ts'

const STORE = '0102030405060708'
const DAY_MS = 86_400_000

interface Parts {
  readonly clock?: StillClock
  readonly center?: TestCenter
  readonly book?: Book
  readonly chest?: Chest
  readonly id?: string
}

async function open({ clock = new StillClock(1_793_500_000_000), center, book, chest, id: name = STORE }: Parts = {}) {
  const parts = {
    center: center ?? new TestCenter({ store: name, clock }),
    book: book ?? memoryBook(),
    chest: chest ?? memoryChest(),
    clock,
  }
  const store = new Store({
    id: id<StoreId>(name),
    currency: currency('JPY'),
    book: parts.book,
    seeds: await Seeds.open(parts.chest),
    crypto: nodeCrypto,
    clock,
    call: parts.center.call,
    webhookSecrets: [TEST_WEBHOOK_SECRET],
  })
  return { ...parts, store }
}

function value<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal))
  return result.value
}

const refused = (code: string, facts: object = {}): object => ({ ok: false, refusal: { code, facts } })
const order = { amount: 1200n, order: 'A-17', returnUrl: 'https://shop.example/thanks' }

test('a sale is offered, paid, honoured once and given once', async () => {
  const { store, center } = await open()
  const sold = value(await store.sell(order))
  expect(value(readPayLink(sold.link))).toEqual({ transaction: sold.transaction, number: sold.number })
  const { proof } = value(center.pay(sold.link))
  expect(value(await store.honour(proof))).toMatchObject({
    handOver: true,
    sale: { state: 'paid', number: sold.number },
  })
  expect(value(await store.honour(proof))).toMatchObject({ handOver: false, sale: { state: 'paid' } })
  expect(await store.owed()).toHaveLength(1)
  expect(value(await store.given(sold.number.toLowerCase()))).toMatchObject({ given: true })
  expect(await store.owed()).toEqual([])
})

test('proof, webhook and query say the same, in any order, any number of times; one of them says hand over', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('proof', 'webhook', 'query'), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (ways, paid) => {
        const { store, center } = await open()
        const { link, number } = value(await store.sell(order))
        const { proof, webhook } = value(paid ? center.pay(link) : center.decline(link))
        const heard = await Promise.all(
          ways.map(async way => {
            if (way === 'proof') return value(await store.honour(proof))
            if (way === 'query') return value(await store.status(number))
            return value(await store.webhook({ ...webhook.headers }, webhook.body)).settled
          }),
        )
        expect(new Set(heard.map(settled => settled?.sale.state))).toEqual(new Set([paid ? 'paid' : 'not-paid']))
        expect(heard.filter(settled => settled?.handOver)).toHaveLength(paid ? 1 : 0)
      },
    ),
    { numRuns: 30 },
  )
})

test('while the center is down a store sells for exactly the windows it was handed, and then says so', async () => {
  const { store, center, clock } = await open()
  value(await store.sell(order))
  center.down = true
  clock.advance(TEST_RULE.ahead * DAY_MS)
  const sold = value(await store.sell(order))
  expect(sold.transaction.expires).toBeLessThanOrEqual(store.sellsUntil)
  clock.advance(1000 * store.sellsUntil - clock.now() - 1000)
  value(await store.sell(order))
  clock.advance(1000)
  expect(await store.sell(order)).toMatchObject(refused('center-unreachable', { check: 'seeds' }))
  center.down = false
  value(await store.sell(order))
})

test('a proof is honoured while the center is down, also by a store that has been started anew', async () => {
  const first = await open()
  const { link } = value(await first.store.sell(order))
  const { proof } = value(first.center.pay(link))
  first.center.down = true
  first.clock.advance(30 * DAY_MS)
  const again = await open(first)
  expect(value(await again.store.honour(proof))).toMatchObject({ handOver: true })
})

test('after a crash between honouring and giving, the sale is owed, and no proof says hand over again', async () => {
  const first = await open()
  const { link, number } = value(await first.store.sell(order))
  const { proof } = value(first.center.pay(link))
  await first.store.honour(proof)
  const again = await open(first)
  expect(value(await again.store.honour(proof))).toMatchObject({ handOver: false })
  expect((await again.store.owed()).map(sale => sale.number)).toEqual([number])
})

test('a number that the book does not hold is no sale, however good its proof', async () => {
  const { store, center, chest } = await open()
  const { link } = value(await store.sell(order))
  const { proof } = value(center.pay(link))
  const other = await open({ center, chest })
  expect(await other.store.honour(proof)).toMatchObject(refused('not-found'))
})

test('an altered proof is refused, and the sale stays open for the genuine one', async () => {
  const { store, center } = await open()
  const { link, number } = value(await store.sell(order))
  const { proof } = value(center.decline(link))
  const altered = proof.slice(0, -1) + (proof.endsWith('A') ? 'E' : 'A')
  expect(await store.honour(altered)).toMatchObject({ ok: false })
  expect(await store.honour('x')).toMatchObject(refused('data-wrong', { field: 'proof' }))
  expect(value(await store.sale(number)).state).toBe('open')
  expect(value(await store.honour(proof))).toMatchObject({ handOver: false, sale: { state: 'not-paid' } })
})

test('a store never takes another store’s proof for the same sequence', async () => {
  const clock = new StillClock(1_793_500_000_000)
  const [here, there] = [await open({ clock }), await open({ clock, id: '0102030405060709' })]
  value(await here.store.sell(order))
  const { link } = value(await there.store.sell(order))
  const { proof } = value(there.center.pay(link))
  expect(await here.store.honour(proof)).toMatchObject({ ok: false })
})

test('with its seeds revoked a store refuses proofs made under them, and asks the center instead', async () => {
  const { store, center } = await open()
  const [early, late] = [value(await store.sell(order)), value(await store.sell(order))]
  const { proof } = value(center.pay(early.link))
  const told = value(center.pay(late.link))
  center.revoke()
  value(await store.refreshSeeds())
  expect(await store.honour(proof)).toMatchObject(refused('window-closed', { generation: 1 }))
  expect(value(await store.status(early.number))).toMatchObject({ handOver: true, sale: { state: 'paid' } })
  expect(value(await store.webhook(new Headers({ ...told.webhook.headers }), told.webhook.body))).toMatchObject({
    settled: { handOver: true },
  })
  expect(value(await store.sell(order)).transaction.generation).toBe(2)
})

test('after a restored center is known, older proofs are refused and what was honoured is reported, once', async () => {
  const { store, center } = await open()
  const [before, between] = [value(await store.sell(order)), value(await store.sell(order))]
  await store.honour(value(center.pay(before.link)).proof)
  const { proof } = value(center.pay(between.link))
  center.restore()
  value(await store.refreshSeeds())
  value(await store.refreshSeeds())
  expect(center.reports).toEqual([
    { epoch: 2, last: true, honoured: [expect.objectContaining({ number: before.number })] },
  ])
  expect(await store.honour(proof)).toMatchObject(refused('epoch-past', { epoch: 1, floor: 2 }))
})

test('an unpaid sale is open for ever, and its query says so', async () => {
  const { store, center } = await open()
  const { number } = value(await store.sell(order))
  expect(value(await store.status(number))).toMatchObject({ handOver: false, sale: { state: 'open' } })
  center.down = true
  expect(await store.status(number)).toMatchObject(refused('center-unreachable'))
  expect(await store.status('0000-0000-0000-0000-0000-0001')).toMatchObject(
    refused('data-wrong', { check: 'spelling' }),
  )
  expect(await store.status('0000-0000-0000-0000-0000-0000')).toMatchObject(refused('not-found'))
})

test.each([
  ['amount', { amount: 0 }],
  ['amount', { amount: 12.5 }],
  ['amount', { amount: -1n }],
  ['amount', { amount: 4_294_967_296 }],
  ['orderReference', { order: 'x'.repeat(65) }],
  ['returnUrl', { returnUrl: 'javascript:alert(1)' }],
  ['terminal', { terminal: 'till 3' }],
  ['expires', { expiresInSeconds: 0 }],
  ['expiresInSeconds', { expiresInSeconds: 1.5 }],
])('an order whose %s is wrong (%o) is refused and uses no sequence up', async (field, wrong) => {
  const { store } = await open()
  expect(await store.sell({ ...order, ...wrong })).toMatchObject(refused('data-wrong', { field }))
  expect(value(await store.sell(order)).transaction.sequence).toBe(1)
})

test('a webhook that is not the center’s is refused, and one of an unknown type is heard', async () => {
  const { store, center, clock } = await open()
  const { headers, body } = center.webhook('store.greeted', { hello: 'world' })
  expect(value(await store.webhook({ ...headers }, body))).toMatchObject({ type: 'store.greeted', settled: null })
  expect(await store.webhook({ ...headers }, `${body} `)).toMatchObject(refused('signature-wrong'))
  expect(await store.webhook({}, body)).toMatchObject(refused('data-wrong'))
  clock.advance(301_000)
  expect(await store.webhook({ ...headers }, body)).toMatchObject(refused('clock-differs'))
})

test('a refund under the same key is one refund, and never more than was paid', async () => {
  const { store, center } = await open()
  const { link, number } = value(await store.sell(order))
  value(center.pay(link))
  const refund = { number, amount: 700n, reason: 'broken', key: 'return-1' }
  expect(value(await store.refund(refund))).toEqual(value(await store.refund(refund)))
  expect(await store.refund({ ...refund, key: 'return-2' })).toMatchObject(refused('refund-too-large', { left: '500' }))
  expect(await store.refund({ ...refund, amount: 1201n })).toMatchObject(refused('refund-too-large', { sold: '1200' }))
  expect(value(await store.statements())).toMatchObject([
    { online: { count: 1, amount: 1200n }, gross: 1200n, refunds: 700n, fees: 12n, reserve: 0n, net: 488n },
  ])
})

test('a statement that does not add up to the unit is refused', async () => {
  const { store, center } = await open()
  value(center.pay(value(await store.sell(order)).link))
  const honest = center.call
  Object.assign(center, {
    call: async (request: Parameters<typeof honest>[0]) => {
      const text = JSON.stringify(await honest(request)).replace(
        '"count":1,"amount":"1200"',
        '"count":1,"amount":"1201"',
      )
      return JSON.parse(text)
    },
  })
  const wronged = await open({ center })
  expect(await wronged.store.statements()).toMatchObject(refused('data-wrong', { check: 'sum' }))
})
