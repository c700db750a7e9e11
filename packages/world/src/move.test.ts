/** Moving to another phone (P-3), and loads that wait for room (F-5), on the real chip, program and center. */
import { money } from '@kozeni/base/money'
import { builtPurse } from '@kozeni/program/compile-node'
import { beforeAll, describe, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import type { Loss } from './relay-with-faults.ts'
import { type Holder, Town } from './town.ts'

let module: Uint8Array
let town: Town

beforeAll(async () => {
  module = await builtPurse()
})

const value = async (holder: Holder): Promise<bigint> => {
  const { credits, debits } = await town.purse(holder)
  return credits - debits
}

/** A holder with `on` on an old phone, and an empty purse on a new one. */
async function twoPhones(on: bigint): Promise<{ old: Holder; next: Holder }> {
  town = new Town(1, module)
  const old = await town.settleIn()
  await town.fund(old, on)
  await town.contact(old)
  return { old, next: await town.settleIn(old) }
}

/** Contacts with both phones until nothing is left to do. */
async function settle(...holders: readonly Holder[]): Promise<void> {
  for (const holder of holders) {
    await town.contact(holder)
    await town.moves(holder)
  }
  await town.contact(holders.at(-1) as Holder)
}

async function expectSound(onChips: bigint): Promise<void> {
  const report = await town.audit()
  expect(report.findings).toEqual([])
  expect(report.unexplained).toBe(0n)
  expect(report.onChips).toBe(onChips)
  expect(report.balances.moving ?? 0n).toBe(0n)
}

describe('a holder moves to a new phone', () => {
  test('what is on the old chip arrives on the new one, and the old purse is retired', async () => {
    const { old, next } = await twoPhones(1200n)
    await town.leave(old, next)
    await settle(old, next)
    expect([await value(old), await value(next)]).toEqual([0n, 1200n])
    expect((await town.purse(old)).stage).toBe('retired')
    await expectSound(1200n)
  })

  test('before the new phone is there the value is the holder’s own, and goes where they say later', async () => {
    const { old, next } = await twoPhones(1200n)
    await town.leave(old)
    await town.contact(old)
    expect((await town.moves(old)).map(({ stage, amount }) => [stage, amount])).toEqual([['in-transit', 1200n]])
    expect((await town.audit()).balances.moving).toBe(-1200n)
    expect((await town.audit()).findings).toEqual([])
    expect((await town.leave(old, next)).ok).toBe(true)
    await town.moves(old)
    await town.contact(next)
    expect(await value(next)).toBe(1200n)
    await expectSound(1200n)
  })

  test('a holder who stays after all gets back what was swept', async () => {
    const { old } = await twoPhones(1200n)
    await town.leave(old)
    await town.contact(old, { lost: 'turn', at: 2 })
    await town.leave(old, old)
    await town.moves(old)
    await town.contact(old)
    expect([await value(old), (await town.purse(old)).stage]).toEqual([1200n, 'active'])
    await expectSound(1200n)
  })

  test.each([
    { lost: 'turn', at: 1 },
    { lost: 'answers', at: 1 },
    { lost: 'turn', at: 2 },
    { lost: 'answers', at: 2 },
    { lost: 'turn', at: 3 },
  ] as const satisfies readonly Loss[])(
    'a contact that loses its $lost in round $at is made up for by the next',
    async loss => {
      const { old, next } = await twoPhones(1200n)
      await town.leave(old, next)
      await town.contact(old, loss)
      await settle(old, next)
      expect([await value(old), await value(next), (await town.purse(old)).stage]).toEqual([0n, 1200n, 'retired'])
      await expectSound(1200n)
    },
  )

  test.each([0, 1, 20, 60, 100, 150, 200, 300])(
    'power is cut after %i bytes of the old chip’s write',
    async afterBytes => {
      const { old, next } = await twoPhones(1200n)
      await town.leave(old, next)
      old.silicon.planCut({ afterBytes, torn: 'erased' })
      await town.contact(old)
      old.silicon.planCut(undefined)
      await settle(old, next)
      expect([await value(old), await value(next)]).toEqual([0n, 1200n])
      await expectSound(1200n)
    },
  )

  test.each([
    { since: 'the old chip was swept', contacts: 1 },
    { since: 'the new phone has what was on the old one', contacts: 3 },
  ])(
    'the center is restored from a backup that knows of no sweep, and $since: nothing is lost or doubled',
    async ({ contacts }) => {
      const { old, next } = await twoPhones(1200n)
      await town.beat()
      await town.leave(old, next)
      const backup = town.backup()
      if (contacts === 1) await town.contact(old)
      else await settle(old, next)
      await town.beat()
      town.restore(backup)
      await town.beat()
      await settle(next, old, next)
      await settle(old, next)
      expect([await value(old), await value(next), (await town.purse(old)).stage]).toEqual([0n, 1200n, 'retired'])
      await expectSound(1200n)
    },
  )

  test('value above the new chip’s maximum waits, and comes in parts when there is room', async () => {
    const { old, next } = await twoPhones(40_000n)
    await town.fund(next, 30_000n)
    await town.contact(next)
    await town.leave(old, next)
    await settle(old, next)
    expect([await value(old), await value(next)]).toEqual([0n, 50_000n])
    const store = await town.openStore()
    await town.pay(next, town.sale(store, 15_000n))
    await town.contact(next)
    expect(await value(next)).toBe(50_000n)
    await town.pay(next, town.sale(store, 10_000n))
    await town.contact(next)
    expect(await value(next)).toBe(45_000n)
    await expectSound(45_000n)
  })

  test('the purse that is left pays no more; nobody else’s purse can be named; an empty one is retired at once', async () => {
    const { old, next } = await twoPhones(5n)
    const stranger = await town.settleIn()
    expect(await town.leave(old, stranger)).toMatchObject({ ok: false, refusal: { code: 'not-found' } })
    await town.leave(next, old)
    await town.contact(next)
    expect((await town.purse(next)).stage).toBe('retired')
    await town.leave(old)
    const paid = await town.pay(old, town.sale(await town.openStore(), 2n))
    expect(paid).toMatchObject({ ok: false, refusal: { code: 'purse-not-active' } })
    expect(await town.leave(old, next)).toMatchObject({ ok: false, refusal: { code: 'purse-not-active' } })
  })

  test('a receipt that tells of a sweep does not close it: how much it took, only the chip’s own answer says', async () => {
    const { old, next } = await twoPhones(1200n)
    const counter = await CounterWithNetwork.open(town, await town.openStore(), 3)
    counter.online = false
    await counter.sell(100n, radioOf(old))
    await town.leave(old, next)
    expect((await town.contact(old, { lost: 'answers', at: 1 })).ended).toBe('lost')
    await counter.till.voidLast({ reader: radioOf(old), waitMs: 1 })
    counter.online = true
    await counter.upload()
    const [open] = [...town.book.tables.operation.values()].filter(({ closed }) => closed === undefined)
    expect(open).toMatchObject({ kind: 'sweep', decision: 'open' })
    await settle(old, next)
    await settle(old, next)
    expect([await value(old), await value(next), (await town.purse(old)).stage]).toEqual([0n, 1200n, 'retired'])
    await expectSound(1200n)
  })

  test('the chip of a retired purse becomes another purse, and its old program is gone', async () => {
    const { old, next } = await twoPhones(700n)
    await town.leave(old, next)
    await settle(old, next)
    const again = await town.reserveAgain(old)
    expect(again.purse).not.toBe(old.purse)
    expect(await town.install(again)).toMatchObject({ ended: 'done', refusal: undefined })
    await town.fund(again, 3n)
    await town.contact(again)
    expect(await value(again)).toBe(3n)
    await expectSound(703n)
  })
})

describe('a load that only the maximum stands against', () => {
  test('is given back, without the holder’s consent', async () => {
    const { old } = await twoPhones(40_000n)
    const load = await town.fund(old, 20_000n)
    await town.contact(old)
    expect((await town.giveBack(old, load)).stage).toBe('given-back')
    await expectSound(40_000n)
  })

  test('waits for room with it, and comes in parts; what is wished back then is only the rest', async () => {
    const { old } = await twoPhones(40_000n)
    const load = await town.fund(old, 20_000n, { inParts: true })
    await town.contact(old)
    expect(await value(old)).toBe(50_000n)
    await town.pay(old, town.sale(await town.openStore(), 4000n))
    await town.contact(old)
    await town.contact(old)
    expect(await value(old)).toBe(50_000n)
    expect((await town.cancel(old, load)).stage).toBe('giving-back')
    expect((await town.audit()).findings).toEqual([])
    expect((await town.giveBack(old, load)).stage).toBe('given-back')
    const given = [...town.book.tables.entry.values()].filter(({ cause }) => cause === 'given-back')
    expect(given.map(({ amount }) => amount)).toEqual([money(6000n)])
    await expectSound(50_000n)
  })

  test('is done when all of it has come', async () => {
    const { old } = await twoPhones(40_000n)
    const load = await town.fund(old, 12_000n, { inParts: true })
    await town.contact(old)
    await town.pay(old, town.sale(await town.openStore(), 9000n))
    await town.contact(old)
    await town.contact(old)
    expect((await town.book.look({ load: load.load })).load?.stage).toBe('loaded')
    expect(await value(old)).toBe(43_000n)
    await expectSound(43_000n)
  })
})
