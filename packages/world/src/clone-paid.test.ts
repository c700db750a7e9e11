/**
 * A copied chip spends at three tills what it holds once. Each store that could not know is paid, the purse is charged once
 * for each of its numbers, and the rest is the issuer's loss, to the unit; nobody is paid for selling against the list.
 */
import type { TerminalId } from '@kozeni/base/ids'
import type { Book } from '@kozeni/center/book'
import { payOutLost, reportLost } from '@kozeni/center/lost'
import { defaultPolicy } from '@kozeni/center/policy'
import { freshDatabase } from '@kozeni/center/postgres-for-tests'
import { blockPurse } from '@kozeni/center/purse-block'
import { takeIn } from '@kozeni/center/take-in'
import { builtPurse } from '@kozeni/program/compile-node'
import { receiptsOf } from '@kozeni/protocol/receipts'
import { beforeAll, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { Town, type TownWith } from './town.ts'
import { postgresTown } from './town-postgres.ts'

let module: Uint8Array

beforeAll(async () => {
  module = await builtPurse()
})

/** The till's last receipt alone; the others come later. */
async function bringLast(town: TownWith<Book>, { till }: CounterWithNetwork): Promise<void> {
  const { terminal } = await town.book.look({ terminal: till.status().terminal as TerminalId })
  const kept = till.sales().at(-1)?.receipt
  if (terminal === undefined || kept === undefined) expect.fail('the till has sold')
  await takeIn(town.means, terminal, receiptsOf([kept.bytes]), [kept])
}

const towns: Readonly<Record<string, () => Promise<TownWith<Book>>>> = {
  'in memory': async () => new Town(21, module),
  'in PostgreSQL': async () => await postgresTown(await freshDatabase(), 21, module),
}

for (const [where, found] of Object.entries(towns)) {
  test(`${where}: each store that sold to a copied chip in good faith is paid once, the rest is the issuer’s loss`, async () => {
    const town = await found()
    const holder = await town.settleIn()
    await town.fund(holder, 1000n)
    await town.contact(holder)
    const stores = [await town.openStore(), await town.openStore(), await town.openStore()]
    const tills = await Promise.all(stores.map((store, i) => CounterWithNetwork.open(town, store, 30 + i)))
    const chips = tills.map((_, i) => (i === 0 ? holder : { ...holder, silicon: holder.silicon.copy() }))
    for (const [i, till] of tills.entries()) {
      const copy = chips[i] ?? holder
      expect(await till.sell(400n, radioOf(copy))).toMatchObject({ value: { outcome: 'done' } })
      town.clock.advance(1000)
    }
    expect(await tills[2]?.sell(50n, radioOf(chips[2] ?? holder))).toMatchObject({ value: { outcome: 'done' } })
    expect(await tills[2]?.till.voidLast({ reader: radioOf(chips[2] ?? holder), waitMs: 1 })).toMatchObject({
      ok: true,
    })
    for (const till of tills) await till.upload()
    town.clock.advance(3_700_000)
    for (const till of tills) await till.upload() // shown again
    const { blocked, debits } = await town.purse(holder)
    expect({ blocked, debits }).toEqual({ blocked: true, debits: 450n })
    const report = await town.audit()
    expect(report).toMatchObject({ findings: [], unexplained: 0n })
    expect(report.balances['fraud-loss']).toBe(800n)
    town.clock.advance(1000)
    for (const store of stores) expect(await town.settle(store)).toMatchObject({ offline: 400n })
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    await town.close()
  })

  test(`${where}: of two copies whose receipts are booked by turns, the totals are nobody’s gap`, async () => {
    const town = await found()
    const holder = await town.settleIn()
    await town.fund(holder, 1000n)
    await town.contact(holder)
    const copy = { ...holder, silicon: holder.silicon.copy() }
    const tills = [
      await CounterWithNetwork.open(town, await town.openStore(), 51),
      await CounterWithNetwork.open(town, await town.openStore(), 52),
      await CounterWithNetwork.open(town, await town.openStore(), 53),
    ] as const
    const sales = [
      { till: tills[0], of: holder, amount: 3n },
      { till: tills[1], of: copy, amount: 7n },
      { till: tills[1], of: copy, amount: 72n },
      { till: tills[2], of: holder, amount: 500n },
      { till: tills[2], of: holder, amount: 10n },
    ]
    for (const { till, of, amount } of sales)
      expect(await till.sell(amount, radioOf(of))).toMatchObject({ value: { outcome: 'done' } })
    for (const till of tills) await till.upload()
    expect(await town.purse(holder)).toMatchObject({ blocked: true, debits: 85n, seenDebits: 513n })
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    await town.close()
  })

  test(`${where}: what two copies took above all that one was given is written off at once, and not again when it is paid out`, async () => {
    const town = await found()
    const holder = await town.settleIn()
    await town.fund(holder, 1000n)
    await town.contact(holder)
    const copy = { ...holder, silicon: holder.silicon.copy() }
    const [first, second] = [
      await CounterWithNetwork.open(town, await town.openStore(), 51),
      await CounterWithNetwork.open(town, await town.openStore(), 52),
    ]
    await first.sell(900n, radioOf(holder))
    await second.sell(400n, radioOf(copy))
    await second.sell(500n, radioOf(copy))
    await first.upload()
    await bringLast(town, second)
    expect(await town.purse(holder)).toMatchObject({ blocked: true, writtenOff: 400n })
    const loss = async () => (await town.audit()).balances['fraud-loss']
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    expect(await loss()).toBe(400n)
    await second.upload()
    expect(await loss()).toBe(800n)
    await town.book.run(reportLost(defaultPolicy, holder.purse, true))
    town.clock.advance(5 * 86_400_000)
    expect(await payOutLost(town.means, holder.purse)).toMatchObject({ value: 'done' })
    expect(await loss()).toBe(800n)
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    await town.close()
  })

  test(`${where}: what was sold before the block came is paid, whenever it is uploaded`, async () => {
    const town = await found()
    const holder = await town.settleIn()
    await town.fund(holder, 1000n)
    await town.contact(holder)
    const [early, late] = [
      await CounterWithNetwork.open(town, await town.openStore(), 41),
      await CounterWithNetwork.open(town, await town.openStore(), 42),
    ]
    expect(await early.sell(100n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
    await town.book.run(blockPurse(holder.purse, true))
    town.clock.advance(5000)
    await late.upload()
    expect(await late.sell(100n, radioOf(holder))).toMatchObject({ value: { outcome: 'refused' } })
    await early.upload()
    expect(await town.purse(holder)).toMatchObject({ debits: 100n })
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    await town.close()
  })
}
