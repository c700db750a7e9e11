/** What a lost till had sold is told by the chips that paid there, and by the receipts that they made afterwards. */
import { money } from '@kozeni/base/money'
import { type Gap, gapOf, isOf } from '@kozeni/center/gap'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { pseudonymOf } from '@kozeni/protocol/debit'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { type Holder, Town } from './town.ts'

let module: Uint8Array
let town: Town
let holder: Holder
let lost: CounterWithNetwork
let other: CounterWithNetwork

beforeAll(async () => {
  module = await builtPurse()
})

/** A holder of 1,000, and two tills of two stores. */
beforeEach(async () => {
  town = new Town(11, module)
  holder = await town.settleIn()
  await town.fund(holder, 1000n)
  await town.contact(holder)
  lost = await CounterWithNetwork.open(town, await town.openStore(), 1)
  other = await CounterWithNetwork.open(town, await town.openStore(), 2)
})

async function gap(): Promise<Gap> {
  const { purse, open, receipts } = await town.book.look({ purse: holder.purse, receipts: [1, 2, 3, 4, 5] })
  return purse === undefined ? expect.fail('the purse is there') : gapOf(purse, open, receipts)
}

const sound = async () => expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })

test('a debit that nobody has uploaded is known by its amount and its till, once the chip has paid elsewhere', async () => {
  await lost.sell(100n, radioOf(holder))
  await other.sell(50n, radioOf(holder))
  await other.upload()
  const found = await gap()
  expect(found).toMatchObject({ unseenDebits: 100n, voidValue: 0n, missing: [{ seq: 1, witness: { amount: 100n } }] })
  const terminal = lost.till.status().terminal
  const made = pseudonymOf(crypto, terminal as Parameters<typeof pseudonymOf>[1])
  expect(found.missing.map(one => isOf(one, made))).toEqual([true])
  await sound()
  await lost.upload() // it was found again
  expect(await gap()).toEqual({ unseenDebits: 0n, voidValue: 0n, missing: [] })
  await sound()
})

test('value that a void has given back is known before the void is: and whose it is, once the debit is here', async () => {
  await lost.sell(100n, radioOf(holder))
  await lost.till.voidLast({ reader: radioOf(holder), waitMs: 1 })
  await other.sell(50n, radioOf(holder))
  await other.upload()
  expect(await gap()).toMatchObject({ unseenDebits: 100n, voidValue: 100n, missing: [{ seq: 1 }, { seq: 2 }] })
  await sound()
  const { purse, receipts } = await town.book.look({ purse: holder.purse, receipts: [1, 2, 3] })
  const [third] = [...receipts.values()]
  if (purse === undefined || third === undefined) expect.fail('the receipt behind them is here')
  const debit = { ...third, seq: 1, amount: money(100n) } // brought by somebody without its void
  const known = gapOf(purse, undefined, new Map([...receipts, [1, debit]]))
  expect(known.missing).toMatchObject([{ seq: 2, chargeable: { store: third.store, amount: 100n } }])
  await lost.upload()
  expect(await gap()).toEqual({ unseenDebits: 0n, voidValue: 0n, missing: [] })
  await sound()
})
