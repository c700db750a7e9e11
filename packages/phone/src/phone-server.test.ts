import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@kozeni/base/clock'
import { SeededDice } from '@kozeni/base/dice'
import { encodeCommand } from '@kozeni/protocol/apdu'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'
import { PURSE_AID, selectCommand } from '@kozeni/protocol/purse'
import { afterEach, expect, test } from 'vitest'
import { ModelCenter } from './center-for-tests.ts'
import { ModelChip } from './chip-for-tests.ts'
import { type RunningPhone, runPhone } from './phone-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'kozeni-phone-'))
const running: RunningPhone[] = []
afterEach(async () => {
  for (const phone of running.splice(0)) await phone.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function start() {
  const dice = new SeededDice(12)
  const reader = new ModelChip(dice)
  const center = new ModelCenter(reader, systemClock).dial
  const phone = await runPhone({
    folder,
    port: 0,
    center,
    reader,
    crypto,
    clock: systemClock,
    dice,
  })
  running.push(phone)
  const ask = async (order: string, body?: object, headers: object = { authorization: `Bearer ${phone.token}` }) => {
    const [method = '', path = ''] = order.split(' ')
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(`http://127.0.0.1:${phone.port}${path}`, { method, headers: { ...headers }, ...sent })
    return { status: answer.status, body: await answer.json() }
  }
  return { phone, ask, chip: reader }
}

test('a holder’s whole way over HTTP: install, load, look, freeze', async () => {
  const { ask, chip } = await start()
  expect(await ask('GET /show')).toMatchObject({ status: 409, body: { code: 'purse-not-active' } })
  expect(await ask('POST /install')).toMatchObject({ status: 200, body: { chip: '00c0c0c0c0c0c0c0' } })
  expect(await ask('POST /load', { amount: '800', method: 'card' })).toMatchObject({
    status: 200,
    body: { load: { stage: 'loaded', amount: '800' }, contact: { ok: true } },
  })
  expect(await ask('GET /show')).toMatchObject({ status: 200, body: { value: '800', frozen: false } })
  expect(await ask('POST /freeze', { frozen: true })).toMatchObject({ status: 200, body: { frozen: true } })
  expect(await ask('GET /history?count=5')).toEqual({ status: 200, body: [] })
  expect(await ask('POST /recover')).toMatchObject({ status: 200, body: { loads: [], payments: [] } })
  expect(chip.value).toBe(800n)
})

test('only who can read the folder gives orders', async () => {
  const { phone, ask } = await start()
  const control = join(folder, 'control.json')
  expect(JSON.parse(readFileSync(control, 'utf8'))).toEqual({ port: phone.port, token: phone.token })
  expect(statSync(control).mode & 0o777).toBe(0o600)
  for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: `bearer ${phone.token}` }])
    expect(await ask('POST /install', {}, headers)).toMatchObject({ status: 401, body: { code: 'not-authenticated' } })
  await running.pop()?.stop()
  expect(existsSync(control)).toBe(false)
})

test('an order that is none, or lacks a field, is refused and names it', async () => {
  const { ask } = await start()
  expect(await ask('POST /nothing')).toMatchObject({ status: 404, body: { code: 'not-found' } })
  expect(await ask('POST /toString')).toMatchObject({ status: 404 })
  for (const amount of [800, '8.5', '-1', null])
    expect(await ask('POST /load', { amount, method: 'card' })).toMatchObject({
      status: 400,
      body: { facts: { field: 'amount' } },
    })
  expect(await ask('POST /pay', [])).toMatchObject({ status: 400, body: { facts: { field: 'link' } } })
  expect(await ask('POST /pay', { link: 'x'.repeat(20_000) })).toMatchObject({ status: 413 })
})

test('while a terminal has the chip the phone waits for it, and no contact is torn', async () => {
  const { phone, ask } = await start()
  await ask('POST /install')
  const till = phone.field()
  expect(await till.connect()).toBe(true)
  const shown = ask('GET /show')
  const greet = encodeCommand(selectCommand(PURSE_AID))
  for (let i = 0; i < 5; i++) expect((await till.transmit(greet))?.length).toBe(11)
  await till.disconnect()
  expect(await shown).toMatchObject({ status: 200 })
})
