import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { base64url, fromBase64url, NO_BYTES } from '@kozeni/base/bytes'
import { no, type Result } from '@kozeni/base/result'
import { certify, terminalCertificate } from '@kozeni/protocol/certificate'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { afterEach, expect, test } from 'vitest'
import { CounterForTests, JPY, TERMINAL } from './counter-for-tests.ts'
import { type RunningTerminal, runTerminal, type TerminalOptions } from './till-server.ts'

const NOW = Math.floor(Date.now() / 1000)
const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

/** A center over HTTP that believes every signature. */
async function centerFor(counter: CounterForTests, publicKey: string): Promise<string> {
  counter.clock.advance((NOW - 1_800_000_000) * 1000)
  const at = new Date(NOW * 1000).toISOString()
  const certificate = certify(message => nodeCrypto.sign(counter.issuer, message), terminalCertificate, {
    version: 1,
    type: 'terminal-certificate',
    issuerKeyVersion: 1,
    terminal: TERMINAL,
    store: counter.center.says.store,
    currency: JPY,
    expires: NOW + 86_400,
    publicKey: fromBase64url(publicKey) ?? NO_BYTES,
  })
  counter.say({ at, certificate: base64url(certificate), hotlist: { ...counter.center.says.hotlist, at } })
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const answers: Record<string, () => Promise<Result<unknown, Refusal>>> = {
      '/v1/receipts': () => counter.center.deliver(JSON.parse(body)),
      '/v1/terminals/me/mail': () => counter.center.mail(JSON.parse(body)),
      '/v1/contacts': () => counter.center.contact(JSON.parse(body)),
      '/v1/terminals/me': () => counter.center.standing(Number(searchParams.get('since'))),
    }
    const answer = await (answers[pathname]?.() ?? no(refusal('not-found')))
    const signed = request.headers['signature-input']?.includes(`keyid="terminal:${TERMINAL}"`)
    response
      .writeHead(answer.ok && signed ? 200 : 503, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer.ok ? answer.value : {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  running.push({ stop: () => closed(server) })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const closed = (server: Server): Promise<void> =>
  new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

async function start(options: Partial<TerminalOptions> & Pick<TerminalOptions, 'folder' | 'field'>) {
  const till = await runTerminal({ port: 0, center: 'http://127.0.0.1:9', ...options })
  if (!till.ok) throw new Error(till.refusal.code)
  running.push(till.value)
  return till.value
}

async function say({ port, token }: RunningTerminal, order: string, input?: object, shown = token) {
  const [method = '', path = ''] = order.split(' ')
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization: `Bearer ${shown}` },
    ...(input && { body: JSON.stringify(input) }),
  })
  return { status: response.status, body: await response.json() }
}

const newFolder = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'kozeni-till-')), 'till')

test('a till is registered by its public key, sells, goes through a restart with no center, voids and uploads', async () => {
  const counter = new CounterForTests(nodeCrypto)
  const chip = counter.chip(1, 1000n, { expires: NOW + 86_400 })
  const folder = await newFolder()
  const field = chip.reader(['none', 'none', 'answer-lost'])

  const first = await start({ folder, field })
  expect(first.terminal).toBeUndefined()
  expect((await stat(join(folder, 'terminal.key'))).mode & 0o777).toBe(0o600)
  expect(await say(first, 'POST /sell', { amount: '300' })).toMatchObject({
    status: 409,
    body: { code: 'terminal-not-certified' },
  })
  await first.stop()

  const center = await centerFor(counter, first.publicKey.base64url)
  const second = await start({ folder, field, center })
  expect(await say(second, 'POST /certify', { terminal: TERMINAL })).toMatchObject({ body: { hotlistVersion: 1 } })
  expect(await say(second, 'POST /sell', { amount: '300', waitMs: 1 })).toMatchObject({
    body: { outcome: 'unresolved', amount: '300', why: { code: 'chip-gone' } },
  })
  await second.stop()

  const third = await start({ folder, field })
  expect(third.publicKey).toEqual(first.publicKey)
  expect(third.terminal).toBe(TERMINAL)
  expect(await say(third, 'GET /status')).toMatchObject({ body: { unresolved: [{ sale: 1, stage: 'unresolved' }] } })
  expect(await say(third, 'POST /sell', { amount: '1' })).toMatchObject({ body: { code: 'sale-unresolved' } })
  expect(await say(third, 'POST /retry')).toMatchObject({ body: { outcome: 'paid', says: 'Paid.', sale: 1 } })
  expect(await say(third, 'POST /void')).toMatchObject({ body: { outcome: 'voided' } })
  expect(await say(third, 'POST /sell', { amount: '20' })).toMatchObject({ body: { outcome: 'paid', sale: 2 } })
  expect(chip.value).toBe(980n)
  await third.stop()

  const fourth = await start({ folder, field, center })
  expect(await say(fourth, 'POST /upload')).toMatchObject({ body: { receipts: 3 } })
  expect(await say(fourth, 'GET /status')).toMatchObject({
    body: { unuploadedAmount: '0', lastSale: { offered: true } },
  })
  expect(counter.center.owed).toBe(20n)

  const report = [{ about: 'settings', settings: 3, blocked: false }] as const
  counter.center.turns = [{ commands: [], done: true, report: [...report] }]
  expect(await say(fourth, 'POST /contact')).toEqual({ status: 200, body: { report } })
  expect(counter.center.rounds).toEqual([{ purpose: { kind: 'purse', purse: chip.purse }, responses: [] }])
})

test('orders without the token are refused, and so is what is no order', async () => {
  const folder = await newFolder()
  const till = await start({ folder, field: '127.0.0.1:9' })
  expect(await say(till, 'POST /sell', { amount: '1' }, 'wrong')).toMatchObject({ status: 401 })
  expect(await say(till, 'POST /sell', { amount: 1 })).toMatchObject({
    status: 400,
    body: { facts: { field: 'amount' } },
  })
  expect(await say(till, 'POST /sell', { amount: '1.50' })).toMatchObject({ status: 400 })
  expect(await say(till, 'POST /toString')).toMatchObject({ status: 404 })
  expect(await say(till, 'POST /not-given', { sale: 1 })).toMatchObject({ status: 404 })
  const control = JSON.parse(await readFile(join(folder, 'control.json'), 'utf8'))
  expect(control).toEqual({ port: till.port, token: till.token })
})

test('one process at a time has a terminal’s folder, and a key without its journal is refused', async () => {
  const folder = await newFolder()
  const till = await start({ folder, field: '127.0.0.1:9' })
  const again = { folder, port: 0, center: 'http://127.0.0.1:9', field: '127.0.0.1:9' }
  expect(await runTerminal(again)).toMatchObject({ refusal: { code: 'journal-in-use' } })
  await say(till, 'DELETE /')
  await till.ended
  await rm(join(folder, 'journal'))
  expect(await runTerminal(again)).toMatchObject({ refusal: { code: 'journal-broken', facts: { check: 'missing' } } })
})
