/** A void that only its chip's totals tell of: its store's claim is held, then charged, and no void is charged twice (K-2). */
import type { StoreId, TerminalId } from '@kozeni/base/ids'
import type { Book } from '@kozeni/center/book'
import { holdClaims } from '@kozeni/center/hold'
import { payOutLost, reportLost } from '@kozeni/center/lost'
import { defaultPolicy } from '@kozeni/center/policy'
import { freshDatabase } from '@kozeni/center/postgres-for-tests'
import { noteNotGiven } from '@kozeni/center/return'
import { takeIn } from '@kozeni/center/take-in'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { receiptsOf } from '@kozeni/protocol/receipts'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { type Holder, Town, type TownWith } from './town.ts'
import { postgresTown } from './town-postgres.ts'

const DAY_MS = 24 * 3_600_000
const GIVEN_UP_MS = 601_000

let module: Uint8Array
let town: TownWith<Book>
let holder: Holder
let store: StoreId
let counter: CounterWithNetwork
let other: CounterWithNetwork

beforeAll(async () => {
  module = await builtPurse()
})

/** A holder of 1,000, and two tills of two stores. */
async function settle(found: TownWith<Book>): Promise<void> {
  town = found
  holder = await town.settleIn()
  await town.fund(holder, 1000n)
  await town.contact(holder)
  store = await town.openStore()
  counter = await CounterWithNetwork.open(town, store, 1)
  other = await CounterWithNetwork.open(town, await town.openStore(), 2)
}

const hold = () => holdClaims(town.means, holder.purse)
/** A claim that waits is not looked at before, unless a record comes. */
const tomorrow = () => ({ again: town.clock.now() + DAY_MS })
const stages = async () => {
  const { fraud } = await town.book.look({ purse: holder.purse, fraud: true })
  return fraud?.holds.map(({ seq, stage }) => `${seq} ${stage}`)
}
const sound = async () => expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
const value = async () => {
  const { credits, debits } = await town.purse(holder)
  return credits - debits
}

/** A debit whose void the chip has made and whose answer nobody heard. */
async function torn(amount: bigint, at = counter): Promise<void> {
  await at.sell(amount, radioOf(holder))
  await at.till.voidLast({ reader: radioOf(holder, 2, 1), waitMs: 1 })
}

async function tornAndGivenUp(amount: bigint): Promise<void> {
  await torn(amount)
  town.clock.advance(GIVEN_UP_MS)
  await counter.upload()
  town.clock.advance(1)
}

/** A debit and its void that are brought one by one. */
async function bring(part: 'receipt' | 'voidReceipt'): Promise<unknown> {
  const { terminal } = await town.book.look({ terminal: counter.till.status().terminal as TerminalId })
  const kept = counter.till.sales().flatMap(sale => sale[part] ?? [])
  if (terminal === undefined) expect.fail('the till is known')
  const receipts = receiptsOf(kept.map(({ bytes }) => bytes))
  return (await takeIn(town.means, terminal, receipts, kept)).map(({ collected }) => collected.standing)
}

const towns: Readonly<Record<string, () => Promise<TownWith<Book>>>> = {
  'in memory': async () => new Town(12, module),
  'in PostgreSQL': async () => await postgresTown(await freshDatabase(), 12, module),
}

