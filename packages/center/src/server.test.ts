import { routes } from '@kozeni/api/routes'
import { base64url } from '@kozeni/base/bytes'
import { type ChipId, id, type LoadId, type PurseId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { checkProof } from '@kozeni/protocol/proof'
import { beforeEach, expect, test, vi } from 'vitest'
import { defaultPolicy } from './policy.ts'
import {
  type Holder,
  OPERATOR_TOKEN,
  right,
  type Shop,
  type TestCenter,
  testCenter,
  uploaded,
  verdictOf,
} from './server-for-tests.ts'
import { lateBy } from './server-lateness.ts'

let center: Awaited<ReturnType<typeof testCenter>>
let holder: Holder
let shop: Shop
beforeEach(async () => {
  center = await testCenter()
  holder = await center.holder('00000000000000a1')
  shop = await center.shop('Corner shop')
  return () => center.close()
})

const load = (key = 'a-load-of-a-holder', amount = '2000', method = 'pm_card_visa') =>
  holder.call(routes.createLoad, {
    body: { purse: holder.purse, amount, currency: 'JPY' as never, method },
    idempotencyKey: key,
  })

test('a load is captured at once, once, under its own name, however often it is asked for', async () => {
  const first = right(await load())
  expect(first).toMatchObject({ stage: 'captured', amount: '2000' })
  expect(right(await load())).toEqual(first)
  expect([...center.funding.captured.values()]).toEqual([2000n])
  const asked = await holder.call(routes.getLoad, { params: { load: first.load } })
  expect(right(asked)).toEqual({ ...first, delivered: '0' })
  expect(verdictOf(await load('a-load-of-a-holder', '2001'))).toBe('key-reused')
})

test('a provider that says no is told as no; one that says nothing leaves the load requested', async () => {
  center.funding.next = 'declines'
  expect(await load()).toMatchObject({ refusal: { code: 'funding-declined', facts: { reason: 'insufficient_funds' } } })
  expect(verdictOf(await load())).toBe('funding-declined')
  center.funding.next = 'silent-after'
  expect(right(await load('another-load-key'))).toMatchObject({ stage: 'requested' })
  center.funding.next = 'pays'
  expect(right(await load('another-load-key'))).toMatchObject({ stage: 'captured' })
  expect(center.funding.captured.size).toBe(1)
})

test('a load that waits is given back when its holder wishes it', async () => {
  const { load: name } = right(await load())
  expect(right(await holder.call(routes.cancelLoad, { params: { load: name } }))).toMatchObject({
    stage: 'giving-back',
  })
})

test('a store’s number opens one payment; after a minute everybody is told not-paid, with a proof', async () => {
  const sale = center.sale(shop)
  const asked = { body: { purse: holder.purse, ...sale } }
  const opened = right(await holder.call(routes.createPayment, asked))
  expect(opened).toMatchObject({ verdict: 'pending', amount: '300', operation: { epoch: 1, number: 1 } })
  expect(right(await holder.call(routes.createPayment, asked))).toEqual(opened)
  const params = { number: sale.number }
  expect(right(await shop.call(routes.getStorePayment, { params }))).toMatchObject({ state: 'pending', decided: null })
  center.clock.advance(60_001)
  const told = right(await shop.call(routes.getStorePayment, { params }))
  expect(told).toMatchObject({ state: 'not-paid', decided: { amount: '300', epoch: 1 } })
  const held = right(await holder.call(routes.getPayment, { params: { store: shop.store, ...params } }))
  expect(held.proof).toBe(told.decided?.proof)
  const window = Math.floor(center.clock.now() / 3_600_000)
  const seed = center.vault.seed({ store: shop.store, generation: 1, window })
  expect(checkProof(crypto, seed, held.proof ?? '')).toMatchObject({
    value: { verdict: 'not-paid', number: sale.number },
  })
})

test('a number that no phone has brought is unknown', async () => {
  const { number } = center.sale(shop)
  expect(right(await shop.call(routes.getStorePayment, { params: { number } }))).toMatchObject({ state: 'unknown' })
})

test('seeds are handed by the windows’ rule, and make the numbers that the center accepts', async () => {
  const handed = right(await shop.call(routes.getSeeds, {}))
  expect(handed).toMatchObject({ epoch: 1, generation: 1, rule: { lengthSeconds: 3600 } })
  expect(handed.seeds).toHaveLength(49)
})

test('receipts are taken in each on its own: booked, booked already, broken, forged, of another store’s till', async () => {
  const other = await center.shop('Other shop')
  const receipts = [
    center.receipt(holder, shop),
    center.receipt(holder, shop),
    center.receipt(holder, shop).slice(1),
    flipped(center.receipt(holder, shop, { seq: 2, sale: 2 }), -20, -1),
    center.receipt(holder, other, { seq: 3, sale: 3 }),
  ].map(uploaded)
  const { answers } = right(await shop.till.call(routes.uploadReceipts, { body: { receipts } }))
  expect(answers).toMatchObject([
    { standing: 'booked', seq: 1, final: false },
    { standing: 'already-booked', final: false },
    { standing: 'refused', code: 'data-wrong' },
    { standing: 'refused', code: 'mac-wrong' },
    { standing: 'refused', code: 'not-found' },
  ])
  expect(center.book.tables.terminal.get(shop.till.terminal)?.lastUpload).toBe(center.clock.now())
})

/** Both MAC and signature wrong, or only the MAC. */
const flipped = (bytes: Uint8Array, ...places: number[]) => {
  const changed = bytes.slice()
  for (const place of places) {
    const at = changed.length + place
    changed[at] = (changed[at] ?? 0) ^ 1
  }
  return changed
}

test('a right signature under a wrong MAC is paid, and blocks the purse; tills hear of it by a signed list', async () => {
  const receipts = [uploaded(flipped(center.receipt(holder, shop), -1))]
  const before = right(await shop.till.call(routes.getTerminal, { query: {} }))
  expect(before.hotlist.entries).toEqual([])
  expect(right(await shop.till.call(routes.uploadReceipts, { body: { receipts } })).answers[0]?.standing).toBe('booked')
  expect(center.book.tables.purse.get(holder.purse)?.blocked).toBe(true)
  center.clock.advance(5000)
  const after = right(await shop.till.call(routes.getTerminal, { query: { since: String(before.hotlist.version) } }))
  expect(after.hotlist.entries).toEqual([{ subject: 'purse', purse: holder.purse, listed: true }])
  expect(after.hotlist.version).toBeGreaterThan(before.hotlist.version)
  const same = right(await shop.till.call(routes.getTerminal, { query: { since: String(after.hotlist.version) } }))
  expect(same.hotlist.entries).toEqual([])
})

test('of each upload one receipt has its signature looked at: a right MAC alone is held, and an operator is told', async () => {
  const receipts = [uploaded(flipped(center.receipt(holder, shop), -20))]
  expect(right(await shop.till.call(routes.uploadReceipts, { body: { receipts } })).answers[0]?.standing).toBe('held')
  const { alarms } = right(await center.operator()(routes.listAlarms, { query: {} }))
  expect(alarms).toMatchObject([{ subject: holder.purse, what: 'mac-right-signature-wrong' }])
})

test('a terminal that an operator marks as stolen or lost is listed and gets nothing, and its receipts are taken in', async () => {
  const params = { terminal: shop.till.terminal }
  const other = await center.shop('Bakery')
  const since = right(await other.till.call(routes.getTerminal, { query: {} })).hotlist.version
  for (const place of ['stolen', 'lost'] as const) {
    const body = { place, reason: 'reported by its store' }
    const placed = right(await center.operator()(routes.placeTerminal, { params, body }))
    expect(placed).toMatchObject({ place, atRisk: expect.stringMatching(/^[1-9]/) })
    expect(await shop.till.call(routes.getTerminal, { query: {} })).toMatchObject({
      refusal: { code: 'caller-not-allowed' },
    })
  }
  center.clock.advance(5000)
  const { hotlist } = right(await other.till.call(routes.getTerminal, { query: { since: String(since) } }))
  expect(hotlist).toMatchObject({
    since,
    entries: [{ subject: 'terminal', terminal: shop.till.terminal, listed: true }],
  })
  const receipts = [uploaded(center.receipt(holder, shop))]
  expect(right(await shop.till.call(routes.uploadReceipts, { body: { receipts } })).answers[0]?.standing).toBe('booked')
  const body = { place: 'in-service' as const, reason: 'found in the cellar' }
  right(await center.operator()(routes.placeTerminal, { params, body }))
  right(await shop.till.call(routes.getTerminal, { query: {} }))
})

test('a receipt is final when its window is settled and no backup in use is older, and the statement adds up', async () => {
  const receipts = [uploaded(center.receipt(holder, shop))]
  await shop.till.call(routes.uploadReceipts, { body: { receipts } })
  center.clock.advance(1000)
  const body = { store: shop.store }
  const closed = right(await center.operator()(routes.settle, { body, idempotencyKey: 'settle-one-store-1' }))
  expect(closed).toMatchObject({ gross: '120', fees: '1', refunds: '0', reserve: '0', net: '119', window: 1 })
  expect(right(await center.operator()(routes.settle, { body, idempotencyKey: 'settle-one-store-1' }))).toEqual(closed)
  const again = async () => right(await shop.till.call(routes.uploadReceipts, { body: { receipts } })).answers
  expect(await again()).toMatchObject([{ standing: 'already-booked', final: false }])
  center.clock.advance(defaultPolicy.keepSettledMs)
  expect(await again()).toMatchObject([{ standing: 'already-booked', final: true }])
  expect(right(await shop.call(routes.listStatements, { query: {} })).statements).toEqual([closed])
  expect(right(await shop.call(routes.getStatement, { params: { window: '1' } }))).toEqual(closed)
  const late = { body: { ...body, until: '2026-03-01T00:00:00.000Z' }, idempotencyKey: 'settle-one-store-2' }
  expect(verdictOf(await center.operator()(routes.settle, late))).toBe('input-wrong')
})

test('a refund is ordered once by its key, and not beyond the sale', async () => {
  const sale = center.sale(shop)
  right(await holder.call(routes.createPayment, { body: { purse: holder.purse, ...sale } }))
  const refund = (amount: string, key: string) =>
    shop.call(routes.createRefund, { body: { number: sale.number, amount, reason: 'returned' }, idempotencyKey: key })
  expect(verdictOf(await refund('300', 'refund-before-paid'))).toBe('not-found')
  await commit(center, holder.purse)
  const ordered = right(await refund('200', 'refund-of-a-sale-1'))
  expect(ordered).toMatchObject({ amount: '200', stage: 'waiting', number: sale.number })
  expect(right(await refund('200', 'refund-of-a-sale-1'))).toEqual(ordered)
  expect(verdictOf(await refund('100', 'refund-of-a-sale-1'))).toBe('key-reused')
  expect(verdictOf(await refund('101', 'refund-of-a-sale-2'))).toBe('refund-too-large')
  expect(right(await holder.call(routes.getPurse, { params: { purse: holder.purse } })).waiting).toMatchObject([
    { kind: 'refund', amount: '200' },
  ])
})

/** As if the chip had applied the open pay. */
async function commit({ book }: TestCenter, purse: PurseId): Promise<void> {
  await book.run({
    keys: { purse },
    decide: ({ open, purse: row, now }) => ({
      answer: undefined,
      writes:
        open === undefined || row === undefined
          ? []
          : [
              { write: 'purse', row: { ...row, flag: false, closedNumber: open.number, debits: total(300n) } },
              {
                write: 'operation',
                row: { ...open, decision: 'commit', closed: { at: now, source: 'result', outcome: 'applied' } },
              },
            ],
    }),
  })
}

test('a second device joins the account by its secret, and finds the purse; a wrong secret finds nothing', async () => {
  const first = center.signing(publicKey => ({ kind: 'key', publicKey }))
  const opened = right(await first.call(routes.registerDevice, { body: { publicKey: base64url(first.publicKey) } }))
  const second = center.signing(publicKey => ({ kind: 'key', publicKey }))
  const join = (secret: string) =>
    second.call(routes.registerDevice, {
      body: { publicKey: base64url(second.publicKey), account: { account: opened.account, secret } },
    })
  expect(verdictOf(await join('AAAAAAAAAAAAAAAAAAAAAA'))).toBe('caller-unknown')
  const joined = right(await join(opened.secret ?? ''))
  expect(joined).toEqual({ device: joined.device, account: opened.account })
  const again = await first.call(routes.registerDevice, { body: { publicKey: base64url(first.publicKey) } })
  expect(right(again)).toEqual({ device: opened.device, account: opened.account })
})

test('a device registers with its own key and no other', async () => {
  const [mine, yours] = [1, 2].map(() => center.signing(publicKey => ({ kind: 'key', publicKey })))
  const body = { publicKey: base64url(yours?.publicKey ?? new Uint8Array(65)) }
  expect(verdictOf((await mine?.call(routes.registerDevice, { body })) ?? { ok: true, value: 1 })).toBe(
    'signature-wrong',
  )
  expect(verdictOf(await center.client({ show: 'nothing' })(routes.registerDevice, { body }))).toBe('not-authenticated')
  expect(verdictOf(await holder.call(routes.registerDevice, { body }))).toBe('not-authenticated')
})

test('a chip is reserved for its account, and a contact begins with commands for it', async () => {
  const chips = [{ chip: id<ChipId>('00000000000000c1'), chipClass: 'software' as const }]
  expect(right(await center.operator()(routes.registerChips, { body: { chips } }))).toEqual({ registered: 1, known: 0 })
  expect(right(await center.operator()(routes.registerChips, { body: { chips } }))).toEqual({ registered: 0, known: 1 })
  const reserved = right(await holder.call(routes.reserveInstallation, { body: { chip: chips[0]?.chip as ChipId } }))
  expect(reserved).toMatchObject({ stage: 'reserved', device: holder.device })
  const purpose = { kind: 'install' as const, chip: chips[0]?.chip as ChipId }
  const turn = right(await holder.call(routes.contact, { body: { purpose, responses: [] } }))
  expect(turn).toMatchObject({ done: false })
  expect(turn.commands.length).toBeGreaterThan(0)
  const ready = { kind: 'purse' as const, purse: holder.purse }
  expect(right(await holder.call(routes.contact, { body: { purpose: ready, responses: [] } })).done).toBe(false)
})

test('an operator blocks a purse absolutely, reads its story, the open operations, alarms and balances', async () => {
  const params = { purse: holder.purse }
  right(await load())
  right(await holder.call(routes.createPayment, { body: { purse: holder.purse, ...center.sale(shop) } }))
  const block = (blocked: boolean) => center.operator()(routes.blockPurse, { params, body: { blocked } })
  expect(right(await block(true))).toMatchObject({ blocked: true, settings: 2 })
  expect(right(await block(true))).toMatchObject({ blocked: true, settings: 2 })
  expect(right(await block(false))).toMatchObject({ blocked: false, settings: 3 })
  const story = right(await center.operator()(routes.getPurseStory, { params, query: {} }))
  expect(story.lines.map(({ what }) => what)).toContain('load')
  const { operations } = right(await center.operator()(routes.listOperations, { query: { open: 'true' } }))
  expect(operations).toMatchObject([{ kind: 'pay', predicted: 'undecided', ageSeconds: 0 }])
  expect(right(await center.operator()(routes.listAlarms, { query: {} })).alarms).toEqual([])
  const { balances } = right(await center.operator()(routes.getBalances, {}))
  expect(balances.reduce((sum, { balance }) => sum + BigInt(balance), 0n)).toBe(0n)
  expect(right(await center.operator()(routes.getPurse, { params })).value).toBe('5000')
})

test('the provider’s own word captures a load once, and a capture that nobody waits for goes back', async () => {
  center.funding.next = 'silent-after'
  const { load: name } = right(await load())
  const tell = (capture: string, signature = 'right') =>
    center.raw({
      target: '/v1/webhooks/card',
      headers: { 'stripe-signature': signature },
      body: JSON.stringify({ load: name, capture }),
    })
  expect((await tell('pi_1', 'wrong')).status).toBe(401)
  expect((await tell('pi_1')).status).toBe(200)
  expect((await tell('pi_1')).status).toBe(200)
  expect(right(await holder.call(routes.getLoad, { params: { load: name } }))).toMatchObject({ stage: 'captured' })
  expect([...center.book.tables.entry.values()].filter(({ cause }) => cause === 'captured')).toHaveLength(1)
  expect(center.funding.refunded.size).toBe(0)
  center.funding.next = 'declines'
  const declined = await load('a-load-that-is-declined')
  const stray = id<LoadId>(declined.ok ? '' : String(declined.refusal.facts['load']))
  center.funding.captured.set(stray, 2000n)
  for (const _ of [1, 2])
    await center.raw({
      target: '/v1/webhooks/card',
      headers: { 'stripe-signature': 'right' },
      body: JSON.stringify({ load: stray, capture: 'pi_of_somebody_else' }),
    })
  expect([...center.funding.refunded]).toEqual([`pi_${stray}`])
  expect(center.book.tables.load.get(stray)).toMatchObject({ stage: 'declined' })
})

test('the reference is served with nothing from elsewhere, and every other path is not found', async () => {
  const document = await center.raw({ method: 'GET', target: '/openapi.json' })
  expect(JSON.parse(document.body)).toMatchObject({ openapi: '3.1.0' })
  const page = await center.raw({ method: 'GET', target: '/reference/' })
  expect(page.status).toBe(200)
  expect(page.body).not.toMatch(/(src|href)="https?:/)
  expect(page.headers['content-security-policy']).toContain("script-src 'self'")
  const script = await center.raw({ method: 'GET', target: '/reference/js/scalar.js' })
  expect(script.status).toBe(200)
  for (const target of ['/', '/v1/nothing', '/v1/loads/', '/../etc/passwd', '/v1/loads/%zz']) {
    const answer = await center.raw({ method: 'GET', target })
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(answer.status).toBeLessThan(500)
  }
  const health = await center.raw({ method: 'GET', target: '/healthz' })
  expect(JSON.parse(health.body)).toEqual({ status: 'ok', at: '2026-04-01T09:30:00.000Z' })
})

test('a bug is told as 500 and no more, is logged by its id, and the log holds no token, key or body', async () => {
  center.book.look = () => Promise.reject(new Error('disk 7 is on fire'))
  const answer = await center.raw({
    method: 'GET',
    target: '/v1/operator/purses',
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
  })
  expect(answer.status).toBe(404)
  const health = await center.raw({ method: 'GET', target: '/healthz' })
  expect(health.status).toBe(500)
  expect(health.body).not.toContain('fire')
  const { request } = JSON.parse(health.body)
  const line = center.logged.find(text => text.includes(request) && text.includes('fire'))
  expect(line).toBeDefined()
  for (const text of center.logged) expect(text).not.toContain(OPERATOR_TOKEN)
})

test('a book that is away is busy, not broken: the same request may come again', async () => {
  center.book.look = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
  const answer = await center.raw({ method: 'GET', target: '/healthz' })
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'busy', retry: 'same' })
})

