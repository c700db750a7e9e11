import type { KeyName } from '@kozeni/api/key-name'
import type { CallerKind, Route } from '@kozeni/api/route'
import { allRoutes, callerMatrix, type RouteName, routes } from '@kozeni/api/routes'
import { type Bytes } from '@kozeni/base/bytes'
import { beforeAll, expect, test } from 'vitest'
import {
  type Holder,
  OPERATOR_TOKEN,
  type RawRequest,
  right,
  type Shop,
  testCenter,
  uploaded,
  verdictOf,
} from './server-for-tests.ts'
import { type Sample, type Scene, sampleOf, setScene } from './server-sample-for-tests.ts'

let center: Awaited<ReturnType<typeof testCenter>>
let scene: Scene
let stranger: Holder
let rival: Shop
beforeAll(async () => {
  center = await testCenter()
  scene = await setScene(center)
  stranger = await center.holder('00000000000000a2')
  rival = await center.shop('Rival shop')
  return () => center.close()
})

type Who = Pick<RawRequest, 'as' | 'headers'>
const as = (name: KeyName, { privateKey }: { readonly privateKey: Bytes }): Who => ({ as: { name, privateKey } })

/** Everybody who might ask, each with what they have. */
const callers: Readonly<
  Record<string, { readonly kind: CallerKind; readonly who: () => Who; readonly known: boolean }>
> = {
  nobody: { kind: 'nobody', known: false, who: () => ({}) },
  'a key that nobody has registered': {
    kind: 'nobody',
    known: false,
    who: () => as({ kind: 'key', publicKey: scene.holder.publicKey }, scene.holder),
  },
  'the holder’s device': {
    kind: 'device',
    known: true,
    who: () => as({ kind: 'device', id: scene.holder.device }, scene.holder),
  },
  'the store': { kind: 'store', known: true, who: () => as({ kind: 'store', id: scene.shop.store }, scene.shop) },
  'the till': {
    kind: 'terminal',
    known: true,
    who: () => as({ kind: 'terminal', id: scene.shop.till.terminal }, scene.shop.till),
  },
  'an operator': {
    kind: 'operator',
    known: true,
    who: () => ({ headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } }),
  },
  'an operator with another token': {
    kind: 'nobody',
    known: false,
    who: () => ({ headers: { authorization: `Bearer ${OPERATOR_TOKEN}x` } }),
  },
  'the card provider': { kind: 'provider', known: true, who: () => ({ headers: { 'stripe-signature': 'right' } }) },
  'a device’s name under another’s key': {
    kind: 'nobody',
    known: false,
    who: () => as({ kind: 'device', id: scene.holder.device }, stranger),
  },
  'a store’s name under its till’s key': {
    kind: 'nobody',
    known: false,
    who: () => as({ kind: 'store', id: scene.shop.store }, scene.shop.till),
  },
}

async function send({ method, target, body, key }: Sample, { as: signer, headers }: Who) {
  const answer = await center.raw({
    method,
    target,
    body: body === undefined ? '' : JSON.stringify(body),
    headers: { ...headers, ...(key && { 'idempotency-key': key }) },
    ...(signer && { as: signer }),
  })
  return { status: answer.status, code: answer.status < 300 ? 'yes' : String(JSON.parse(answer.body).code) }
}

const NOT_LET_IN = ['not-authenticated', 'caller-unknown', 'signature-wrong', 'caller-not-allowed']
const nameOf = (route: Route) => route.name as RouteName

test('the matrix covers every route and every kind of caller', () => {
  expect(callerMatrix).toHaveLength(allRoutes.length * 6)
  expect(new Set(Object.values(callers).map(({ kind }) => kind)).size).toBe(6)
})

for (const route of allRoutes) {
  for (const [name, { kind, who, known }] of Object.entries(callers)) {
    const open = route.caller.includes('nobody')
    const may = open || (known && route.caller.includes(kind))
    test(`${route.name}: ${name} ${may ? 'is let in' : 'is refused, and nothing changes'}`, async () => {
      const sample = sampleOf(nameOf(route), scene)
      const before = center.dump()
      const { status, code } = await send(sample, who())
      expect(status).toBeLessThan(500)
      if (open) return // registerDevice asks for the key that it registers: server.test.ts
      expect(NOT_LET_IN.includes(code)).toBe(!may)
      if (may) return
      expect(code === 'caller-not-allowed').toBe(known)
      expect(center.dump()).toEqual(before)
    })
  }
}

