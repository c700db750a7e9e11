/** What a phone left waiting or unfinished is led on by an on-line till: real chip, program, center and terminal. */
import { SeededDice } from '@kozeni/base/dice'
import { money } from '@kozeni/base/money'
import { Chip } from '@kozeni/chip/chip'
import { LocalReader } from '@kozeni/chip/reader-local'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import type { Reader } from '@kozeni/protocol/reader'
import { MemoryJournal } from '@kozeni/terminal/journal-memory'
import { Terminal } from '@kozeni/terminal/terminal'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type Holder, Town } from './town.ts'

let module: Uint8Array
let town: Town
let holder: Holder
let till: Terminal
/** The chip as a till reaches it. */
let radio: Reader

beforeAll(async () => {
  module = await builtPurse()
})

beforeEach(async () => {
  town = new Town(7, module)
  holder = await town.settleIn()
  const dice = new SeededDice(8)
  radio = new LocalReader(new Chip({ silicon: holder.silicon, crypto, dice }), 'radio')
  const key = crypto.generate(dice)
  const center = await town.openTill(await town.openStore(), crypto.publicKey(key))
  const opened = await Terminal.open({ crypto, clock: town.clock, journal: new MemoryJournal(crypto), center, key })
  till = opened.ok ? opened.value : expect.fail()
  expect(await till.upload()).toMatchObject({ ok: true })
})

const contact = (reader = radio) => till.contact({ reader, waitMs: 1000 })

/** The chip is gone after so many answers. */
function goneAfter(answers: number): Reader {
  let left = answers
  return {
    connect: () => radio.connect(),
    disconnect: () => radio.disconnect(),
    transmit: async command => (left-- > 0 ? await radio.transmit(command) : undefined),
  }
}

async function expectRest(value: bigint): Promise<void> {
  const { credits, debits, flag } = await town.purse(holder)
  expect({ value: credits - debits, flag }).toEqual({ value, flag: false })
  expect(await contact()).toMatchObject({ ok: true, value: [{ flags: { chip: 0, center: 0 }, proves: 'at-rest' }] })
  expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips: value })
}

test('a load that waits arrives through a till', async () => {
  await town.fund(holder, 2000n)
  expect(await contact()).toMatchObject({ ok: true })
  await expectRest(2000n)
})

test('a load whose result was lost on its way through the phone is closed by the next contact, through a till', async () => {
  await town.fund(holder, 2000n)
  expect((await town.contact(holder, { lost: 'answers', at: 1 })).ended).toBe('lost')
  expect(await contact()).toMatchObject({
    ok: true,
    value: [
      { flags: { chip: 1, center: 1 }, proves: 'executed-not-closed', operation: { kind: 'load' } },
      { flags: { chip: 1, center: 0 }, proves: 'closed-not-confirmed' },
      { flags: { chip: 0, center: 0 }, proves: 'at-rest' },
    ],
  })
  await expectRest(2000n)
})

test('wherever a chip leaves the till, the load arrives once, by the next contact of the phone', async () => {
  for (let answers = 0, gone = true; gone; answers++) {
    await town.fund(holder, 100n)
    const met = await contact(goneAfter(answers))
    gone = !met.ok
    if (!met.ok) expect(met.refusal.code).toBe('chip-gone')
    expect((await town.contact(holder)).ended).toBe('done')
    await expectRest(100n * BigInt(answers + 1))
  }
})

test('a chip in software that comes to pay meets the center first: what waits for it pays, and what is blocked does not', async () => {
  await town.fund(holder, 2000n)
  const paid = await till.sell(money(500n), { reader: radio, waitMs: 1000 })
  expect(paid).toMatchObject({ value: { outcome: 'done', purse: holder.purse } })
  await till.upload()
  await contact() // the debit is booked: the chip is told
  await expectRest(1500n)
  await town.block(holder) // on no list that this till has
  expect(await till.sell(money(500n), { reader: radio, waitMs: 1000 })).toMatchObject({
    value: { outcome: 'refused', why: { code: 'purse-blocked' } },
  })
})
