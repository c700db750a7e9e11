/** A chip in software meets the center before a till debits it, where the center answers (C-9); and what its flag says (F-9). */
import type { ContactAnswer } from '@kozeni/api/meet'
import { base64url } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { expect, test } from 'vitest'
import { select } from './card.ts'
import type { ChipForTests, Fault } from './chip-for-tests.ts'
import { CounterForTests } from './counter-for-tests.ts'
import { softwarePolicy } from './limits.ts'

const turn = (...commands: string[]): ContactAnswer => ({
  token: base64url(Uint8Array.of(7)),
  commands,
  done: commands.length === 0,
  report: [],
})
/** A contact in which the chip is asked one thing. */
const CONTACT: readonly ContactAnswer[] = [turn(base64url(select)), turn()]

async function stand(policy = softwarePolicy) {
  const counter = new CounterForTests(nodeCrypto)
  counter.software = policy
  return { counter, terminal: await counter.start(), chip: counter.chip(1, 1000n, { chipClass: 'software' }) }
}

const at = (chip: ChipForTests, faults: readonly Fault[] = [], waitMs = 1) => ({ reader: chip.reader(faults), waitMs })

test('a chip in software meets the center, says anew who it is, and pays, all in one tap', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.turns = [...CONTACT]
  const counted = at(chip)
  expect(await terminal.sell(money(300n), counted)).toMatchObject({ value: { outcome: 'done' } })
  expect(counter.center.rounds[0]).toMatchObject({ purpose: { kind: 'purse', purse: chip.purse } })
  expect(counter.center.rounds).toHaveLength(2)
  expect(counted.reader.contacts).toBe(1)
  expect(chip.value).toBe(700n)
})

test('the center’s no ends the sale before the chip is asked for anything', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.forbids = 'purse-blocked'
  expect(await terminal.sell(money(300n), at(chip))).toMatchObject({
    value: { outcome: 'refused', why: { code: 'purse-blocked' } },
  })
  expect(terminal.sale(1)).toMatchObject({ stage: 'refused', asked: undefined })
  expect(chip.value).toBe(1000n)
})

test('without a center the till debits it alone, within its limits, and asks for the center again a minute later', async () => {
  const { counter, terminal, chip } = await stand()
  for (const asked of [1, 1]) {
    expect(await terminal.sell(money(100n), at(chip))).toMatchObject({ value: { outcome: 'done' } })
    expect(counter.center.rounds).toHaveLength(asked)
  }
  counter.clock.advance(60_000)
  counter.center.turns = [...CONTACT]
  await terminal.sell(money(100n), at(chip))
  expect(counter.center.rounds).toHaveLength(3)
  counter.center.forbids = 'busy'
  expect(await terminal.sell(money(100n), at(chip))).toMatchObject({ value: { outcome: 'done' } })
})

test('a chip that leaves while it talks to the center was asked for nothing: it taps again', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.turns = [turn(base64url(select)), ...CONTACT]
  const gone = at(chip, ['none', 'none', 'answer-lost'], 30_000)
  expect(await terminal.sell(money(300n), gone)).toMatchObject({ value: { outcome: 'done' } })
  expect(gone.reader.contacts).toBe(2)
  counter.center.turns = [turn(base64url(select))]
  expect(await terminal.sell(money(300n), at(chip, ['none', 'none', 'answer-lost']))).toMatchObject({
    value: { outcome: 'abandoned' },
  })
  expect(chip.value).toBe(700n)
})

test('a sale of which it is not known whether the chip paid is finished with the chip, whatever the center says', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.turns = [turn()]
  const torn: readonly Fault[] = ['none', 'none', 'none', 'none', 'answer-lost']
  expect(await terminal.sell(money(300n), at(chip, torn))).toMatchObject({ value: { outcome: 'unresolved' } })
  counter.center.forbids = 'purse-blocked'
  expect(await terminal.retry(at(chip))).toMatchObject({ value: { outcome: 'done' } })
  expect(chip.value).toBe(700n)
})

test('a chip that cannot be copied is debited at once', async () => {
  const { counter, terminal } = await stand()
  const hardware = counter.chip(2, 1000n)
  expect(await terminal.sell(money(300n), at(hardware))).toMatchObject({ value: { outcome: 'done' } })
  expect(counter.center.rounds).toEqual([])
})

test('whether a chip in software pays while its last operation is not confirmed is the till’s to say', async () => {
  for (const [unconfirmed, outcome] of [
    ['accepted', 'done'],
    ['refused', 'refused'],
  ] as const) {
    const { counter, terminal, chip } = await stand({ onlineFirst: false, unconfirmed })
    chip.flag = true
    expect(await terminal.sell(money(300n), at(chip))).toMatchObject({ value: { outcome } })
    const hardware = counter.chip(2, 1000n)
    hardware.flag = true
    expect(await terminal.sell(money(300n), at(hardware))).toMatchObject({ value: { outcome: 'done' } })
  }
})