/** The same things, asked for by somebody of the right kind whose they are not. */
const foreign: Readonly<Record<string, { readonly route: RouteName; readonly by: () => Who; readonly code: string }>> =
  {
    'a load for another’s purse': { route: 'createLoad', by: () => theirs('device'), code: 'not-found' },
    'another’s load': { route: 'getLoad', by: () => theirs('device'), code: 'not-found' },
    'cancelling another’s load': { route: 'cancelLoad', by: () => theirs('device'), code: 'not-found' },
    'a payment from another’s purse': { route: 'createPayment', by: () => theirs('device'), code: 'not-found' },
    'another’s payment': { route: 'getPayment', by: () => theirs('device'), code: 'not-found' },
    'another’s purse': { route: 'getPurse', by: () => theirs('device'), code: 'not-found' },
    'a contact with another’s purse': { route: 'contact', by: () => theirs('device'), code: 'not-found' },
    'another’s reserved chip': { route: 'reserveInstallation', by: () => theirs('device'), code: 'chip-taken' },
    'a refund of another store’s sale': { route: 'createRefund', by: () => theirs('store'), code: 'not-found' },
    'another store’s statement': { route: 'getStatement', by: () => theirs('store'), code: 'not-found' },
  }

const theirs = (kind: 'device' | 'store'): Who =>
  kind === 'device' ? as({ kind, id: stranger.device }, stranger) : as({ kind, id: rival.store }, rival)

for (const [what, { route, by, code }] of Object.entries(foreign)) {
  test(`${what}: ${code}, as if it were not there, and nothing changes`, async () => {
    const before = center.dump()
    expect((await send(sampleOf(route, scene), by())).code).toBe(code)
    expect(center.dump()).toEqual(before)
  })
}

test('another store’s number is unknown to it, its payments and statements are its own, its seeds differ', async () => {
  const before = center.dump()
  const told = right(await rival.call(routes.getStorePayment, { params: { number: scene.number } }))
  expect(told).toEqual({ number: scene.number, state: 'unknown', decided: null, refunded: '0' })
  expect(right(await rival.call(routes.listStatements, { query: {} })).statements).toEqual([])
  const [mine, yours] = await Promise.all(
    [scene.shop, rival].map(async shop => right(await shop.call(routes.getSeeds, {}))),
  )
  const seeds = new Set([...(mine?.seeds ?? []), ...(yours?.seeds ?? [])].map(({ seed }) => seed))
  expect(seeds.size).toBe(98)
  expect(center.dump()).toEqual(before)
})

test('another store’s till does not bring this store’s receipts, and a till beside it does', async () => {
  const receipts = [uploaded(center.receipt(scene.holder, scene.shop, { seq: 9, sale: 9 }))]
  const taken = right(await rival.till.call(routes.uploadReceipts, { body: { receipts } }))
  expect(taken.answers).toMatchObject([{ standing: 'refused', code: 'not-found' }])
  expect(center.book.tables.receipt.get(`${scene.holder.purse} 9`)).toBeUndefined()
})

test('another holder does not install on a chip that is reserved, nor go on with a contact that was begun', async () => {
  const purpose = { kind: 'install' as const, chip: scene.chip }
  const turn = right(await scene.holder.call(routes.contact, { body: { purpose, responses: [] } }))
  const before = center.dump()
  expect(verdictOf(await stranger.call(routes.contact, { body: { purpose, responses: [] } }))).toBe('not-found')
  expect(verdictOf(await scene.shop.till.call(routes.contact, { body: { purpose, responses: [] } }))).toBe('not-found')
  const stolen = { body: { token: turn.token ?? '', responses: [] } }
  expect(verdictOf(await stranger.call(routes.contact, stolen))).toBe('token-wrong')
  expect(center.dump()).toEqual(before)
})
