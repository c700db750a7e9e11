/** The center comes back from a backup (F-12): what it lost is asked of chips and stores, and nothing is guessed. */
import { concat } from '@kozeni/base/bytes'
import { money, total } from '@kozeni/base/money'
import type { LoadRow } from '@kozeni/center/book'
import { takeAnswer } from '@kozeni/center/contact'
import { recordChecked } from '@kozeni/center/load-check'
import { payOutLost, reportLost } from '@kozeni/center/lost'
import { declareRestored } from '@kozeni/center/restore'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { type Fenced, OUTCOME_RING, seal } from '@kozeni/protocol/message'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { must } from './must.ts'
import { type Holder, Town } from './town.ts'

let module: Uint8Array
let town: Town
let holder: Holder

beforeAll(async () => {
  module = await builtPurse()
})

beforeEach(async () => {
  town = new Town(1, module)
  holder = await town.settleIn()
  await town.fund(holder, 100n)
  await town.contact(holder)
})

async function expectRest(value: bigint): Promise<void> {
  await town.contact(holder)
  await town.contact(holder)
  const purse = await town.purse(holder)
  expect([purse.flag, purse.credits - purse.debits]).toEqual([false, value])
  const report = await town.audit()
  expect(report.findings).toEqual([])
  expect(report.unexplained).toBe(0n)
}

describe('a book behind its mark', () => {
  test('is known before anybody is served, and a new epoch begins, once', async () => {
    await town.beat()
    const backup = town.backup()
    await town.beat()
    town.restore(backup)
    expect((await town.beat()).epoch).toBe(2)
    expect((await town.beat()).epoch).toBe(2)
    await expectRest(100n)
  })

  test('by less than a heartbeat is known once its operator says so: what its chip has had is not paid back', async () => {
    const load = await town.fund(holder, 20n)
    await town.beat()
    const backup = town.backup()
    await town.contact(holder)
    town.restore(backup)
    expect((await town.beat()).epoch).toBe(1) // the mark shows nothing
    expect((await declareRestored(town.means)).epoch).toBe(2)
    await expect(town.cancel(holder, load)).rejects.toThrow('purse-unfenced')
    await expectRest(120n)
  })

  test('is no sound book: one that its center left a moment ago goes on in its epoch', async () => {
    await town.beat()
    expect((await town.beat()).epoch).toBe(1)
  })
})

/** A restore to `backup`, noticed at the start. */
async function restored(backup: ReturnType<Town['backup']>): Promise<void> {
  town.restore(backup)
  await town.beat()
}

describe('a load that the backup has open', () => {
  test('had been done: its ring says so, and it is committed, and nothing is loaded twice', async () => {
    await town.beat()
    await town.fund(holder, 20n)
    await town.contact(holder, { lost: 'turn', at: 1 })
    const backup = town.backup()
    await town.contact(holder)
    await town.beat()
    await restored(backup)
    await expectRest(120n)
    expect((await town.operation(holder, 2)).closed).toMatchObject({ source: 'fence', outcome: 'applied' })
  })

  test('had never been done: the fence says so, it goes back, and a late command is dead', async () => {
    await town.beat()
    const load = await town.fund(holder, 20n)
    await town.contact(holder, { lost: 'turn', at: 1 })
    const backup = town.backup()
    await town.beat()
    await restored(backup)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).closed).toMatchObject({ source: 'fence', outcome: 'none' })
    expect((await town.giveBack(holder, load)).stage).toBe('given-back')
    await expectRest(100n)
  })

  test('nothing opens before the fence, and everything after it', async () => {
    await town.beat()
    const backup = town.backup()
    await town.beat()
    await restored(backup)
    const store = await town.openStore()
    expect(await town.pay(holder, town.sale(store, 5n))).toMatchObject({ refusal: { code: 'purse-unfenced' } })
    await town.contact(holder)
    expect((await town.pay(holder, town.sale(store, 5n))).ok).toBe(true)
    await expectRest(95n)
  })

  test('had been done, and a debit out of it comes before the fence: nobody is blocked, and nothing is lost', async () => {
    const counter = await CounterWithNetwork.open(town, await town.openStore(), 3)
    counter.online = false
    await town.fund(holder, 20n)
    await town.contact(holder, { lost: 'answers', at: 1 })
    await town.beat()
    const backup = town.backup()
    expect(await counter.sell(110n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
    await town.beat()
    await restored(backup)
    counter.online = true
    await counter.upload()
    expect(await town.purse(holder)).toMatchObject({ blocked: false, writtenOff: 0n, debits: 110n })
    await expectRest(10n)
    expect(await town.alarms()).not.toContain('debits-above-credits')
  })
})