test('a center that is late says so at once, and does nothing', async () => {
  const late = await testCenter({ requestsPerMinute: 1000, lateMs: 20 })
  const look = vi.spyOn(late.book, 'look')
  const load = setInterval(() => {
    const end = performance.now() + 80
    while (performance.now() < end);
  }, 100)
  await vi.waitFor(
    async () => {
      look.mockClear()
      const answer = await late.raw({ method: 'GET', target: '/healthz' })
      expect(look).not.toHaveBeenCalled()
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'busy' })
    },
    { timeout: 10_000, interval: 300 },
  )
  clearInterval(load)
  await late.close()
})

test('a second in which the loop was not measured says nothing of it: nobody is refused for that', () => {
  const unmeasured = { count: 0, mean: Number.NaN }
  expect(lateBy(unmeasured, 0)).toBe(0)
  expect(lateBy(unmeasured, 2500)).toBe(2500)
  expect(lateBy({ count: 1, mean: 1.21e9 }, 0)).toBe(1200)
})

test('who asks too often is told to wait', async () => {
  const strict = await testCenter({ requestsPerMinute: 3, lateMs: 1000 })
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => strict.raw({ method: 'GET', target: '/healthz' })))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
  expect(JSON.parse(answers.find(({ status }) => status === 503)?.body ?? '')).toMatchObject({ code: 'busy' })
  await strict.close()
})
