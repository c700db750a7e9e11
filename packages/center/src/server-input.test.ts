import type { KeyName } from '@kozeni/api/key-name'
import { type RouteName, routes } from '@kozeni/api/routes'
import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import {
  type Holder,
  OPERATOR_TOKEN,
  type RawRequest,
  right,
  type Shop,
  testCenter,
  uploaded,
} from './server-for-tests.ts'
import { type Scene, sampleOf, setScene } from './server-sample-for-tests.ts'

let center: Awaited<ReturnType<typeof testCenter>>
let scene: Scene
let holder: Holder
let shop: Shop
let refundKeys = 0
beforeAll(async () => {
  center = await testCenter()
  scene = await setScene(center)
  ;({ holder, shop } = scene)
  return () => center.close()
})

const device = () => ({ name: { kind: 'device', id: holder.device } as KeyName, privateKey: holder.privateKey })
const store = () => ({ name: { kind: 'store', id: shop.store } as KeyName, privateKey: shop.privateKey })
const till = () => ({ name: { kind: 'terminal', id: shop.till.terminal } as KeyName, privateKey: shop.till.privateKey })

/** What a request is refused as; nothing in the book has changed. */
async function refused(request: RawRequest): Promise<{ code: string; status: number; field: unknown }> {
  const before = center.dump()
  const answer = await center.raw(request)
  const { code = 'yes', facts } = JSON.parse(answer.body)
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(center.dump()).toEqual(before)
  return { code, status: answer.status, field: facts?.field }
}

const loadOf = (change: object): RawRequest => ({
  target: '/v1/loads',
  as: device(),
  headers: { 'idempotency-key': 'a-load-with-bad-input' },
  body: JSON.stringify({ purse: holder.purse, amount: '100', currency: 'JPY', method: 'pm_card_visa', ...change }),
})

const AMOUNTS = [
  '0',
  '-1',
  '9007199254740992',
  '1e3',
  '１',
  '1.0',
  ' 1',
  '1 ',
  '01',
  '',
  '4294967296',
  '0x10',
  '१',
  '1\n',
  100,
  -1,
  1.5,
  null,
  true,
  ['1'],
  {},
]

test.each(AMOUNTS)('an amount of %j is refused by the name of its field', async amount => {
  expect(await refused(loadOf({ amount }))).toEqual({ code: 'input-wrong', status: 400, field: 'amount' })
})

test.each(AMOUNTS)('a refund of %j is refused by the name of its field', async amount => {
  const body = JSON.stringify({ number: scene.number, amount, reason: 'returned' })
  const headers = { 'idempotency-key': `a-refund-of-bad-input-${refundKeys++}` }
  const answer = await refused({ target: '/v1/stores/me/refunds', as: store(), headers, body })
  expect(answer).toEqual({ code: 'input-wrong', status: 400, field: 'amount' })
})

test.each([
  ['an unknown field', { extra: 1 }, 'extra'],
  ['a field of the prototype', JSON.parse('{"__proto__":{"amount":"1"}}'), '__proto__'],
  ['a missing field', { method: undefined }, 'method'],
  ['a number for a name', { purse: 17 }, 'purse'],
  ['a name in capitals', { purse: '00000000000000A1' }, 'purse'],
  ['a name of zeros', { purse: '0000000000000000' }, 'purse'],
  ['a name with the top bit', { purse: 'f000000000000001' }, 'purse'],
  ['a currency that is none', { currency: 'XXQ' }, 'currency'],
  ['a method with a control character', { method: 'card\u0000' }, 'method'],
  ['a method that is too long', { method: 'x'.repeat(121) }, 'method'],
])('%s is refused by its name', async (_, change, field) => {
  expect(await refused(loadOf(change))).toEqual({ code: 'input-wrong', status: 400, field })
})

test.each([
  ['a purse that is nobody’s', { purse: '00000000000000ff' }, 'not-found'],
  ['a store’s name for a purse’s', () => ({ purse: shop.store }), 'not-found'],
  ['another currency', { currency: 'USD' }, 'currency-differs'],
  ['more than a chip may hold', { amount: '4294967295' }, 'maximum-exceeded'],
])('%s is refused', async (_, change, code) => {
  expect((await refused(loadOf(typeof change === 'function' ? change() : change))).code).toBe(code)
})

