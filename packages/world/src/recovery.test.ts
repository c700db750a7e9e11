/** The recovery table of PROTOCOL §3, row by row, on the real chip, program and center, over a network that loses. */

import { no } from '@kozeni/base/result'
import type { FlagStatement } from '@kozeni/center/contact'
import { builtPurse } from '@kozeni/program/compile-node'
import { refusal } from '@kozeni/protocol/refusal'
import { beforeAll, describe, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { some } from './must.ts'
import { type Center, type Met, meet } from './relay-with-faults.ts'
import { type Holder, Town } from './town.ts'

/** The post in which an installation tells the center the chip's public key. */
const KEY_TOLD = 3

let module: Uint8Array
let town: Town
let holder: Holder

beforeAll(async () => {
  module = await builtPurse()
})

/** A town where one holder has 3 on the chip, at rest. */
async function holding3(): Promise<void> {
  town = new Town(1, module)
  holder = await town.settleIn()
  await town.fund(holder, 3n)
  expect((await town.contact(holder)).ended).toBe('done')
}

const pairs = (met: Met): string[] =>
  met.report
    .filter((line): line is FlagStatement => line.about === 'flags')
    .map(line => `${Number(line.chip)},${Number(line.center)} ${line.proves}: ${line.action}`)

async function expectRest(value: bigint): Promise<void> {
  const purse = await town.purse(holder)
  expect(purse.credits - purse.debits).toBe(value)
  expect(purse.flag).toBe(false)
  const met = await town.contact(holder)
  expect(pairs(met)).toEqual(['0,0 at-rest: none'])
  const report = await town.audit()
  expect(report.findings).toEqual([])
  expect(report.unexplained).toBe(0n)
  expect(report.onChips).toBe(value)
}

describe('a load of 2 on a chip holding 3', () => {
  test('goes through when nothing breaks', async () => {
    await holding3()
    await town.fund(holder, 2n)
    await town.contact(holder)
    await expectRest(5n)
  })

  test('the command is lost: the next contact sends it again', async () => {
    await holding3()
    await town.fund(holder, 2n)
    expect((await town.contact(holder, { lost: 'turn', at: 1 })).ended).toBe('lost')
    const met = await town.contact(holder)
    expect(pairs(met)[0]).toBe('0,1 recorded-not-executed: send-command')
    await expectRest(5n)
  })

  test('the result is lost: the chip repeats it, and adds nothing twice', async () => {
    await holding3()
    await town.fund(holder, 2n)
    await town.contact(holder, { lost: 'answers', at: 1 })
    const met = await town.contact(holder)
    expect(pairs(met)[0]).toBe('1,1 executed-not-closed: send-command')
    await expectRest(5n)
  })

  test('the confirm is lost: the next contact sends it', async () => {
    await holding3()
    await town.fund(holder, 2n)
    await town.contact(holder, { lost: 'turn', at: 2 })
    const met = await town.contact(holder)
    expect(pairs(met)[0]).toBe('1,0 closed-not-confirmed: send-confirm')
    await expectRest(5n)
  })

  test('the confirm is lost and another load follows: one message confirms and commands', async () => {
    await holding3()
    await town.fund(holder, 2n)
    await town.contact(holder, { lost: 'turn', at: 2 })
    await town.fund(holder, 4n)
    await town.contact(holder)
    await expectRest(9n)
  })

  test('cancelled before the chip was reached: it proves that nothing happened, and the money goes back', async () => {
    await holding3()
    const load = await town.fund(holder, 2n)
    await town.contact(holder, { lost: 'turn', at: 1 })
    await town.cancel(holder, load)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).closed?.outcome).toBe('cancelled')
    expect((await town.giveBack(holder, load)).stage).toBe('given-back')
    await expectRest(3n)
  })

  test('cancelled, but it ran first: the load stays, and nothing goes back', async () => {
    await holding3()
    const load = await town.fund(holder, 2n)
    await town.contact(holder, { lost: 'answers', at: 1 })
    await town.cancel(holder, load)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).decision).toBe('commit')
    expect((await town.giveBack(holder, load)).stage).toBe('loaded')
    await expectRest(5n)
  })

  test('the chip rejects it: the operation is void, and the money goes back', async () => {
    await holding3()
    const load = await town.fund(holder, 49_999n)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).closed?.outcome).toBe('rejected')
    expect((await town.giveBack(holder, load)).stage).toBe('given-back')
    await expectRest(3n)
  })

  test.each([0, 1, 20, 60, 100, 150, 200, 300])('power is cut after %i bytes of the chip’s write', async afterBytes => {
    await holding3()
    await town.fund(holder, 2n)
    holder.silicon.planCut({ afterBytes, torn: 'erased' })
    await town.contact(holder)
    holder.silicon.planCut(undefined)
    await town.contact(holder)
    await expectRest(5n)
  })
})

