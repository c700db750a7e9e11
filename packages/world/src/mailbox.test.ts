/** A chip that meets only tills without a network is told what it is owed all the same: real chip, program, till and center. */
import type { StoreId } from '@kozeni/base/ids'
import { builtPurse } from '@kozeni/program/compile-node'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { type Holder, Town } from './town.ts'

let module: Uint8Array
let town: Town
let holder: Holder
let store: StoreId
let counter: CounterWithNetwork

beforeAll(async () => {
  module = await builtPurse()
})

/** A holder of 1,000 who has paid 100 at a till, which has uploaded and is off-line from now on. */
beforeEach(async () => {
  town = new Town(9, module)
  holder = await town.settleIn()
  await town.fund(holder, 1000n)
  await town.contact(holder)
  store = await town.openStore()
  counter = await CounterWithNetwork.open(town, store, 1)
  expect(await counter.sell(100n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  await counter.upload()
})

/** The till is on-line for one upload. */
async function uploadOnce(): Promise<void> {
  counter.online = true
  await counter.upload()
  counter.online = false
}

async function expectValue(value: bigint): Promise<void> {
  const purse = await town.purse(holder)
  expect({ value: purse.credits - purse.debits, flag: purse.flag }).toEqual({ value, flag: false })
  expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips: value })
}

test('a load that waits is carried to the chip, and its answer back; the confirmation comes with the next mail', async () => {
  await town.fund(holder, 500n)
  await uploadOnce()
  expect((await town.purse(holder)).flag).toBe(true) // opened for the mail
  await counter.sell(1200n, radioOf(holder)) // more than it held before the load
  await uploadOnce()
  await expectValue(200n)
  await counter.sell(50n, radioOf(holder))
  await uploadOnce()
  const met = await town.contact(holder)
  expect(met.report[0]).toMatchObject({ chip: false, center: false, proves: 'at-rest' })
  await expectValue(150n)
})

test('two loads in a row reach a chip that nobody ever confirms in person: the second command confirms the first (weakening 24)', async () => {
  for (const loaded of [1000n, 2000n]) {
    await town.fund(holder, 1000n)
    await uploadOnce()
    await counter.sell(100n, radioOf(holder, 5)) // gone after SELECT, INTRODUCE and the mail: confirm is not heard
    await uploadOnce()
    const { credits } = await town.purse(holder)
    expect(credits).toBe(1000n + loaded)
  }
})

test('a block ordered by an operator is carried too, and counts for the very sale that brings it', async () => {
  await town.block(holder)
  await uploadOnce()
  expect(await counter.sell(10n, radioOf(holder))).toMatchObject({ value: { why: { code: 'purse-blocked' } } })
  const settings = await town.purse(holder)
  await uploadOnce()
  expect(await town.purse(holder)).toMatchObject({ settingsSeen: settings.settings, blocked: true })
})

test('a pay never travels by mail, but its undoing does: charged and not sold is given back by any till', async () => {
  const sale = town.sale(store, 300n)
  await town.pay(holder, sale)
  await uploadOnce()
  expect(await counter.sell(50n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  await uploadOnce()
  expect(await town.purse(holder)).toMatchObject({ flag: true, debits: 150n }) // still to be paid on-line, or not at all
  await town.contact(holder, { lost: 'answers', at: 1 }) // the chip pays, nobody hears of it
  town.clock.advance(120_000)
  await uploadOnce()
  await counter.sell(50n, radioOf(holder))
  await uploadOnce()
  await expectValue(800n)
})

test('an answer that is brought twice, or late, changes nothing more', async () => {
  await town.fund(holder, 500n)
  await uploadOnce()
  await counter.sell(10n, radioOf(holder))
  expect((await town.contact(holder)).ended).toBe('done') // the phone is faster than the till
  await uploadOnce()
  await uploadOnce()
  await expectValue(1390n)
})

test('while the till is on-line it relays by itself after a sale whose chip is not confirmed', async () => {
  await town.fund(holder, 500n)
  await town.contact(holder, { lost: 'answers', at: 1 })
  counter.online = true
  expect(await counter.sell(10n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  expect((await town.purse(holder)).flag).toBe(false)
  await counter.upload()
  await expectValue(1390n)
})
