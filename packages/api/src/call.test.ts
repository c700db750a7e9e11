import { createServer, type IncomingMessage, type Server } from 'node:http'
import { fromUtf8, utf8 } from '@kozeni/base/bytes'
import { StillClock, seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { type DeviceId, id, type LoadId, type PurseId, type StoreId } from '@kozeni/base/ids'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { type Refusal, type RefusalCode, refusal, WIRE } from '@kozeni/protocol/refusal'
import { afterEach, expect, test } from 'vitest'
import { caller } from './call.ts'
import type { Credentials, Means } from './exchange.ts'
import type { HttpResponse } from './http.ts'
import { problemOf } from './problem.ts'
import { routes } from './routes.ts'
import { signerOf, verify } from './signature.ts'
import type { Outgoing, Transport } from './transport.ts'
import { fetchTransport } from './transport-fetch.ts'

const NOW = 1_793_500_000_000
const privateKey = nodeCrypto.generate(new SeededDice(1))
const signer = signerOf(nodeCrypto, { kind: 'device', id: id<DeviceId>('5f3a91c07be2d846') }, privateKey)
const purse = id<PurseId>('5f3a91c07be2d846')
const load = id<LoadId>('0a12b3c4d5e6f708')
const request = { purse, amount: '2000', currency: currency('JPY'), method: 'cash' }
const answer = { load, ...request, stage: 'captured', cancelled: false, at: '2026-04-01T09:30:00.000Z' }

const told = (status: number, body: unknown, headers = {}): HttpResponse => ({
  status,
  headers,
  body: JSON.stringify(body),
})
const refused = (why: Refusal, headers = {}): HttpResponse => told(WIRE[why.code].http, problemOf(why), headers)

/** A center that answers each request with the next of these, and remembers what it was asked. */
function center(...answers: readonly (HttpResponse | 'silent')[]) {
  const asked: Outgoing[] = []
  const transport: Transport = async outgoing => {
    const next = answers[Math.min(asked.push(outgoing), answers.length) - 1]
    if (next === undefined || next === 'silent') throw new Error('no network')
    return next
  }
  return { asked, transport }
}

function client(
  transport: Transport,
  credentials: Credentials = { show: 'signature', signer },
  clock = new StillClock(NOW),
) {
  const means: Means = {
    origin: 'https://center.example',
    credentials,
    transport,
    clock,
    crypto: nodeCrypto,
    dice: new SeededDice(3),
  }
  return { call: caller(means), clock }
}

test('a call spells its route, signs it, and answers what the center answered', async () => {
  const { asked, transport } = center(told(200, { ...answer, newer: 'field' }))
  const { call } = client(transport)
  const { method: _, ...shown } = answer
  expect(await call(routes.createLoad, { body: request, idempotencyKey: 'load-1' })).toEqual({ ok: true, value: shown })
  const [sent] = asked
  expect([sent?.method, sent?.authority, sent?.target]).toEqual(['POST', 'center.example', '/v1/loads'])
  expect(JSON.parse(fromUtf8(sent?.body ?? utf8('')) ?? '')).toEqual(request)
  expect(sent?.headers['idempotency-key']).toBe('load-1')
  const key = nodeCrypto.publicKey(privateKey)
  expect(sent && (await verify(nodeCrypto, sent, async () => key, seconds(NOW)))).toEqual({
    ok: true,
    value: signer.name,
  })
})

test('parameters and query stand in the path as the route says', async () => {
  const { asked, transport } = center('silent')
  const { call } = client(transport)
  await call(routes.getLoad, { params: { load } })
  await call(routes.listStatements, { query: { limit: '10', after: 'a:b' } })
  await call(routes.listStatements, { query: {} })
  expect([...new Set(asked.map(({ target }) => target))]).toEqual([
    '/v1/loads/0a12b3c4d5e6f708',
    '/v1/stores/me/statements?limit=10&after=a%3Ab',
    '/v1/stores/me/statements',
  ])
})

test('wrong input is refused before anything is sent', async () => {
  const { asked, transport } = center(told(200, answer))
  const { call } = client(transport)
  const wrong = (part: string, field: string) => ({ ok: false, refusal: refusal('input-wrong', { part, field }) })
  expect(await call(routes.createLoad, { body: { ...request, amount: '0' }, idempotencyKey: 'k' })).toEqual(
    wrong('body', 'amount'),
  )
  expect(await call(routes.createLoad, { body: request, idempotencyKey: '' })).toEqual(
    wrong('headers', 'idempotency-key'),
  )
  expect(await call(routes.getStatement, { params: { window: '../x' } })).toEqual(wrong('params', 'window'))
  expect(asked).toEqual([])
})

test('who shows a token signs nothing, and who shows nothing sends neither', async () => {
  const { asked, transport } = center('silent')
  await client(transport, { show: 'token', token: 'secret' }).call(routes.getBalances, {})
  expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer secret' })
  expect(asked[0]?.headers['signature']).toBe(undefined)
  asked.length = 0
  await client(transport, { show: 'nothing' }).call(routes.getHealth, {})
  expect(Object.keys(asked[0]?.headers ?? {})).toEqual(['accept'])
})

test('a center that does not answer is asked four times in some seconds, under the same key', async () => {
  const { asked, transport } = center('silent')
  const { call, clock } = client(transport)
  expect(await call(routes.createLoad, { body: request, idempotencyKey: 'k' })).toEqual({
    ok: false,
    refusal: refusal('center-unreachable'),
  })
  expect(asked.map(({ headers }) => headers['idempotency-key'])).toEqual(['k', 'k', 'k', 'k'])
  expect(clock.now() - NOW).toBeGreaterThan(1700)
  expect(clock.now() - NOW).toBeLessThan(3500)
})

test('only what passes by itself is repeated, and every repetition is bounded', async () => {
  for (const code of Object.keys(WIRE) as RefusalCode[]) {
    const { asked, transport } = center(refused(refusal(code)))
    const { call } = client(transport)
    expect(await call(routes.getLoad, { params: { load } })).toMatchObject({ ok: false, refusal: { code } })
    const patient = ['busy', 'funding-unknown', 'center-unreachable', 'in-progress'].includes(code)
    expect([code, asked.length]).toEqual([code, patient ? 4 : code === 'clock-differs' ? 2 : 1])
  }
})

test('a busy center is not asked again before the time that it names, nor waited for longer than half a minute', async () => {
  for (const [retryAfter, leastMs, mostMs] of [
    ['7', 7000, 7001],
    ['9999', 30_000, 30_001],
    ['soon', 250, 501],
  ] as const) {
    const { transport } = center(refused(refusal('busy'), { 'retry-after': retryAfter }), told(200, answer))
    const { call, clock } = client(transport)
    expect((await call(routes.getLoad, { params: { load } })).ok).toBe(true)
    expect(clock.now() - NOW).toBeGreaterThanOrEqual(leastMs)
    expect(clock.now() - NOW).toBeLessThan(mostMs)
  }
})

test('a clock that differs is mended by the center’s Date, once, and stays mended', async () => {
  const aheadSeconds = 86_400
  const asked: number[] = []
  const key = nodeCrypto.publicKey(privateKey)
  for (const headers of [{ date: new Date(NOW + 1000 * aheadSeconds).toUTCString() }, {}]) {
    asked.length = 0
    const { call } = client(async outgoing => {
      const found = await verify(nodeCrypto, outgoing, async () => key, seconds(NOW) + aheadSeconds)
      asked.push(1)
      return found.ok ? told(200, answer) : refused(found.refusal, headers)
    })
    expect((await call(routes.getLoad, { params: { load } })).ok).toBe(true)
    expect((await call(routes.getLoad, { params: { load } })).ok).toBe(true)
    expect(asked.length).toBe(3)
  }
})

test('an answer that no center gives is garbled, never an exception', async () => {
  const garbled = [
    told(200, { ...answer, stage: 'melted' }),
    told(200, null),
    { status: 200, headers: {}, body: '<html>' },
    told(404, {}),
  ]
  for (const response of garbled) {
    const { call } = client(center(response).transport)
    expect(await call(routes.getLoad, { params: { load } })).toMatchObject({
      ok: false,
      refusal: { code: 'center-garbled' },
    })
  }
})

test('an origin with anything behind it is a bug of the caller’s', () => {
  expect(() => caller({ ...means(center().transport), origin: 'https://center.example/kozeni' })).toThrow(
    'scheme, host and port',
  )
})

const means = (transport: Transport): Means => ({
  origin: 'https://center.example',
  credentials: { show: 'nothing' },
  transport,
  clock: new StillClock(NOW),
  crypto: nodeCrypto,
  dice: new SeededDice(3),
})

const servers: Server[] = []
afterEach(() => servers.splice(0).forEach(server => server.close()))

async function serve(answering: (asked: IncomingMessage, body: string) => HttpResponse): Promise<string> {
  const server = createServer(async (asked, answers) => {
    const parts: string[] = []
    for await (const part of asked) parts.push(String(part))
    const { status, headers, body } = answering(asked, parts.join(''))
    answers.writeHead(status, headers).end(body)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

test('over a real network a signed request arrives byte for byte', async () => {
  const key = nodeCrypto.publicKey(privateKey)
  const arrived: Outgoing[] = []
  const origin = await serve(({ method = '', url = '', headers }, body) => {
    const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    arrived.push({
      method,
      authority: headers.host ?? '',
      target: url,
      headers: plain,
      body: utf8(body),
      origin,
      timeoutMs: 0,
    })
    return told(200, {
      epoch: 1,
      generation: 1,
      rule: { lengthSeconds: 3600, overlapSeconds: 900, ahead: 1 },
      seeds: [],
    })
  })
  const store = signerOf(nodeCrypto, { kind: 'store', id: id<StoreId>('5f3a91c07be2d846') }, privateKey)
  const call = caller({ ...means(fetchTransport), origin, credentials: { show: 'signature', signer: store } })
  expect((await call(routes.getSeeds, {})).ok).toBe(true)
  await call(routes.createLoad, { body: { ...request, method: '円' }, idempotencyKey: 'k' })
  await call(routes.listStatements, { query: { after: 'a:b' } })
  for (const one of arrived)
    expect(await verify(nodeCrypto, one, async () => key, seconds(NOW))).toEqual({ ok: true, value: store.name })
  expect(arrived.length).toBe(3)
})

test('over a real network a redirect is not followed, and silence is no answer', async () => {
  const origin = await serve(() => ({ status: 302, headers: { location: 'http://127.0.0.1:9/' }, body: '' }))
  const call = caller({ ...means(fetchTransport), origin })
  expect(await call(routes.getHealth, {})).toEqual({ ok: false, refusal: refusal('center-unreachable') })
  const nobody = {
    origin: 'http://127.0.0.1:9',
    method: 'GET',
    authority: '127.0.0.1:9',
    target: '/',
    headers: {},
    body: utf8(''),
    timeoutMs: 500,
  }
  await expect(fetchTransport(nobody)).rejects.toThrow('fetch failed')
})
