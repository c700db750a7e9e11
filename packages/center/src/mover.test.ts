import { routes } from '@kozeni/api/routes'
import { seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { verifyWebhook, type WebhookHeaders, webhookKey } from '@kozeni/protocol/webhook'
import { beforeEach, expect, test } from 'vitest'
import { againAt, Mover } from './mover.ts'
import { type Holder, right, type Shop, testCenter } from './server-for-tests.ts'

const DAY_MS = 24 * 3_600_000

let center: Awaited<ReturnType<typeof testCenter>>
let holder: Holder
let shop: Shop
let mover: Mover
let posts: { url: string; headers: Readonly<Record<string, string>>; body: string }[]
let status: number | undefined
beforeEach(async () => {
  center = await testCenter()
  holder = await center.holder('00000000000000a1')
  shop = await center.shop('Corner shop', 'https://shop.example/hooks')
  posts = []
  status = 200
  mover = new Mover({
    ...center.center,
    post: async (url, headers, body) => {
      posts.push({ url, headers, body })
      return status
    },
  })
  return () => center.close()
})

const pay = async () => {
  const sale = center.sale(shop)
  right(await holder.call(routes.createPayment, { body: { purse: holder.purse, ...sale } }))
  return sale.number
}

/** The webhook as its store verifies it. */
const heard = ({ headers, body }: (typeof posts)[number]) =>
  verifyWebhook(
    crypto,
    [webhookKey(shop.webhookSecret) ?? new Uint8Array(0)],
    { 'webhook-id': '', 'webhook-timestamp': '', 'webhook-signature': '', ...headers } satisfies WebhookHeaders,
    body,
    seconds(center.clock.now()),
  )

test('a pay past its session is decided, and its store told the same as by proof and query', async () => {
  const number = await pay()
  await mover.step()
  expect(posts).toEqual([])
  center.clock.advance(60_001)
  await mover.step()
  await mover.step()
  expect(posts).toHaveLength(1)
  const [post] = posts
  if (post === undefined) return expect.unreachable()
  expect(post.url).toBe('https://shop.example/hooks')
  expect(heard(post).ok).toBe(true)
  const told = right(await shop.call(routes.getStorePayment, { params: { number } }))
  expect(JSON.parse(post.body)).toMatchObject({ type: 'payment.decided', data: told })
  expect(told).toMatchObject({ state: 'not-paid' })
  expect(center.book.tables.operation.get(`${holder.purse} 1 1`)).toMatchObject({ decision: 'void', closed: undefined })
})

test('a store that does not take it is told again, ever later, with the same id, for three days', async () => {
  await pay()
  center.clock.advance(60_001)
  status = undefined
  let last = center.clock.now()
  for (let hours = 0; hours < 100 * 60; hours++) {
    const before = posts.length
    await mover.step()
    if (posts.length > before) last = center.clock.now()
    center.clock.advance(60_000)
  }
  expect(posts.length).toBeGreaterThan(50)
  expect(posts.length).toBeLessThan(120)
  expect(new Set(posts.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(new Set(posts.map(({ body }) => body)).size).toBe(1)
  expect(center.clock.now() - last).toBeGreaterThan(20 * 3_600_000)
  expect(center.book.tables.outbox.size).toBe(0)
  expect(center.logged.some(line => line.includes('three days'))).toBe(true)
})

test('a store whose address is gone, and one without an address, are not told again', async () => {
  await pay()
  center.clock.advance(60_001)
  status = 410
  await mover.step()
  await mover.step()
  expect(posts).toHaveLength(1)
  expect(center.book.tables.outbox.size).toBe(0)
})

test('a provider that says nothing is asked for as long as it takes, at most five minutes apart', async () => {
  center.funding.next = 'silent-before'
  const body = { purse: holder.purse, amount: '2000', currency: 'JPY' as never, method: 'pm_card_visa' }
  const { load } = right(await holder.call(routes.createLoad, { body, idempotencyKey: 'a-load-of-patience' }))
  for (let minutes = 0; minutes < 7 * 24 * 60; minutes += 10) {
    await mover.step()
    center.clock.advance(600_000)
  }
  expect(center.book.tables.outbox.get(`capture:${load}`)).toBeDefined()
  center.funding.next = 'pays'
  await mover.step()
  expect(right(await holder.call(routes.getLoad, { params: { load } }))).toMatchObject({ stage: 'captured' })
  expect(center.book.tables.outbox.size).toBe(0)
})

test('two movers at once tell a store once', async () => {
  await pay()
  center.clock.advance(60_001)
  const other = new Mover({ ...center.center, post: async () => 200 })
  await Promise.all([mover.step(), other.step()])
  await mover.step()
  expect(posts.length).toBeLessThanOrEqual(1)
  expect(center.book.tables.outbox.size).toBe(0)
})

test('a mover that dies in the middle of a task leaves it to the next, when the lease is over', async () => {
  await pay()
  center.clock.advance(60_001)
  const dying = new Mover({ ...center.center, post: () => Promise.reject(new Error('killed')) })
  await dying.step()
  expect(center.book.tables.outbox.size).toBe(1)
  await mover.step()
  expect(posts).toEqual([])
  center.clock.advance(60_001)
  await mover.step()
  expect(posts).toHaveLength(1)
})

test('waits double, and have a bound', () => {
  const since = 1_000_000
  let now = since
  const waits: number[] = []
  for (let i = 0; i < 14; i++) {
    const next = againAt('capture', since, now)
    waits.push((next - now) / 1000)
    now = next
  }
  expect(waits).toEqual([1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300])
  expect(againAt('webhook', since, since + 3 * DAY_MS) - since - 3 * DAY_MS).toBe(3_600_000)
})

test('before money goes back the mark is noted: a book restored to before it is known to be behind', async () => {
  const { book, marks } = center.center
  const load = right(
    await holder.call(routes.createLoad, {
      body: { purse: holder.purse, amount: '500', currency: currency('JPY'), method: 'pm_card_visa' },
      idempotencyKey: 'a-load',
    }),
  )
  right(await holder.call(routes.cancelLoad, { params: { load: load.load } }))
  const before = await marks.read()
  await mover.step()
  const { present } = await book.look({})
  expect((await book.look({ load: load.load })).load?.stage).toBe('given-back')
  expect(present.beat).toBeGreaterThan(before?.beat ?? 0)
  expect(await marks.read()).toEqual({ epoch: present.epoch, beat: present.beat })
})
