import { mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { PROBLEM_MEDIA_TYPE, problemOf } from '@kozeni/api/problem'
import { verify } from '@kozeni/api/signature'
import { fromBase64url, utf8 } from '@kozeni/base/bytes'
import { seconds, systemClock } from '@kozeni/base/clock'
import { no, type Result } from '@kozeni/base/result'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { parseJson } from '@kozeni/protocol/json'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { afterEach, expect, test } from 'vitest'
import { callCenter } from './center-node.ts'
import { openKey, publicKey } from './key-file.ts'
import { openStore } from './store-node.ts'
import { TestCenter } from './test-center.ts'

const STORE = '0102030405060708'
const folder = mkdtempSync(join(tmpdir(), 'kozeni-live-'))
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** The test center behind HTTP, which believes only requests signed with the registered key. */
async function serve(center: TestCenter, registered: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const answer = await answerOf(center, registered, request)
    const [status, type, body] = answer.ok
      ? [200, 'application/json', answer.value]
      : [problemOf(answer.refusal).status, PROBLEM_MEDIA_TYPE, problemOf(answer.refusal)]
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

async function answerOf(
  center: TestCenter,
  registered: string,
  request: IncomingMessage,
): Promise<Result<unknown, Refusal>> {
  const body = await text(request)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const { method = '', url: target = '' } = request
  const signed = { method, authority: headers['host'] ?? '', target, headers, body: utf8(body) }
  const who = await verify(nodeCrypto, signed, async () => fromBase64url(registered), seconds(Date.now()))
  if (!who.ok) return who
  if (who.value.kind !== 'store' || who.value.id !== STORE) return no(refusal('caller-not-allowed'))
  const key = headers['idempotency-key']
  return center.call({
    method: method === 'POST' ? 'POST' : 'GET',
    path: target,
    body: parseJson(body),
    ...(key !== undefined && { key }),
  })
}

async function open(name: string, center: string, keyFile: string) {
  const call = await callCenter({ center, store: STORE, keyFile })
  return openStore({ id: STORE, currency: 'JPY', folder: join(folder, name), call })
}

test('over HTTP, signed with its own key, a store sells, asks and refunds', async () => {
  const center = new TestCenter({ store: STORE, clock: systemClock })
  const keyFile = join(folder, 'key')
  const store = await open('signed', await serve(center, await publicKey(keyFile)), keyFile)
  const sold = await store.sell({ amount: 1200n })
  if (!sold.ok) throw new Error(sold.refusal.code)
  const { link, number } = sold.value
  center.pay(link)
  expect(await store.status(number)).toMatchObject({ value: { handOver: true, sale: { state: 'paid' } } })
  expect(await store.refund({ number, amount: 200, reason: 'returned', key: 'slip 5' })).toMatchObject({ ok: true })
  expect(await store.statements()).toMatchObject({ value: [{ refunds: 200n }] })
  await store.close()
})

test('with a key that is not registered a store gets no seeds, and is told so', async () => {
  const center = new TestCenter({ store: STORE })
  const origin = await serve(center, await publicKey(join(folder, 'registered')))
  const store = await open('forged', origin, join(folder, 'other'))
  expect(await store.sell({ amount: 1 })).toMatchObject({ refusal: { code: 'signature-wrong' } })
  await store.close()
})

test('the key is made once, for its owner’s eyes only, and anything else in its place is refused', async () => {
  const path = join(folder, 'fresh')
  expect(await openKey(path)).toEqual(await openKey(path))
  expect(statSync(path).mode & 0o077).toBe(0)
  writeFileSync(path, 'password')
  await expect(openKey(path)).rejects.toThrow('no key')
})