test.each([
  ['no JSON', '{"purse":'],
  ['an empty body', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['a number', '1'],
  ['bytes that are no text', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])],
  ['a byte order mark in UTF-16', new Uint8Array([0xfe, 0xff, 0, 0x7b, 0, 0x7d])],
  ['lists in lists', '['.repeat(100_000)],
  ['objects in objects', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`],
  ['lists in a field', `{"purse":${'['.repeat(17)}${']'.repeat(17)}}`],
])('a body that is %s is refused', async (_, body) => {
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'a-load-with-bad-input' }
  expect((await refused({ target: '/v1/loads', as: device(), headers, body })).code).toBe('input-wrong')
})

test('a body with nothing wrong but its size is too large; receipts may be larger than the rest', async () => {
  const body = (size: number) => JSON.stringify({ receipts: [], padding: 'x'.repeat(size) })
  const upload = (size: number) => refused({ target: '/v1/receipts', as: till(), body: body(size) })
  expect((await upload(1 << 20)).code).toBe('too-large')
  expect((await upload(1 << 19)).code).toBe('input-wrong')
  expect((await refused({ ...loadOf({}), body: body(1 << 18) })).code).toBe('too-large')
})

test.each([
  'text/plain',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'json',
])('a body as %s is refused', async type => {
  const { headers, ...request } = loadOf({})
  expect((await refused({ ...request, headers: { ...headers, 'content-type': type } })).code).toBe('media-type-wrong')
})

test('an idempotency key is needed, of its form, and for one content only', async () => {
  const { headers: _, ...request } = loadOf({})
  expect((await refused(request)).field).toBe('idempotency-key')
  for (const key of ['', 'x'.repeat(65), 'with a blank in it', 'with\ttab'])
    expect((await refused({ ...request, headers: { 'idempotency-key': key } })).field).toBe('idempotency-key')
  const headers = { 'idempotency-key': 'the-load-of-the-scene' }
  expect((await refused({ ...request, headers })).code).toBe('key-reused')
})

test('a body where there is none, and a query where there is none, are refused', async () => {
  const target = `/v1/loads/${scene.load}/cancel`
  expect((await refused({ target, as: device(), body: '{}' })).field).toBe('body')
  expect((await refused({ target: `${target}?force=1`, as: device() })).code).toBe('input-wrong')
})

test.each(['0', '-1', '501', '1e2', '', 'all', '１'])('a page of %j is refused', async limit => {
  const target = `/v1/stores/me/statements?limit=${encodeURIComponent(limit)}`
  expect((await refused({ method: 'GET', target, as: store() })).field).toBe('limit')
})

test.each(['x', '-1.1', '1.', '1.1', '9'.repeat(20), '1%27', ''])(
  'a cursor %j that no list made is refused',
  async after => {
    const target = `/v1/stores/me/statements?after=${encodeURIComponent(after)}`
    expect((await refused({ method: 'GET', target, as: store() })).field).toBe('after')
  },
)

test.each([
  ['operations', 'abc'],
  ['alarms', '1'],
  ['operations', '1.1.1'],
])('a cursor of %s that no list made is refused: %j', async (list, after) => {
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
  expect((await refused({ method: 'GET', target: `/v1/operator/${list}?after=${after}`, headers })).field).toBe('after')
})

test('not one bit of a signature, its parameters, the digest, the path or the body can be changed', async () => {
  const request = loadOf({})
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('signature', 'signature-input', 'content-digest'),
      fc.nat(),
      async (name, place) => {
        const spoil = (headers: Record<string, string>) => ({ ...headers, [name]: spoiled(headers[name] ?? '', place) })
        const { status } = await refused({ ...request, spoil })
        expect([400, 401]).toContain(status)
      },
    ),
    { numRuns: 150 },
  )
  const elsewhere = (headers: Record<string, string>) => ({ ...headers, 'idempotency-key': 'another-key-than-signed' })
  expect((await refused({ ...request, spoil: elsewhere })).code).toBe('signature-wrong')
})

/** Another character of the same kind at some place: still a header, another content. */
function spoiled(text: string, place: number): string {
  const at = place % text.length
  const character = text[at] ?? ''
  return `${text.slice(0, at)}${character === 'A' ? 'B' : character === '1' ? '2' : 'A'}${text.slice(at + 1)}`
}

test('a request signed six minutes ago is refused, and told by how much', async () => {
  const before = center.dump()
  const headers = { 'idempotency-key': 'a-load-that-comes-late' }
  const request = { ...loadOf({}), headers }
  const answer = await center.raw({
    ...request,
    spoil: signed => {
      center.clock.advance(360_000)
      return signed
    },
  })
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'clock-differs', facts: { apartSeconds: 360 } })
  expect(center.dump()).toEqual(before)
})

test('not one bit of a sale or of its number can be changed', async () => {
  const sale = center.sale(shop)
  const bytes = fromBase64url(sale.transaction) ?? new Uint8Array(0)
  const pay = (transaction: string, number: string) =>
    refused({
      target: '/v1/payments',
      as: device(),
      body: JSON.stringify({ purse: holder.purse, transaction, number }),
    })
  const allowed = ['data-wrong', 'transaction-altered', 'store-unknown', 'window-closed', 'input-wrong']
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const { code } = await pay(base64url(flip(bytes, bit)), sale.number)
    expect(allowed).toContain(code)
  }
  for (let at = 0; at < sale.number.length; at++) {
    const slipped = `${sale.number.slice(0, at)}${sale.number[at] === '7' ? '8' : '7'}${sale.number.slice(at + 1)}`
    expect((await pay(sale.transaction, slipped)).code).toBe('input-wrong')
  }
})

const flip = (bytes: Bytes, bit: number): Bytes =>
  bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))

test('a sale that is used, expired, of another window, of more than there is, or of another store is refused', async () => {
  const pay = async (sale: { transaction: string; number: string }, purse: string = holder.purse) =>
    (await refused({ target: '/v1/payments', as: device(), body: JSON.stringify({ purse, ...sale }) })).code
  expect(await pay(center.sale(shop))).toBe('operation-open')
  const other = await center.holder('00000000000000a4')
  const theirs = async (sale: { transaction: string; number: string }) => {
    const as = { name: { kind: 'device', id: other.device } as KeyName, privateKey: other.privateKey }
    return (await refused({ target: '/v1/payments', as, body: JSON.stringify({ purse: other.purse, ...sale }) })).code
  }
  expect(await theirs({ transaction: scene.transaction, number: scene.number })).toBe('transaction-used')
  const now = Math.floor(center.clock.now() / 1000)
  expect(await theirs(center.sale(shop, { time: now - 20, expires: now - 10 }))).toBe('sale-expired')
  expect(await theirs(center.sale(shop, { window: 1 }))).toBe('window-closed')
  expect(await theirs(center.sale(shop, { generation: 2 }))).toBe('window-closed')
  expect(await theirs(center.sale(shop, { amount: money(5001n) }))).toBe('balance-too-low')
  expect(await theirs(center.sale({ store: holder.purse as never }))).toBe('store-unknown')
})

test('not one bit of a receipt can be changed without its being refused or its purse being blocked', async () => {
  const sound = center.receipt(holder, shop, { seq: 40, sale: 40 })
  const bits = Array.from({ length: 8 * sound.length }, (_, bit) => bit).filter(bit => bit % 7 === 0)
  const macAt = 8 * (sound.length - 16)
  const broken = bits.filter(bit => bit < macAt - 8 * 64).map(bit => uploaded(flip(sound, bit)))
  right(await shop.till.call(routes.uploadReceipts, { body: { receipts: [] } }))
  const before = center.dump()
  for (let from = 0; from < broken.length; from += 500) {
    const receipts = broken.slice(from, from + 500)
    const { answers } = right(await shop.till.call(routes.uploadReceipts, { body: { receipts } }))
    expect(answers.every(({ standing }) => standing === 'refused')).toBe(true)
  }
  expect(center.dump()).toEqual(before)
})

test('not one bit of a contact’s token can be changed', async () => {
  const purpose = { kind: 'purse' as const, purse: holder.purse }
  const { token = '' } = right(await holder.call(routes.contact, { body: { purpose, responses: [] } }))
  const bytes = fromBase64url(token) ?? new Uint8Array(0)
  for (let bit = 0; bit < 8 * bytes.length; bit += 5) {
    const body = JSON.stringify({ token: base64url(flip(bytes, bit)), responses: [] })
    expect((await refused({ target: '/v1/contacts', as: device(), body })).code).toBe('token-wrong')
  }
  const both = JSON.stringify({ token, purpose, responses: [] })
  expect((await refused({ target: '/v1/contacts', as: device(), body: both })).code).toBe('input-wrong')
})

test('a chip’s answers that are none, too few, or of another purse close nothing', async () => {
  const purpose = { kind: 'purse' as const, purse: holder.purse }
  const { token = '', commands } = right(await holder.call(routes.contact, { body: { purpose, responses: [] } }))
  for (const responses of [[], commands.map(() => 'kAA'), commands.map(() => base64url(new Uint8Array(80).fill(7)))]) {
    const body = JSON.stringify({ token, responses })
    await refused({ target: '/v1/contacts', as: device(), body })
  }
})

const asked: readonly RouteName[] = Object.keys(routes) as RouteName[]
test('whatever is put into any field of any body is answered below 500', async () => {
  const anything = fc.anything({ maxDepth: 2, withBigInt: false, withDate: false })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...asked), anything, fc.nat(), async (name, value, place) => {
      const { method, target, body, key } = sampleOf(name, scene)
      if (typeof body !== 'object' || body === null) return
      const fields = Object.keys(body)
      const changed = { ...body, [fields[place % fields.length] ?? '']: value }
      const as = routes[name].caller.map(kind => ({ device, store, terminal: till })[kind as 'device']?.())[0]
      const headers = {
        ...(key && { 'idempotency-key': key }),
        ...(as === undefined && { authorization: `Bearer ${OPERATOR_TOKEN}` }),
      }
      const answer = await center.raw({ method, target, body: JSON.stringify(changed), headers, ...(as && { as }) })
      expect(answer.status).toBeLessThan(500)
    }),
    { numRuns: 400 },
  )
})
