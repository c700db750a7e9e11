/**
 * A copied terminal sells the same sale to two holders. The store is paid once, the second holder has the money back, and
 * nobody who only paid is blocked. In both books.
 */

import type { Book } from '@kozeni/center/book'
import { payOutLost, reportLost } from '@kozeni/center/lost'
import { freshDatabase } from '@kozeni/center/postgres-for-tests'
import { builtPurse } from '@kozeni/program/compile-node'
import { beforeAll, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { Town, type TownWith } from './town.ts'
import { postgresTown } from './town-postgres.ts'

let module: Uint8Array

beforeAll(async () => {
  module = await builtPurse()
})

const towns: Readonly<Record<string, () => Promise<TownWith<Book>>>> = {
  'in memory': async () => new Town(12, module),
  'in PostgreSQL': async () => await postgresTown(await freshDatabase(), 12, module),
}

for (const [where, found] of Object.entries(towns)) {
  test(`${where}: one sale is paid once, and what a second holder paid for it goes back`, async () => {
    const town = await found()
    const holders = [await town.settleIn(), await town.settleIn()]
    for (const holder of holders) {
      await town.fund(holder, 1000n)
      await town.contact(holder)
    }
    const store = await town.openStore()
    const copies = await CounterWithNetwork.openCopies(town, store, 5, 2)
    for (const [i, holder] of holders.entries())
      expect(await copies[i]?.sell(300n, radioOf(holder))).toMatchObject({ value: { outcome: 'done', sale: 1 } })
    for (const copy of copies) await copy.upload()
    await copies[1]?.upload()
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    for (const [i, holder] of holders.entries()) {
      await town.contact(holder) // the refund arrives
      const { credits, debits, blocked } = await town.purse(holder)
      expect({ value: credits - debits, blocked }).toEqual({ value: i === 0 ? 700n : 1000n, blocked: false })
    }
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips: 1700n })
    town.clock.advance(1000)
    expect(await town.settle(store)).toMatchObject({ offline: 600n, refunds: 300n })
    const alarms = await town.alarms()
    expect(alarms).toContain('journal-forked') // two journals of one terminal
    await town.close()
  })

  test(`${where}: a till whose disk was put back voids what has gone back already: its store is charged for it`, async () => {
    const town = await found()
    const holders = [await town.settleIn(), await town.settleIn()]
    for (const holder of holders) {
      await town.fund(holder, 1000n)
      await town.contact(holder)
    }
    const store = await town.openStore()
    const [first, second] = await CounterWithNetwork.openCopies(town, store, 5, 2)
    const [anna, ben] = holders
    if (!first || !second || !anna || !ben) expect.fail('two tills and two holders')
    await first.sell(300n, radioOf(anna))
    await second.sell(300n, radioOf(ben))
    const disk = [...second.journal.entries()]
    for (const till of [first, second]) await till.upload()
    const putBack = await second.withDisk(disk)
    expect(await putBack.till.voidLast({ reader: radioOf(ben), waitMs: 1 })).toMatchObject({
      value: { outcome: 'done' },
    })
    await putBack.upload()
    await town.contact(ben) // the refund arrives as well
    const { credits, debits, blocked } = await town.purse(ben)
    expect({ value: credits - debits, blocked }).toEqual({ value: 1300n, blocked: false })
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips: 2000n })
    town.clock.advance(1000)
    expect(await town.settle(store)).toMatchObject({ offline: 300n, refunds: 300n, net: 0n })
    await town.close()
  })

  test(`${where}: what the issuer has paid for one sale it does not pay again, whoever else paid for it`, async () => {
    const town = await found()
    const holders = [await town.settleIn(), await town.settleIn(), await town.settleIn()]
    for (const holder of holders) {
      await town.fund(holder, 1000n)
      await town.contact(holder)
    }
    const store = await town.openStore()
    const copies = await CounterWithNetwork.openCopies(town, store, 5, 3)
    for (const [i, holder] of holders.entries())
      expect(await copies[i]?.sell(300n, radioOf(holder))).toMatchObject({ value: { outcome: 'done', sale: 1 } })
    const lost = holders.slice(0, 2)
    for (const { purse } of lost) await town.book.run(reportLost(town.means.policy, purse, true))
    town.clock.advance(5 * 86_400_000)
    for (const { purse } of lost) expect(await payOutLost(town.means, purse)).toMatchObject({ value: 'done' })
    for (const copy of copies) await copy.upload()
    expect((await town.audit()).balances['fraud-loss']).toBe(300n)
    const [, , carl] = holders
    if (carl === undefined) expect.fail('three holders')
    await town.contact(carl) // what he paid for the same sale comes back
    const { credits, debits, blocked } = await town.purse(carl)
    expect({ value: credits - debits, blocked }).toEqual({ value: 1000n, blocked: false })
    town.clock.advance(1000)
    expect(await town.settle(store)).toMatchObject({ offline: 600n, refunds: 300n })
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    await town.close()
  })
}