describe('a pay that the backup has open, and the chip has made', () => {
  const opened = async () => {
    const store = await town.openStore()
    const sale = town.sale(store, 30n)
    const paid = await town.pay(holder, sale)
    if (!paid.ok) throw new Error('not opened')
    await town.beat()
    const backup = town.backup()
    await town.contact(holder)
    await town.beat()
    const operation = Buffer.from(paid.value.operation.reference).toString('hex')
    return { store, backup, honoured: { number: sale.number, verdict: 'paid', operation, epoch: 1 } as const }
  }

  test('is paid when its store has honoured it, whatever its session', async () => {
    const { store, backup, honoured } = await opened()
    await restored(backup)
    town.clock.advance(100_000)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).closed).toBeUndefined()
    await town.report(store, 2, [honoured])
    await expectRest(70n)
    expect((await town.operation(holder, 2)).decision).toBe('commit')
  })

  test('is void when its store has told everything and not named it: the purse is owed it, and gets it', async () => {
    const { store, backup } = await opened()
    await restored(backup)
    await town.report(store, 2, [])
    await town.contact(holder)
    expect(await town.operation(holder, 2)).toMatchObject({ decision: 'void', closed: { outcome: 'applied' } })
    await expectRest(100n)
    expect(await town.operation(holder, 3, 2)).toMatchObject({ kind: 'refund', decision: 'commit', amount: 30n })
  })

  test('had been undone: it stays void, and nothing that was said before the restore commits it', async () => {
    const store = await town.openStore()
    await town.pay(holder, town.sale(store, 30n))
    await town.contact(holder, { lost: 'answers', at: 1 })
    await town.beat()
    const backup = town.backup()
    town.clock.advance(61_000)
    await town.contact(holder)
    await town.beat()
    await restored(backup)
    await expectRest(100n)
    expect(await town.operation(holder, 2)).toMatchObject({ decision: 'void', closed: { outcome: 'reversed' } })
  })
})

describe('a restore that no mark has noticed', () => {
  test('is noticed by a chip that is ahead, and its flag falls', async () => {
    const backup = town.backup()
    await town.fund(holder, 20n)
    await town.contact(holder, { lost: 'turn', at: 2 })
    town.restore(backup)
    await town.contact(holder)
    expect((await town.beat()).epoch).toBe(2)
    await town.contact(holder)
    expect(await town.purse(holder)).toMatchObject({ epoch: 2, number: 2, flag: false })
  })

  test('is noticed by a chip that has another operation under the number that was used again', async () => {
    const store = await town.openStore()
    const backup = town.backup()
    await town.fund(holder, 20n)
    await town.contact(holder)
    town.restore(backup)
    await town.pay(holder, town.sale(store, 30n))
    await town.contact(holder)
    expect((await town.beat()).epoch).toBe(2)
    await town.report(store, 2, [])
    await town.contact(holder)
    expect(await town.operation(holder, 2)).toMatchObject({ decision: 'void', closed: { outcome: 'none' } })
  })

  test('is noticed by a store that has honoured what the book does not know', async () => {
    const store = await town.openStore()
    const backup = town.backup()
    const sale = town.sale(store, 30n)
    const paid = await town.pay(holder, sale)
    await town.contact(holder)
    town.restore(backup)
    const operation = Buffer.from(paid.ok ? paid.value.operation.reference : []).toString('hex')
    await town.report(store, 1, [{ number: sale.number, verdict: 'paid', operation, epoch: 1 }])
    expect((await town.beat()).epoch).toBe(2)
  })

  test('is noticed by a book that is put back under a running center', async () => {
    await town.beat()
    const backup = town.backup()
    await town.beat()
    town.restore(backup)
    expect((await town.beat()).epoch).toBe(2)
  })
})

