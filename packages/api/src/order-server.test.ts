import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededDice } from '@kozeni/base/dice'
import { no, ok } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import { afterEach, expect, test } from 'vitest'
import { type OrderServer, type OrderServerParts, takeOrders } from './order-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'kozeni-orders-'))
const control = join(folder, 'control.json')
const running: OrderServer[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
  rmSync(control, { force: true })
})

async function start(obey: OrderServerParts['obey'] = async (order, input) => ok({ order, input })) {
  const server = await takeOrders({ folder, port: 0, dice: new SeededDice(5), obey })
  running.push(server)
  return server
}

async function say({ port, token }: OrderServer, order: string, body?: string, shown = `Bearer ${token}`) {
  const [method = '', path = ''] = order.split(' ')
  const headers = { authorization: shown }
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body && { body }) })
  return { status: answer.status, body: await answer.json() }
}

test('an order is method, path, and the fields of query and body; bytes and amounts are answered as text', async () => {
  const server = await start(async (order, input) => ok({ order, input, amount: 5n, bytes: Uint8Array.of(1, 255) }))
  expect(await say(server, 'POST /sell?count=2', '{"amount":"300"}')).toEqual({
    status: 200,
    body: { order: 'POST /sell', input: { count: '2', amount: '300' }, amount: '5', bytes: '01ff' },
  })
})

test('a refusal has the status of its code, and says what to do', async () => {
  const server = await start(async () => no(refusal('not-found', { order: 'none' })))
  expect(await say(server, 'GET /')).toMatchObject({
    status: 404,
    body: { code: 'not-found', facts: { order: 'none' }, title: expect.any(String), remedy: expect.any(String) },
  })
})

test('no order is begun without the token, or with a body that is too large or no object', async () => {
  const begun: string[] = []
  const server = await start(async order => ok(begun.push(order)))
  for (const shown of ['', 'Bearer ', `bearer ${server.token}`, `Bearer ${server.token}x`])
    expect(await say(server, 'POST /pay', undefined, shown)).toMatchObject({ status: 401 })
  expect(await say(server, 'POST /pay', `"${'x'.repeat(17_000)}"`)).toMatchObject({ status: 413 })
  for (const body of ['{', '3', 'null']) expect(await say(server, 'POST /pay', body)).toMatchObject({ status: 400 })
  expect(begun).toEqual([])
})

test('its owner alone finds it, for as long as it takes orders', async () => {
  writeFileSync(`${control}.new`, 'left over, and open to all', { mode: 0o644 })
  const server = await start()
  expect(JSON.parse(readFileSync(control, 'utf8'))).toEqual({ port: server.port, token: server.token })
  expect(statSync(control).mode & 0o777).toBe(0o600)
  await server.stop()
  expect(existsSync(control)).toBe(false)
})

test('an order that has begun is finished and answered before the end; one that has not is never begun', async () => {
  const { promise: tapped, resolve: tap } = Promise.withResolvers<void>()
  const begun: string[] = []
  const server = await start(async order => {
    begun.push(order)
    await tapped
    return ok('done')
  })
  const stalled = connect(server.port, '127.0.0.1').on('error', () => {})
  stalled.write(`POST /late HTTP/1.1\r\nauthorization: Bearer ${server.token}\r\ncontent-length: 9\r\n\r\n`)
  const answer = say(server, 'POST /sell')
  await expect.poll(() => begun).toEqual(['POST /sell'])
  const stopped = server.stop()
  stalled.write('{"a":"b"}')
  tap()
  expect(await answer).toEqual({ status: 200, body: 'done' })
  await stopped
  expect(begun).toEqual(['POST /sell'])
})

test('an order that fails is no answer, and the next one is taken', async () => {
  const server = await start(async order => (order === 'POST /fail' ? Promise.reject(new Error('told')) : ok({})))
  await expect(say(server, 'POST /fail')).rejects.toThrow('fetch failed')
  expect(await say(server, 'POST /next')).toMatchObject({ status: 200 })
})