describe('a pay of 2 from a chip holding 3', () => {
  const pay = async () => {
    const store = await town.openStore()
    const paid = await town.pay(holder, town.sale(store, 2n))
    expect(paid.ok && paid.value.verdict).toBe('pending')
  }

  test('goes through when nothing breaks', async () => {
    await holding3()
    await pay()
    await town.contact(holder)
    expect((await town.operation(holder, 2)).decision).toBe('commit')
    await expectRest(1n)
  })

  test('the command is lost and the session is open: it is sent again', async () => {
    await holding3()
    await pay()
    await town.contact(holder, { lost: 'turn', at: 1 })
    await town.contact(holder)
    await expectRest(1n)
  })

  test('the session is over and the chip was not reached: not paid, and the number is burnt', async () => {
    await holding3()
    await pay()
    await town.contact(holder, { lost: 'turn', at: 1 })
    town.clock.advance(61_000)
    const met = await town.contact(holder)
    expect(pairs(met)[0]).toBe('0,1 recorded-not-executed: send-abort')
    expect((await town.operation(holder, 2)).closed?.outcome).toBe('cancelled')
    await expectRest(3n)
  })

  test('applied, the result lost, the session over: the chip gives it back', async () => {
    await holding3()
    await pay()
    await town.contact(holder, { lost: 'answers', at: 1 })
    town.clock.advance(61_000)
    const met = await town.contact(holder)
    expect(pairs(met)[0]).toBe('1,1 executed-not-closed: send-abort')
    expect((await town.operation(holder, 2)).closed?.outcome).toBe('reversed')
    await expectRest(3n)
  })

  test('committed and the confirm lost: it stays paid', async () => {
    await holding3()
    await pay()
    await town.contact(holder, { lost: 'turn', at: 2 })
    town.clock.advance(61_000)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).decision).toBe('commit')
    await expectRest(1n)
  })
})

test('a store is told that it was not paid as soon as that is decided, before the chip hears of it', async () => {
  await holding3()
  const store = await town.openStore()
  const sale = town.sale(store, 2n)
  await town.pay(holder, sale)
  await town.contact(holder, { lost: 'answers', at: 1 })
  town.clock.advance(61_000)
  await town.contact(holder, { lost: 'turn', at: 1 })
  expect([...town.book.tables.outbox.keys()]).toContain(`webhook:${store}:${sale.number}:not-paid`)
})

test('a certificate is renewed when half of its time is over, and not before', async () => {
  await holding3()
  const certificate = async () => (await town.purse(holder)).certificate
  const first = await certificate()
  town.clock.advance(86_400_000)
  expect((await town.install(holder)).ended).toBe('done')
  expect(await certificate()).toEqual(first)
  town.clock.advance(3 * 86_400_000)
  expect(await town.install(holder)).toMatchObject({ ended: 'done', refusal: undefined })
  expect(await certificate()).not.toEqual(first)
  await expectRest(3n)
})

test('an installation that is interrupted anywhere is resumed, and ends as one purse', async () => {
  for (const lost of ['turn', 'answers'] as const) {
    for (let at = 1; at <= 5; at++) {
      town = new Town(10 + at, module)
      holder = await town.arrive()
      expect((await town.install(holder, { lost, at })).ended).toBe('lost')
      const met = await town.install(holder)
      expect(met).toMatchObject({ ended: 'done', refusal: undefined })
      expect((await town.purse(holder)).stage).toBe('active')
      await expectRest(0n)
    }
  }
})

test('a key that a chip had before its program was made anew is not taken for its present one, however late it comes', async () => {
  town = new Town(20, module)
  holder = await town.arrive()
  const center = await town.installing(holder)
  const early: Parameters<Center['next']>[] = []
  const untilKey: Center['next'] = async (...said) =>
    early.push(said) < KEY_TOLD ? await center.next(...said) : no(refusal('chip-gone'))
  await meet({ ...center, next: untilKey }, holder.reader)
  let steps = 0
  const overtaken: Center['next'] = async (...said) => {
    const turn = await center.next(...said)
    steps += 1
    if (steps === KEY_TOLD) await center.next(...some(early.at(-1)))
    return turn
  }
  const met = await meet({ ...center, next: overtaken }, holder.reader)
  expect(met).toMatchObject({ ended: 'refused', refusal: { code: 'install-stale' } })
  expect(await town.install(holder)).toMatchObject({ ended: 'done', refusal: undefined })
  await town.fund(holder, 5n)
  await town.contact(holder)
  const counter = await CounterWithNetwork.open(town, await town.openStore(), 20)
  await counter.sell(2n, radioOf(holder))
  await counter.upload()
  await town.contact(holder)
  await expectRest(3n)
})
