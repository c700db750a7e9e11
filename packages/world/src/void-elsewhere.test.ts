/** A debit that was taken back at one till, and spent at another which uploads first: nobody has done anything wrong. */
import { money } from '@kozeni/base/money'
import { builtPurse } from '@kozeni/program/compile-node'
import { expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { Town } from './town.ts'

test('whoever spends what another till has just given back is no cloner, whichever till uploads first', async () => {
  const town = new Town(11, await builtPurse())
  const holder = await town.settleIn()
  await town.fund(holder, 100n)
  await town.contact(holder)
  const store = await town.openStore()
  const [first, second] = [await CounterWithNetwork.open(town, store, 1), await CounterWithNetwork.open(town, store, 2)]
  expect(await first.sell(60n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  expect(await first.till.voidLast({ reader: radioOf(holder), waitMs: 1 })).toMatchObject({
    value: { outcome: 'done' },
  })
  expect(await second.sell(money(100n), radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
  await second.upload()
  await first.upload()
  const { blocked, credits, debits } = await town.purse(holder)
  expect({ blocked, credits, debits }).toEqual({ blocked: false, credits: 160n, debits: 160n })
  expect([...town.book.tables.alarm.values()]).toEqual([])
})
