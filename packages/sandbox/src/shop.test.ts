import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, expect, test } from 'vitest'

const MAIN = join(import.meta.dirname, 'shop-main.ts')
const root = mkdtempSync(join(tmpdir(), 'kozeni-shop-'))
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function start(data: string) {
  const child = spawn(process.execPath, [MAIN, '--data', data], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const ended = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line')
  const { listening } = JSON.parse(String(line))
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const answer = await fetch(`http://127.0.0.1:${listening}${path}`, { method, headers, ...sent })
    return { status: answer.status, body: JSON.parse(await answer.text()) }
  }
  return { child, ended, ask }
}

const goodsGiven = (data: string): readonly string[] => readdirSync(join(data, 'given'))

test('a sale over HTTP: offered, paid, proved twice, heard, asked for, and given once', async () => {
  const data = join(root, 'first')
  const { ask, child, ended } = await start(data)
  const { status, body: sold } = await ask('POST', '/sales', { amount: 1200, order: 'A-17' })
  expect({ status, amount: sold.transaction.amount }).toEqual({ status: 201, amount: '1200' })
  expect((await ask('GET', `/sales/${sold.number}`)).body).toMatchObject({ state: 'open', goods: 'not-yet' })
  const { body: paid } = await ask('POST', '/test/pay', { link: sold.link })
  expect((await ask('POST', '/proofs', { proof: paid.proof })).body).toMatchObject({ state: 'paid', goods: 'given' })
  expect((await ask('POST', '/proofs', { proof: paid.proof })).body).toMatchObject({ goods: 'given-before' })
  expect((await ask('POST', '/webhooks', paid.webhook.body, paid.webhook.headers)).status).toBe(200)
  expect((await ask('GET', `/sales/${sold.number.toLowerCase()}`)).body).toMatchObject({ goods: 'given-before' })
  expect(goodsGiven(data)).toEqual([sold.number])
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
}, 20_000)

test('what is wrong is refused with a reason and a remedy, and the shop goes on', async () => {
  const { ask } = await start(join(root, 'second'))
  expect(await ask('POST', '/sales', { amount: 12.5 })).toMatchObject({ status: 400, body: { code: 'data-wrong' } })
  expect(await ask('POST', '/sales', 'no JSON')).toMatchObject({ status: 400, body: { facts: { field: 'amount' } } })
  expect(await ask('POST', '/proofs', { proof: 'x' })).toMatchObject({ status: 400 })
  expect(await ask('GET', '/sales/%zz')).toMatchObject({ status: 400, body: { facts: { check: 'spelling' } } })
  expect(await ask('POST', '/webhooks', '{}')).toMatchObject({ status: 400 })
  expect(await ask('POST', '/sales', 'x'.repeat(70_000))).toMatchObject({ status: 413 })
  expect(await ask('DELETE', '/sales')).toMatchObject({ status: 404 })
  expect(await ask('POST', '/sales', { amount: '300' })).toMatchObject({ status: 201 })
}, 20_000)

test('killed at any moment between offering and giving, each paid sale is given once, and none is lost', async () => {
  const data = join(root, 'third')
  const proofs = new Map<string, string>()
  for (let life = 0; life < 4; life++) {
    const { ask, child, ended } = await start(data)
    for (let i = 0; i < 6; i++) {
      const { body: sold } = await ask('POST', '/sales', { amount: 100 })
      const { body: paid } = await ask('POST', '/test/pay', { link: sold.link })
      proofs.set(sold.number, paid.proof)
    }
    const honoured = Promise.allSettled([...proofs.values()].map(proof => ask('POST', '/proofs', { proof })))
    await new Promise(resolve => setTimeout(resolve, 3 * life))
    child.kill('SIGKILL')
    await Promise.all([ended, honoured])
  }
  const { ask } = await start(data)
  for (const proof of proofs.values())
    expect((await ask('POST', '/proofs', { proof })).body.goods).toMatch(/^given(-before)?$/)
  expect(goodsGiven(data).toSorted()).toEqual([...proofs.keys()].toSorted())
}, 30_000)

test('refunds and statements pass through, and the sums are text', async () => {
  const { ask } = await start(join(root, 'fourth'))
  const { body: sold } = await ask('POST', '/sales', { amount: '1200' })
  await ask('POST', '/test/pay', { link: sold.link })
  const refund = { number: sold.number, amount: '700', reason: 'returned', key: 'slip 5' }
  expect(await ask('POST', '/refunds', refund)).toMatchObject({
    status: 201,
    body: { amount: '700', stage: 'waiting' },
  })
  expect((await ask('GET', '/statements')).body).toMatchObject([{ refunds: '700', fees: '12', net: '488' }])
}, 20_000)
