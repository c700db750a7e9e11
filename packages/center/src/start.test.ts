import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { caller } from '@kozeni/api/call'
import { routes } from '@kozeni/api/routes'
import { signerOf } from '@kozeni/api/signature'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { base64url, utf8 } from '@kozeni/base/bytes'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { type ChipId, freshId } from '@kozeni/base/ids'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { Client } from 'pg'
import { beforeAll, expect, test, vi } from 'vitest'
import { PostgresBook } from './book-postgres.ts'
import { TestFunding } from './funding-for-tests.ts'
import { pinoLog } from './log-pino.ts'
import { memoryMarks } from './mark-memory.ts'
import { defaultPolicy } from './policy.ts'
import { freshDatabase } from './postgres-for-tests.ts'
import { OPERATOR_TOKEN, right, Town, uploaded } from './server-for-tests.ts'
import { explainStart, type StartOptions, startCenter } from './start.ts'
import { memoryVault } from './vault-memory.ts'

const TOKEN = 'the-operators-token-of-this-test'

let url: string
beforeAll(async () => {
  url = await freshDatabase()
})

const starting = (change: Partial<StartOptions> = {}) =>
  startCenter({
    url,
    vault: memoryVault(crypto, 1),
    marks: memoryMarks(),
    module: utf8('program'),
    port: 0,
    operatorToken: TOKEN,
    ...change,
  })

async function started(change: Partial<StartOptions> = {}) {
  const center = await starting(change)
  if (!center.ok) throw new Error(explainStart(center.refusal))
  return center.value
}

const means = (origin: string) => ({ origin, transport: fetchTransport, clock: systemClock, crypto, dice: systemDice })
const operator = (origin: string) => caller({ ...means(origin), credentials: { show: 'token', token: TOKEN } })

test('a center on an empty database serves, stops, and finds everything again', async () => {
  const first = await started()
  expect(new URL(first.origin).hostname).toBe('127.0.0.1')
  const chip = freshId<ChipId>(systemDice)
  const chips = [{ chip, chipClass: 'hardware' as const }]
  expect(right(await operator(first.origin)(routes.registerChips, { body: { chips } })).registered).toBe(1)
  const privateKey = crypto.generate(systemDice)
  const publicKey = crypto.publicKey(privateKey)
  const unknown = { show: 'signature' as const, signer: signerOf(crypto, { kind: 'key', publicKey }, privateKey) }
  const register = caller({ ...means(first.origin), credentials: unknown })
  const { device } = right(await register(routes.registerDevice, { body: { publicKey: base64url(publicKey) } }))
  await first.stop()
  await expect(fetch(`${first.origin}/healthz`)).rejects.toThrow('fetch failed')

  const second = await started()
  expect(right(await operator(second.origin)(routes.registerChips, { body: { chips } })).known).toBe(1)
  const signer = signerOf(crypto, { kind: 'device', id: device }, privateKey)
  const phone = caller({ ...means(second.origin), credentials: { show: 'signature', signer } })
  const reserved = right(await phone(routes.reserveInstallation, { body: { chip } }))
  const told = right(await phone(routes.getPurse, { params: { purse: reserved.purse } }))
  expect(told).toMatchObject({ stage: 'reserved', value: '0', chipClass: 'hardware' })
  expect(right(await operator(second.origin)(routes.getBalances, {})).balances).toEqual([])
  expect(right(await operator(second.origin)(routes.listOperations, { query: {} })).operations).toEqual([])
  expect(
    right(await caller({ ...means(second.origin), credentials: { show: 'nothing' } })(routes.getHealth, {})).status,
  ).toBe('ok')
  await second.stop()
})

test('two centers on one database are one center', async () => {
  const [one, two] = await Promise.all([started(), started()])
  const chips = [{ chip: freshId<ChipId>(systemDice), chipClass: 'software' as const }]
  const told = await Promise.all(
    [one, two].map(async ({ origin }) => right(await operator(origin)(routes.registerChips, { body: { chips } }))),
  )
  expect(told.reduce((sum, { registered }) => sum + registered, 0)).toBe(1)
  await Promise.all([one.stop(), two.stop()])
})

test('a port that is taken is named, and so is a host that is not ours', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const refused = await starting({ port })
  expect(refused).toMatchObject({ refusal: { code: 'port-taken', port } })
  expect(refused.ok || explainStart(refused.refusal)).toContain(String(port))
  taken.close()
  expect(await starting({ host: '192.0.2.1' })).toMatchObject({ refusal: { code: 'host-unknown' } })
})

test('a database that cannot be worked with is named, and its password is not', async () => {
  const changed = (change: (other: URL) => void): string => {
    const other = new URL(url)
    other.password = 'the-secret-password'
    change(other)
    return other.href
  }
  const good = new URL(url)
  const cases = {
    'database-unreachable': changed(other => (other.port = '1')),
    'database-missing': changed(other => {
      other.password = good.password
      other.pathname = '/nowhere'
    }),
    'database-url-wrong': 'not a url',
  }
  for (const [code, wrong] of Object.entries(cases)) {
    const refused = await starting({ url: wrong })
    expect(refused).toMatchObject({ ok: false, refusal: { code } })
    expect(refused.ok || explainStart(refused.refusal)).not.toContain('the-secret-password')
  }
})