describe.each(Object.keys(towns))('%s', where => {
  beforeEach(async () => {
    const found = await towns[where]?.()
    if (found === undefined) throw new Error('there are two towns')
    await settle(found)
  })

  afterEach(() => town.close())

  test('the claim of a debit is held as soon as its chip has shown that it has the value back', async () => {
    await tornAndGivenUp(100n)
    expect(await town.settle(store)).toMatchObject({ offlineCount: 1, offline: 100n })
    await town.contact(holder)
    expect((await town.book.due(10, 1000)).map(({ name }) => name)).toContain(`gap:${holder.purse}`)
    expect(await hold()).toEqual(tomorrow())
    expect(await hold()).toEqual(tomorrow())
    expect(await stages()).toEqual(['1 held'])
    town.clock.advance(1)
    expect(await town.settle(store)).toMatchObject({ offlineCount: 0, offline: -100n, net: 0n })
    expect(await value()).toBe(900n)
    await sound()
  })

  test('after every till has had its time the store is charged, once, and the purse is owed what its chip has', async () => {
    await tornAndGivenUp(100n)
    await town.contact(holder)
    await hold()
    town.clock.advance(4 * DAY_MS)
    for (const step of ['done', 'done']) expect(await hold()).toBe(step)
    expect(await stages()).toEqual(['1 charged'])
    expect(await value()).toBe(1000n)
    expect(await town.settle(store)).toMatchObject({ offlineCount: 1, offline: 0n, net: 0n })
    await sound()
  })

  test('a claim that waits is looked at again a day later, when its time has come, and when a record of its purse comes', async () => {
    await tornAndGivenUp(100n)
    await town.contact(holder)
    const [from, gap] = [town.clock.now(), `gap:${holder.purse}`]
    expect(await hold()).toEqual(tomorrow())
    await town.book.told(gap)
    await other.sell(70n, radioOf(holder))
    await other.upload()
    expect((await town.book.due(10, 1000)).map(({ name }) => name)).toContain(gap)
    town.clock.advance(3 * DAY_MS + 1000)
    expect(await hold()).toEqual({ again: from + 4 * DAY_MS })
  })

  test('a receipt of another till shows it as well, though a record more is missing', async () => {
    await tornAndGivenUp(100n)
    await other.sell(70n, radioOf(holder))
    await other.upload()
    expect(await hold()).toEqual(tomorrow())
    expect(await stages()).toEqual(['1 held'])
    town.clock.advance(4 * DAY_MS)
    expect(await hold()).toBe('done')
    expect(await stages()).toEqual(['1 charged'])
    await sound()
  })

  test('a debit that is missing holds no claim: what another store sold meanwhile is no void', async () => {
    await counter.sell(100n, radioOf(holder))
    await counter.upload()
    await other.sell(70n, radioOf(holder))
    await town.contact(holder)
    await hold()
    expect(await stages()).toEqual([])
    await sound()
  })

  test('which of two is the void is not guessed: both are held until one record has come, and then the right one is charged', async () => {
    const third = await CounterWithNetwork.open(town, await town.openStore(), 3)
    await counter.sell(100n, radioOf(holder))
    await counter.upload()
    await town.fund(holder, 50n) // what is loaded between two records hides which of the totals rose by what
    await town.contact(holder)
    await other.sell(100n, radioOf(holder))
    await torn(100n, third)
    town.clock.advance(GIVEN_UP_MS)
    await third.upload()
    await town.contact(holder)
    await hold()
    expect(await stages()).toEqual(['1 held', '3 held'])
    await town.pay(holder, town.sale(store, 30n)) // and what is open hides what of the totals is missing
    town.clock.advance(4 * DAY_MS)
    expect(await hold()).toEqual(tomorrow())
    expect(await stages()).toEqual(['1 held', '3 held'])
    await town.contact(holder)
    await other.upload()
    expect(await stages()).toEqual(['1 freed', '3 held'])
    expect(await hold()).toBe('done')
    expect(await stages()).toEqual(['1 freed', '3 charged'])
    await sound()
  })

  test('while a payment is open, the totals do not say that no debit is missing: nobody is charged for a void of another', async () => {
    const third = await CounterWithNetwork.open(town, await town.openStore(), 3)
    await counter.sell(100n, radioOf(holder))
    await counter.upload()
    await other.sell(70n, radioOf(holder))
    await third.sell(100n, radioOf(holder))
    await third.till.voidLast({ reader: radioOf(holder), waitMs: 1 })
    await town.contact(holder)
    await hold()
    town.clock.advance(4 * DAY_MS)
    await town.pay(holder, town.sale(store, 10n))
    await hold()
    expect(await stages()).toEqual(['1 held'])
    for (const till of [other, third]) await till.upload()
    expect(await stages()).toEqual(['1 freed'])
    expect(await value()).toBe(830n)
    await sound()
  })

  for (const late of [false, true]) {
    test(`a void that comes ${late ? 'after its store was charged' : 'while its claim is held'} charges its store once`, async () => {
      await counter.sell(100n, radioOf(holder))
      await counter.till.voidLast({ reader: radioOf(holder), waitMs: 1 })
      expect(await bring('receipt')).toEqual(['booked'])
      await town.contact(holder)
      await hold()
      if (late) town.clock.advance(4 * DAY_MS)
      await hold()
      expect(await stages()).toEqual([late ? '1 charged' : '1 held'])
      await sound()
      expect(await bring('voidReceipt')).toEqual(['booked'])
      expect(await bring('voidReceipt')).toEqual(['already-booked'])
      expect(await stages()).toEqual([late ? '1 restored' : '1 freed'])
      expect(await value()).toBe(1000n)
      town.clock.advance(1)
      expect(await town.settle(store)).toMatchObject({ offlineCount: 1, offline: 0n })
      await sound()
    })
  }

  test('the holder of a lost purse is paid what a void gave back, though only the totals tell of it', async () => {
    await tornAndGivenUp(100n)
    await town.contact(holder)
    await hold()
    await town.book.run(reportLost(defaultPolicy, holder.purse, true))
    town.clock.advance(4 * DAY_MS)
    expect(await payOutLost(town.means, holder.purse)).toMatchObject({ value: 'done' })
    expect(await stages()).toEqual(['1 charged'])
    const { stage, credits, debits } = await town.purse(holder)
    expect({ stage, left: credits - debits }).toEqual({ stage: 'retired', left: 0n })
    expect((await town.audit()).balances.moving).toBe(-1000n)
    await sound()
  })

  test('what was sold is not ordered back while its void is looked for', async () => {
    await tornAndGivenUp(100n)
    await town.contact(holder)
    await hold()
    const [sale] = counter.till.sales()
    const debit = { purse: holder.purse, seq: 1, store, terminal: counter.till.status().terminal as TerminalId }
    const said = await town.book.run(noteNotGiven(crypto, { ...debit, sale: sale?.sale ?? 0 }))
    expect(said).toMatchObject({ standing: 'noted' })
    town.clock.advance(4 * DAY_MS)
    await hold()
    const again = await town.book.run(noteNotGiven(crypto, { ...debit, sale: sale?.sale ?? 0 }))
    expect(again).toMatchObject({ standing: 'nothing' })
    await sound()
  })
})
