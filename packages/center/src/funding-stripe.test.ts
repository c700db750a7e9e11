import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { routes } from '@kozeni/api/routes'
import { utf8 } from '@kozeni/base/bytes'
import { type Clock, StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { id, type LoadId, type PurseId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { afterEach, expect, test, vi } from 'vitest'
import type { LoadRow } from './book.ts'
import { providerAmount, StripeFunding } from './funding-stripe.ts'
import { Mover } from './mover.ts'
import { type Holder, right, TestCenter, verdictOf } from './server-for-tests.ts'

const WEBHOOK_SECRET = 'whsec_of_this_center'
const PROVIDER = fileURLToPath(new URL('../../sandbox/src/provider-main.ts', import.meta.url))
const NOW = Date.now()

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

interface Ledger {
  readonly currencies: Readonly<Record<string, { readonly captured: number; readonly refunded: number }>>
  readonly payments: readonly unknown[]
}

/** The sandbox's provider as a process of its own, which lives no longer than the test. */
async function provider(webhook?: string) {
  const more = webhook === undefined ? [] : ['--webhook', webhook, '--webhook-secret', WEBHOOK_SECRET]
  const child = spawn(process.execPath, [PROVIDER, '--with-parent', ...more], { stdio: ['pipe', 'pipe', 'inherit'] })
  ends.push(() => child.kill())
  const [line] = await once(createInterface(child.stdout), 'line')
  const port: number = JSON.parse(String(line)).listening
  const origin = `http://127.0.0.1:${port}`
  const order = async (path: string, body: object) =>
    expect((await fetch(`${origin}/sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })).status).toBe(200)
  return {
    port,
    /** What the next requests meet. */
    next: (fault: string, more: object = {}) => order('next', { fault, ...more }),
    webhooks: (deliver: string) => order('webhooks', { deliver }),
    ledger: async () => (await (await fetch(`${origin}/sandbox/ledger`)).json()) as Ledger,
  }
}

const clock = new StillClock(NOW)
const fundingAt = (port: number, time: Clock = clock) =>
  new StripeFunding({
    secretKey: 'sk_test_of_the_issuer',
    webhookSecret: WEBHOOK_SECRET,
    clock: time,
    double: { host: '127.0.0.1', port, protocol: 'http' },
  })

let names = 0
const loadOf = (change: Partial<LoadRow> = {}): LoadRow => ({
  load: id<LoadId>((++names).toString(16).padStart(16, '0')),
  purse: id<PurseId>('00000000000000a1'),
  amount: money(2000n),
  currency: currency('JPY'),
  method: 'pm_card_visa',
  stage: 'requested',
  cancelled: false,
  inParts: false,
  capture: undefined,
  checkedEpoch: 1,
  inputDigest: new Uint8Array(32),
  at: clock.now(),
  ...change,
})

async function scene() {
  const at = await provider()
  return { ...at, funding: fundingAt(at.port) }
}

test('a card pays once, however often the load is asked for', async () => {
  const { funding, ledger } = await scene()
  const load = loadOf()
  const first = await funding.capture(load)
  expect(first).toMatchObject({ state: 'captured' })
  expect(await funding.capture(load)).toEqual(first)
  expect(await funding.check(load)).toEqual(first)
  expect((await ledger()).currencies['jpy']).toMatchObject({ captured: 2000, refunded: 0 })
})

test('what has gone back is not taken again, by whomever it is asked for under the same name', async () => {
  const { funding, ledger } = await scene()
  const load = loadOf()
  const taken = await funding.capture(load)
  const capture = taken.state === 'captured' ? taken.capture : undefined
  expect(await funding.giveBack({ ...load, stage: 'giving-back', capture }, load.amount)).toBe('given-back')
  expect(await funding.capture(load)).toEqual({ state: 'given-back' })
  expect((await ledger()).currencies['jpy']).toMatchObject({ captured: 2000, refunded: 2000 })
})

test('a card’s no is a no, with its reason, and stays one', async () => {
  const { funding, ledger } = await scene()
  const load = loadOf({ method: 'pm_card_visa_chargeDeclinedInsufficientFunds' })
  for (const _ of [1, 2])
    expect(await funding.capture(load)).toEqual({ state: 'declined', reason: 'insufficient_funds' })
  expect(await funding.check(load)).toEqual({ state: 'declined', reason: 'insufficient_funds' })
  expect(await funding.capture(loadOf({ method: 'no-such-card' }))).toMatchObject({ state: 'declined' })
  expect((await ledger()).currencies).toEqual({})
})

test('cut off after the capture: unknown, then the same capture, and the money taken once', async () => {
  const { funding, ledger, next } = await scene()
  const load = loadOf()
  await next('timeout-after-capture', { times: 2 })
  expect(await funding.capture(load)).toEqual({ state: 'unknown' })
  const told = await funding.check(load)
  expect(told).toMatchObject({ state: 'captured' })
  expect(await funding.capture(load)).toEqual(told)
  expect((await ledger()).payments).toHaveLength(1)
})

test('cut off before the capture: unknown, never assumed, and taken when asked again', async () => {
  const { funding, ledger, next } = await scene()
  const load = loadOf()
  await next('timeout-before-capture', { times: 2 })
  expect(await funding.capture(load)).toEqual({ state: 'unknown' })
  expect(await funding.check(load)).toEqual({ state: 'unknown' })
  expect((await ledger()).payments).toEqual([])
  expect(await funding.capture(load)).toMatchObject({ state: 'captured' })
  expect((await ledger()).payments).toHaveLength(1)
})

test('an outage is the provider’s last word under its key: nothing was taken, and that is a no', async () => {
  const { funding, ledger, next } = await scene()
  const load = loadOf()
  await next('error-500')
  expect(await funding.capture(load)).toEqual({ state: 'unknown' })
  expect(await funding.capture(load)).toEqual({ state: 'declined', reason: 'provider-failed' })
  expect((await ledger()).payments).toEqual([])
})

test('while the first request is under way, the same load is unknown', async () => {
  const { funding, next } = await scene()
  const load = loadOf()
  await next('slow', { delayMs: 500 })
  const slow = funding.capture(load)
  await new Promise(resolve => setTimeout(resolve, 200))
  expect(await funding.capture(load)).toEqual({ state: 'unknown' })
  expect(await slow).toMatchObject({ state: 'captured' })
})

test('a load that was cancelled, or is too old to be repeated, is only looked for', async () => {
  const { funding, ledger } = await scene()
  expect(await funding.capture(loadOf({ cancelled: true }))).toEqual({ state: 'unknown' })
  const old = loadOf({ at: clock.now() - 21 * 3_600_000 })
  expect(await funding.capture(old)).toEqual({ state: 'declined', reason: 'not-taken' })
  expect((await ledger()).payments).toEqual([])
})

test('nobody there is unknown', async () => {
  const funding = fundingAt(1)
  expect(await funding.capture(loadOf())).toEqual({ state: 'unknown' })
  expect(await funding.giveBack(loadOf({ capture: 'pi_1' }), money(2000n))).toBe('unknown')
})

test('what was captured goes back once, whatever is cut off', async () => {
  const { funding, ledger, next } = await scene()
  const load = loadOf()
  const told = await funding.capture(load)
  const captured = { ...load, ...(told.state === 'captured' && { capture: told.capture }) }
  await next('timeout-after-capture', { on: 'refund', times: 2 })
  expect(await funding.giveBack(captured, captured.amount)).toBe('unknown')
  expect(await funding.giveBack(captured, captured.amount)).toBe('given-back')
  expect(await funding.giveBack(captured, captured.amount)).toBe('given-back')
  expect((await ledger()).currencies['jpy']).toMatchObject({ captured: 2000, refunded: 2000 })
})

test('every amount is the provider’s to the unit, or is not asked for', async () => {
  const of = (minorUnits: bigint, letters: string) => providerAmount(money(minorUnits), currency(letters))
  expect(of(1200n, 'JPY')).toBe(1200)
  expect(of(1234n, 'USD')).toBe(1234)
  expect(of(12n, 'ISK')).toBe(1200)
  expect(of(12n, 'UGX')).toBe(1200)
  expect(of(1230n, 'KWD')).toBe(1230)
  expect(of(1234n, 'KWD')).toBeUndefined()
  expect(of(99_999_999n, 'JPY')).toBe(99_999_999)
  expect(of(100_000_000n, 'JPY')).toBeUndefined()
  const { funding } = await scene()
  expect(await funding.capture(loadOf({ currency: currency('KWD'), amount: money(1n) }))).toMatchObject({
    state: 'declined',
  })
})

test('only what the provider has signed is heard, and only captures are of interest', () => {
  const funding = fundingAt(1)
  const event = (type: string) =>
    JSON.stringify({
      id: 'evt_1',
      object: 'event',
      type,
      data: { object: { id: 'pi_1', metadata: { load: '00000000000000a1' } } },
    })
  const signed = (text: string, secret = WEBHOOK_SECRET) => {
    const time = Math.floor(Date.now() / 1000)
    return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${text}`).digest('hex')}`
  }
  const paid = event('payment_intent.succeeded')
  const notice = { load: '00000000000000a1', capture: 'pi_1' }
  expect(funding.hear(utf8(paid), signed(paid))).toEqual({ ok: true, value: notice })
  const other = event('charge.refunded')
  expect(funding.hear(utf8(other), signed(other))).toEqual({ ok: true, value: undefined })
  expect(funding.hear(utf8(paid), signed(paid, 'whsec_wrong'))).toMatchObject({ refusal: { code: 'signature-wrong' } })
  expect(funding.hear(utf8(`${paid} `), signed(paid))).toMatchObject({ refusal: { code: 'signature-wrong' } })
  expect(funding.hear(utf8(paid), '')).toMatchObject({ refusal: { code: 'signature-wrong' } })
  expect(funding.hear(utf8('{'), signed('{'))).toMatchObject({ refusal: { code: 'input-wrong' } })
  expect(funding.hear(new Uint8Array([0xff]), signed('x'))).toMatchObject({ refusal: { code: 'input-wrong' } })
})

/** A center whose provider is the sandbox's, telling it by webhook. */
async function whole() {
  const center = new TestCenter(fundingAt(1), { now: NOW })
  await center.listen()
  ends.push(() => void center.close())
  const at = await provider(`${center.origin}/v1/webhooks/card`)
  Object.assign(center.center, { funding: fundingAt(at.port, center.clock) })
  const holder = await center.holder('00000000000000a1')
  const mover = new Mover({ ...center.center, post: async () => 200 })
  return { ...at, center, holder, mover }
}

const ask = (holder: Holder, method = 'pm_card_visa') =>
  holder.call(routes.createLoad, {
    body: { purse: holder.purse, amount: '2000', currency: 'JPY' as never, method },
    idempotencyKey: 'the-load-of-this-test',
  })

const captures = (center: TestCenter) =>
  [...center.book.tables.entry.values()].filter(({ cause }) => cause === 'captured')

test('the provider’s answer, its webhook that comes twice, and the mover: captured once, owed once', async () => {
  const { center, holder, mover, webhooks, ledger } = await whole()
  await webhooks('twice')
  expect(right(await ask(holder))).toMatchObject({ stage: 'captured' })
  await vi.waitFor(() => expect(center.logged.filter(line => line.includes('cardWebhook'))).toHaveLength(2))
  center.clock.advance(10_000)
  await mover.step()
  expect(right(await ask(holder))).toMatchObject({ stage: 'captured' })
  expect(captures(center)).toHaveLength(1)
  expect([...center.book.tables.order.values()]).toMatchObject([{ kind: 'load', stage: 'waiting', amount: 2000n }])
  expect((await ledger()).payments).toHaveLength(1)
  expect(center.book.tables.outbox.size).toBe(0)
})

test('the answer is lost and so are the webhooks: the mover asks, and it was captured once', async () => {
  const { center, holder, mover, next, webhooks, ledger } = await whole()
  await webhooks('never')
  await next('timeout-after-capture', { times: 2 })
  expect(right(await ask(holder))).toMatchObject({ stage: 'requested' })
  await mover.step()
  expect(captures(center)).toHaveLength(0)
  center.clock.advance(10_000)
  await mover.step()
  expect(right(await ask(holder))).toMatchObject({ stage: 'captured' })
  expect(captures(center)).toHaveLength(1)
  expect((await ledger()).payments).toHaveLength(1)
})

test('the answer is lost and the webhook comes: captured by the provider’s own word', async () => {
  const { center, holder, next } = await whole()
  await next('timeout-after-capture', { times: 1 })
  expect(right(await ask(holder)).stage).toMatch(/requested|captured/)
  await vi.waitFor(() => expect(captures(center)).toHaveLength(1))
})

test('a decline is final for that load; nothing is owed', async () => {
  const { center, holder, mover } = await whole()
  expect(verdictOf(await ask(holder, 'pm_card_chargeDeclined'))).toBe('funding-declined')
  center.clock.advance(10_000)
  await mover.step()
  expect(captures(center)).toHaveLength(0)
  expect(center.book.tables.order.size).toBe(0)
})

test('a cancelled load goes back to its card, once', async () => {
  const { center, holder, mover, ledger } = await whole()
  const { load } = right(await ask(holder))
  expect(right(await holder.call(routes.cancelLoad, { params: { load } }))).toMatchObject({ stage: 'giving-back' })
  await Promise.all([mover.step(), mover.step()])
  expect(right(await holder.call(routes.getLoad, { params: { load } }))).toMatchObject({ stage: 'given-back' })
  expect((await ledger()).currencies['jpy']).toMatchObject({ captured: 2000, refunded: 2000 })
  const sums = [...center.book.tables.entry.values()].map(({ cause }) => cause)
  expect(sums.sort()).toEqual(['captured', 'given-back'])
})