test('a database that a newer center has been at is left alone', async () => {
  const newer = await freshDatabase()
  await (await started({ url: newer })).stop()
  const client = new Client({ connectionString: newer })
  await client.connect()
  await client.query('insert into migration (number, applied_at) values (999, now())')
  await client.end()
  expect(await starting({ url: newer })).toMatchObject({ refusal: { code: 'database-newer', found: 999 } })
})

test('the log is one line of JSON an answer, and strikes out what is called a secret', async () => {
  const lines: string[] = []
  const log = pinoLog('info', { write: line => void lines.push(line) })
  const center = await started({ log })
  right(await operator(center.origin)(routes.getBalances, {}))
  await center.stop()
  const answered = lines.map(line => JSON.parse(line)).filter(({ msg }) => msg === 'answered')
  expect(answered).toMatchObject([{ level: 'info', route: 'getBalances', status: 200 }])
  expect(lines.join()).not.toContain(TOKEN)
  log('warn', 'a mistake of ours', { token: 'abc', deeper: { webhookSecret: 'abc', seed: { seed: 'abc' } } })
  expect(lines.at(-1)).not.toContain('abc')
})

test('a load, a sale that times out, receipts, a settlement and a webhook, on PostgreSQL and over the network', async () => {
  const webhooks: string[] = []
  const store = createHttpServer(async (request, response) => {
    webhooks.push((await request.setEncoding('utf8').toArray()).join(''))
    response.end()
  }).listen(0, '127.0.0.1')
  await once(store, 'listening')
  const own = await freshDatabase()
  const policy = { ...defaultPolicy, sessionMs: 300 }
  const center = await started({
    url: own,
    policy,
    vault: memoryVault(crypto, 5),
    funding: new TestFunding(),
    operatorToken: OPERATOR_TOKEN,
  })
  const book = new PostgresBook({ url: own })
  const town = Object.assign(new Town(book, systemClock), { origin: center.origin })
  const holder = await town.holder('00000000000000a1')
  const address = store.address()
  const shop = await town.shop(
    'Corner shop',
    `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hooks`,
  )

  const body = { purse: holder.purse, amount: '2000', currency: defaultPolicy.currency, method: 'pm_card_visa' }
  const asked = { body, idempotencyKey: 'a-load-on-postgresql' }
  const loaded = right(await holder.call(routes.createLoad, asked))
  expect(loaded).toMatchObject({ stage: 'captured' })
  expect(right(await holder.call(routes.createLoad, asked))).toEqual(loaded)

  const sale = town.sale(shop)
  right(await holder.call(routes.createPayment, { body: { purse: holder.purse, ...sale } }))
  await vi.waitFor(() => expect(webhooks).toHaveLength(1), { timeout: 10_000 })
  const told = right(await shop.call(routes.getStorePayment, { params: { number: sale.number } }))
  expect(told).toMatchObject({ state: 'not-paid' })
  expect(JSON.parse(webhooks[0] ?? '')).toMatchObject({ type: 'payment.decided', data: told })
  expect(
    right(await holder.call(routes.getPayment, { params: { store: shop.store, number: sale.number } })).verdict,
  ).toBe('not-paid')

  const receipts = [town.receipt(holder, shop), town.receipt(holder, shop)].map(uploaded)
  const taken = right(await shop.till.call(routes.uploadReceipts, { body: { receipts } }))
  expect(taken.answers.map(({ standing }) => standing)).toEqual(['booked', 'already-booked'])
  const closing = { body: { store: shop.store }, idempotencyKey: 'a-settlement-on-postgresql' }
  const closed = right(await town.operator()(routes.settle, closing))
  expect(closed).toMatchObject({ gross: '120', fees: '1', net: '119' })
  const again = right(await shop.till.call(routes.uploadReceipts, { body: { receipts } }))
  // settled, and kept by the till for as long as a backup may be old (F-12)
  expect(again.answers.map(({ final }) => final)).toEqual([false, false])
  expect(right(await shop.call(routes.listStatements, { query: {} })).statements).toEqual([closed])

  const params = { purse: holder.purse }
  expect(right(await town.operator()(routes.blockPurse, { params, body: { blocked: true } })).blocked).toBe(true)
  const story = right(await town.operator()(routes.getPurseStory, { params, query: { limit: '2' } }))
  expect(story.lines).toHaveLength(2)
  const rest = right(await town.operator()(routes.getPurseStory, { params, query: { after: story.next ?? '' } }))
  expect(rest.lines.length).toBeGreaterThan(3)
  const { operations } = right(await town.operator()(routes.listOperations, { query: { open: 'true' } }))
  expect(operations).toMatchObject([{ kind: 'pay', decision: 'void', predicted: 'void' }])
  const listed = async () => right(await shop.till.call(routes.getTerminal, { query: {} })).hotlist.entries
  await vi.waitFor(async () => expect(await listed()).toMatchObject([{ subject: 'purse' }]), { timeout: 10_000 })
  const { balances } = right(await town.operator()(routes.getBalances, {}))
  expect(balances.reduce((sum, { balance }) => sum + BigInt(balance), 0n)).toBe(0n)
  await Promise.all([center.stop(), book.close()])
  store.close()
})
