/**
 * A tap is torn, the goods are not given: the holder has the money back once both are proved, that the chip was debited and
 * that nothing was given; and not before, and not twice. Real chip, program, till and center.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type OrderId, type StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { orderReturn } from '@kozeni/center/return'
import { builtPurse } from '@kozeni/program/compile-node'
import { encodeCommand } from '@kozeni/protocol/apdu'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { INS, purseCommand } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
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

beforeEach(async () => {
  town = new Town(10, module)
  holder = await town.settleIn()
  await town.fund(holder, 1000n)
  await town.contact(holder)
  store = await town.openStore()
  counter = await CounterWithNetwork.open(town, store, 1)
})

/** SELECT and INTRODUCE are answered, and the debit is made; its answer is lost. */
const torn = () => radioOf(holder, 2, 1)

/** A sale of 300 whose receipt nobody has. */
async function tear(): Promise<number> {
  const sold = await counter.sell(300n, torn())
  if (!sold.ok || sold.value.outcome !== 'unresolved') expect.fail('the tap is torn')
  return sold.value.sale
}

async function expectHeld(value: bigint): Promise<void> {
  expect((await town.contact(holder)).ended).toBe('done')
  const { credits, debits, flag } = await town.purse(holder)
  expect({ value: credits - debits, flag }).toEqual({ value, flag: false })
  expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips: value })
}

const orders = () => [...town.book.tables.order.values()].filter(({ kind }) => kind === 'refund')

test('the chip comes back for another sale, shows that it was debited for the one not given, and has it back', async () => {
  const sale = await tear()
  expect(await counter.till.markNotGiven(sale)).toMatchObject({ ok: true })
  await counter.upload()
  expect(orders()).toEqual([]) // nobody has proved a debit
  expect(await counter.sell(50n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  expect(counter.till.sale(sale)?.stage).toBe('not-given')
  await counter.upload()
  expect(orders()).toMatchObject([{ purse: holder.purse, amount: 300n, store }])
  await counter.upload()
  town.clock.advance(4_000_000)
  await counter.upload() // the terminal says it again, from time to time
  expect(orders()).toHaveLength(1)
  await expectHeld(950n)
})

test('the ring alone moves nothing: while the sale may still be given, its receipt is the store’s (weakening 20)', async () => {
  const sale = await tear()
  await counter.upload()
  expect(orders()).toEqual([])
  expect(await counter.till.retry({ reader: radioOf(holder), waitMs: 1 })).toMatchObject({ value: { outcome: 'done' } })
  expect(await counter.till.markNotGiven(sale)).toMatchObject({ refusal: { code: 'sale-final' } })
  await counter.upload()
  expect(orders()).toEqual([])
  await expectHeld(700n)
})

/** At the next tap a relay first brings the chip this command, whose answer nobody hears. */
function relayed(kept: Bytes): Reader {
  const radio = radioOf(holder)
  let answered = 0
  return {
    ...radio,
    transmit: async command => {
      if (answered++ === 2) await radio.transmit(kept)
      return await radio.transmit(command)
    },
  }
}

test('a debit that the chip refused, and that a relay has it make later, goes back: the till had shown “refused”', async () => {
  expect(await counter.sell(1500n, radioOf(holder))).toMatchObject({ value: { why: { code: 'balance-too-low' } } })
  await town.fund(holder, 1000n)
  await town.contact(holder)
  const { asked } = counter.till.sale(1) ?? {}
  if (asked === undefined) expect.fail('the chip was asked')
  const kept = encodeCommand(purseCommand(INS.debit, asked.bytes))
  expect(await counter.sell(50n, relayed(kept))).toMatchObject({ value: { why: { code: 'seq-fell' } } })
  expect(counter.till.sale(1)?.stage).toBe('refused')
  await counter.upload()
  expect(orders()).toMatchObject([{ purse: holder.purse, amount: 1500n, store }])
  await expectHeld(2000n)
})

test('a chip that was never debited gets nothing for a sale that was not given', async () => {
  const sold = await counter.sell(300n, radioOf(holder, 2)) // gone before it heard the request
  if (!sold.ok) expect.fail('the sale began')
  expect(await counter.till.markNotGiven(sold.value.sale)).toMatchObject({ ok: true })
  await counter.upload()
  expect(await counter.sell(50n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  await counter.upload()
  town.clock.advance(4_000_000)
  await counter.upload()
  expect(orders()).toEqual([])
  await expectHeld(950n)
})

const dice = new SeededDice(3)

/** The store orders so much of the chip's first sale back. */
const order = (amount: bigint, name = freshId<OrderId>(dice), by = store) =>
  town.book.run(
    orderReturn({
      ...{ order: name, amount: money(amount), purse: holder.purse, seq: 1, store: by },
      inputDigest: crypto.sha256(new Uint8Array([Number(amount % 256n)])),
    }),
  )

test('a sale that one till was refused takes nothing from the refund of the sale that another till then made', async () => {
  expect(await counter.sell(1500n, radioOf(holder))).toMatchObject({ value: { why: { code: 'balance-too-low' } } })
  await counter.upload()
  const other = await CounterWithNetwork.open(town, store, 2)
  expect(await other.sell(10n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  expect(await other.sell(20n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  await other.upload()
  const [sold] = town.book.batches.flat()
  expect(await order(10n)).toMatchObject({ ok: true, value: { transaction: `${sold?.terminal}/1` } })
  await counter.upload()
  expect(orders()).toHaveLength(1)
  await expectHeld(980n)
})

test('any other refund of an off-line sale is the store’s order, at most the sale’s amount in all', async () => {
  const sold = await counter.sell(300n, radioOf(holder))
  if (!sold.ok) expect.fail('the sale is paid')
  await counter.upload()
  const name = freshId<OrderId>(dice)
  expect(await order(200n, name)).toMatchObject({ ok: true })
  expect(await order(200n, name)).toMatchObject({ ok: true })
  expect(await order(100n, name)).toMatchObject({ refusal: { code: 'key-reused' } })
  expect(await order(101n)).toMatchObject({ refusal: { code: 'refund-too-large', facts: { left: '100' } } })
  expect(await order(50n, undefined, await town.openStore())).toMatchObject({ refusal: { code: 'not-found' } })
  expect(await order(100n)).toMatchObject({ ok: true })
  await town.contact(holder) // at most one at a time
  await expectHeld(1000n)
})