describe('what the backup does not know at all', () => {
  const lostPay = async () => {
    const store = await town.openStore()
    await town.beat()
    const backup = town.backup()
    const sale = town.sale(store, 30n)
    const paid = await town.pay(holder, sale)
    await town.contact(holder)
    await town.beat()
    await restored(backup)
    await town.contact(holder)
    const operation = Buffer.from(paid.ok ? paid.value.operation.reference : []).toString('hex')
    return { store, sale, honoured: { number: sale.number, verdict: 'paid', operation, epoch: 1 } as const }
  }

  test('a load that the chip has, asked for again under its name, is found there: not loaded twice, not cancelled', async () => {
    await town.beat()
    const backup = town.backup()
    const { load } = await town.fund(holder, 20n)
    await town.contact(holder)
    await town.beat()
    await restored(backup)
    await town.contact(holder)
    const again = await town.fund(holder, 20n, { load })
    await expect(town.cancel(holder, again)).rejects.toThrow('load-too-late')
    await expectRest(120n)
    expect(await town.operation(holder, 2)).toMatchObject({ kind: 'load', decision: 'commit', order: load })
    await town.fund(holder, 5n)
    await expectRest(125n)
  })

  test('a load that the chip has under a number that was used again stands under the next one when it is asked for again', async () => {
    const store = await town.openStore()
    const backup = town.backup()
    const { load } = await town.fund(holder, 20n)
    await town.contact(holder)
    town.restore(backup)
    await town.pay(holder, town.sale(store, 30n))
    await town.contact(holder)
    await town.report(store, 2, [])
    await town.contact(holder)
    const again = await town.fund(holder, 20n, { load })
    await expect(town.cancel(holder, again)).rejects.toThrow('load-too-late')
    await expectRest(120n)
    expect(await town.operation(holder, 3, 2)).toMatchObject({ order: load, closed: { source: 'fence' } })
    await town.fund(holder, 5n)
    await expectRest(125n)
  })

  test('so does a pay, as its store knows it; and it is not made a second time', async () => {
    const store = await town.openStore()
    const backup = town.backup()
    const sale = town.sale(store, 30n)
    const paid = await town.pay(holder, sale)
    await town.contact(holder)
    town.restore(backup)
    await town.fund(holder, 20n)
    await town.contact(holder)
    await town.contact(holder)
    const operation = Buffer.from(paid.ok ? paid.value.operation.reference : []).toString('hex')
    await town.report(store, 2, [{ number: sale.number, verdict: 'paid', operation, epoch: 1 }])
    expect(await town.pay(holder, sale)).toMatchObject({ ok: true, value: { verdict: 'paid' } })
    await expectRest(70n)
    town.clock.advance(1)
    expect((await town.settle(store)).online).toBe(30n)
  })

  test('nothing is put back beside what is open', async () => {
    const store = await town.openStore()
    const backup = town.backup()
    const sale = town.sale(store, 30n)
    await town.pay(holder, sale)
    await town.contact(holder)
    town.restore(backup)
    await town.fund(holder, 20n)
    await town.contact(holder)
    await town.report(store, 2, [])
    await town.fund(holder, 5n)
    await town.contact(holder, { lost: 'turn', at: 1 })
    expect((await town.purse(holder)).flag).toBe(true)
    expect(await town.pay(holder, sale)).toMatchObject({ ok: false, refusal: { code: 'operation-open' } })
    await town.contact(holder)
    expect(await town.pay(holder, sale)).toMatchObject({ ok: true, value: { verdict: 'not-paid' } })
    await expectRest(105n)
  })

  test('a pay that the chip has made and its store has honoured is the same pay when it comes again', async () => {
    const { store, sale, honoured } = await lostPay()
    await town.report(store, 2, [honoured])
    expect(await town.pay(holder, sale)).toMatchObject({ ok: true, value: { verdict: 'paid' } })
    await expectRest(70n)
    town.clock.advance(1)
    expect((await town.settle(store)).online).toBe(30n)
  })

  test('before its store has spoken nobody says what became of it, and it is not made again', async () => {
    const { sale } = await lostPay()
    expect(await town.pay(holder, sale)).toMatchObject({ ok: false, refusal: { code: 'store-unfenced' } })
  })

  test('a pay that the chip has made and no store has honoured comes back as a refund', async () => {
    const { store, sale } = await lostPay()
    await town.report(store, 2, [])
    expect(await town.pay(holder, sale)).toMatchObject({ ok: true, value: { verdict: 'not-paid' } })
    await expectRest(100n)
  })

  test('a pay that was called off has moved nothing: a receipt that tells of it is explained by the fence', async () => {
    const store = await town.openStore()
    const counter = await CounterWithNetwork.open(town, store, 3)
    counter.online = false
    await town.beat()
    const backup = town.backup()
    await town.pay(holder, town.sale(store, 30n))
    town.clock.advance(61_000)
    await town.contact(holder)
    expect(await counter.sell(10n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
    await town.beat()
    await restored(backup)
    counter.online = true
    await counter.upload()
    await expectRest(90n)
  })
})

const NOT_PUT_BACK = [
  'receipt 1 of its chip tells of it',
  'its chip has shown more than is booked, and no record of it is missing',
]

describe('debits that a chip has made out of a load that the book has lost', () => {
  const spent = async () => {
    const counter = await CounterWithNetwork.open(town, await town.openStore(), 3)
    counter.online = false
    await town.beat()
    const backup = town.backup()
    const { load } = await town.fund(holder, 50n)
    await town.contact(holder)
    expect(await counter.sell(130n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
    await town.beat()
    await restored(backup)
    counter.online = true
    return { counter, load }
  }

  const expectHonest = async () => {
    expect(await town.purse(holder)).toMatchObject({ blocked: false, writtenOff: 0n, credits: 100n, debits: 130n })
    expect(await town.alarms()).not.toContain('debits-above-credits')
    await expectNothingElse()
  }

  /** The auditor names what is not put back yet, and nothing besides. */
  const expectNothingElse = async () => {
    const { findings, unexplained } = await town.audit()
    expect([findings.every(({ says }) => NOT_PUT_BACK.includes(says)), unexplained]).toEqual([true, 0n])
  }

  test.each(['before its fence', 'behind it'])('neither block it nor are lost when they come %s', async when => {
    const { counter, load } = await spent()
    if (when === 'behind it') await town.contact(holder)
    await counter.upload()
    await expectHonest()
    await town.contact(holder)
    await expectHonest()
    await town.fund(holder, 50n, { load })
    await expectRest(20n)
    expect(await town.purse(holder)).toMatchObject({ blocked: false, writtenOff: 0n, credits: 150n })
  })

  test('are the issuer’s loss when the purse is retired and nobody has named the load', async () => {
    const { counter } = await spent()
    await counter.upload()
    must(await town.book.run(reportLost(town.means.policy, holder.purse, true)))
    town.clock.advance(5 * 86_400_000)
    expect(await payOutLost(town.means, holder.purse)).toMatchObject({ value: 'done' })
    expect(await town.purse(holder)).toMatchObject({ stage: 'retired', writtenOff: 30n })
    await expectNothingElse()
  })

  test('are its loss at once where even its chip does not say that it was given so much', async () => {
    const { counter, load } = await spent()
    await counter.upload()
    await town.contact(holder)
    await town.fund(holder, 50n, { load })
    await town.contact(holder)
    const copy = { ...holder, silicon: holder.silicon.copy() }
    await expectRest(20n)
    const other = await CounterWithNetwork.open(town, await town.openStore(), 4)
    await counter.sell(20n, radioOf(holder))
    await other.sell(20n, radioOf(copy))
    for (const till of [counter, other]) await till.upload()
    expect((await town.purse(holder)).blocked).toBe(true)
    expect((await town.audit()).balances['fraud-loss']).toBe(20n)
  })
})

test('what the restored book knows of a sale is told again as of the new epoch, so that a fenced store takes it', async () => {
  const store = await town.openStore()
  const sale = town.sale(store, 30n)
  await town.pay(holder, sale)
  await town.contact(holder)
  await town.beat()
  const backup = town.backup()
  await town.beat()
  await restored(backup)
  await town.contact(holder)
  expect(await town.pay(holder, sale)).toMatchObject({ ok: true, value: { verdict: 'paid', epoch: 2 } })
})

describe('an opened chip that speaks of an epoch that never was', () => {
  const FAR = 0xffff_ffff
  const nothing = { epoch: 0, number: 0, kind: 0, digest: new Uint8Array(32), outcome: 'none' } as const
  const stands: Fenced = {
    ...{ status: 0x9000, epoch: 1, number: 1, kind: 1, digest: nothing.digest, outcome: 'applied', flag: false },
    ...{ amount: money(100n), credits: total(100n), debits: total(0n), seq: 0 },
    ...{ offlineAmount: total(0n), offlineCount: 0, acknowledgedAmount: total(0n), acknowledgedCount: 0 },
    ...{ epochFloor: 1, settingsEpoch: 1, settings: 1, blocked: false, frozen: false, pinTries: 3, time: 0 },
    ring: Array.from({ length: OUTCOME_RING }, () => nothing),
  }
  const says = (lie: Partial<Fenced>) => {
    const keys = town.vault.purseKeys(1, holder.purse)
    if (keys === undefined) throw new Error('the first version of keys')
    const sealed = seal(nodeCrypto, keys, holder.purse, { type: 'fenced', body: { ...stands, ...lie } })
    return takeAnswer(town.means, holder.purse, concat(sealed, Uint8Array.of(0x90, 0x00)))
  }

  test.each([{ epoch: FAR }, { epochFloor: FAR }, { settingsEpoch: FAR }, { epoch: FAR, number: FAR }])(
    'pushes the center nowhere: its purse is blocked, with an alarm (%o)',
    async lie => {
      expect(await says(lie)).toMatchObject({ ok: false, refusal: { code: 'purse-blocked' } })
      expect(await town.purse(holder)).toMatchObject({ blocked: true, epoch: 1, number: 1, seenEpoch: 1 })
      expect(await town.alarms()).toEqual(['epoch-unheard-of'])
      expect((await town.beat()).epoch).toBe(1)
    },
  )

  test('nor does it enter an epoch by it that has really begun', async () => {
    await town.beat()
    const backup = town.backup()
    await town.beat()
    await restored(backup)
    expect((await says({ epoch: FAR })).ok).toBe(false)
    expect(await town.purse(holder)).toMatchObject({ blocked: true, epoch: 1, closedEpoch: 1 })
    await expectRest(100n)
    expect((await town.beat()).epoch).toBe(2)
  })
})

test('a store that speaks of an epoch that never was is not believed, and told of to an operator', async () => {
  const store = await town.openStore()
  const proof = { number: town.sale(store, 1n).number, verdict: 'paid', operation: '0'.repeat(32), epoch: 1 } as const
  for (const [epoch, honoured] of [
    [0xffff_ffff, []],
    [1, [{ ...proof, epoch: 0xffff_ffff }]],
  ] as const)
    await expect(town.report(store, epoch, [...honoured])).rejects.toThrow('epoch-unheard-of')
  expect(await town.alarms()).toContain('epoch-unheard-of')
  expect((await town.beat()).epoch).toBe(1)
})

describe('what the chip has done and its ring has forgotten', () => {
  /** Nine loads of 5 in the lost part of the book. */
  const manyMore = async (backup: ReturnType<Town['backup']>) => {
    for (let i = 0; i < 9; i++) {
      await town.fund(holder, 5n)
      await town.contact(holder)
    }
    await town.beat()
    await restored(backup)
    for (let i = 0; i < 3; i++) await town.contact(holder)
  }
  const shown = async () => (await town.purse(holder)).seenCredits

  test('a load that waits in the backup is not opened a second time', async () => {
    await town.beat()
    const { load } = await town.fund(holder, 20n)
    const backup = town.backup()
    await town.contact(holder)
    await manyMore(backup)
    await town.book.run(recordChecked(load, holder.purse, 'captured'))
    await town.contact(holder)
    await town.contact(holder)
    expect([await shown(), (await town.purse(holder)).flag]).toEqual([165n, false])
  })

  test('nor is one that the backup does not know, when it is asked for again under its name', async () => {
    await town.beat()
    const backup = town.backup()
    const { load } = await town.fund(holder, 20n)
    await town.contact(holder)
    await manyMore(backup)
    const again = await town.fund(holder, 20n, { load })
    await town.contact(holder)
    expect(await shown()).toBe(165n)
    await expect(town.cancel(holder, again)).rejects.toThrow('purse-unfenced')
  })

  test('nor a refund that its store had ordered', async () => {
    const store = await town.openStore()
    const sale = town.sale(store, 30n)
    await town.pay(holder, sale)
    await town.contact(holder)
    await town.refund(sale, 20n)
    await town.beat()
    const backup = town.backup()
    await town.contact(holder)
    await manyMore(backup)
    expect(await shown()).toBe(165n)
  })

  test('nor is a pay made a second time', async () => {
    const store = await town.openStore()
    await town.beat()
    const backup = town.backup()
    const sale = town.sale(store, 30n)
    await town.pay(holder, sale)
    await town.contact(holder)
    await manyMore(backup)
    expect(await town.pay(holder, sale)).toMatchObject({ ok: false, refusal: { code: 'operation-open' } })
  })
})

describe('a load that waits in the backup', () => {
  const waiting = async () => {
    await town.beat()
    const load = await town.fund(holder, 20n)
    const backup = town.backup()
    await town.beat()
    await restored(backup)
    await town.contact(holder)
    await town.contact(holder)
    expect((await town.purse(holder)).credits).toBe(100n)
    return load
  }
  const asked = async ({ load }: LoadRow, said: 'captured' | 'given-back') =>
    town.book.run(recordChecked(load, holder.purse, said))

  test('is opened when its provider has said again that the money is here', async () => {
    await asked(await waiting(), 'captured')
    await expectRest(120n)
  })

  test('had gone back to its holder since: the chip does not get it as well', async () => {
    expect(await asked(await waiting(), 'given-back')).toMatchObject({ ok: true, value: { stage: 'given-back' } })
    await expectRest(100n)
  })
})
