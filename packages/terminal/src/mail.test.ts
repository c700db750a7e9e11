/** What an off-line terminal carries for chips, and what it carries back: nothing is lost, and nothing is asked twice in vain. */
import { base64url, bigEndian, concat } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import { ok } from '@kozeni/base/result'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { expect, test } from 'vitest'
import type { ChipForTests, Fault } from './chip-for-tests.ts'
import { CounterForTests, PowerCut } from './counter-for-tests.ts'
import type { Terminal } from './terminal.ts'

const [BLOCK, REFUND] = [Uint8Array.of(1, 4, 1), Uint8Array.of(1, 1, 1)]

const once = (chip: ChipForTests, faults: readonly Fault[] = []) => ({ reader: chip.reader(faults), waitMs: 1 })
const sell = (terminal: Terminal, chip: ChipForTests, faults?: readonly Fault[]) =>
  terminal.sell(money(100n), once(chip, faults))

/** What the chip of these tests says to a message, in base64url. */
const answer = (message: Uint8Array, seq = 0): string =>
  base64url(concat(message, bigEndian(seq, 4), bigEndian(0x9000, 2)))

/** A terminal that carries two messages for the first chip and none for the second. */
async function stand() {
  const counter = new CounterForTests(nodeCrypto)
  const [chip, other] = [counter.chip(1, 1000n), counter.chip(2, 1000n)]
  counter.center.letters = [{ purse: chip.purse, messages: [BLOCK, REFUND].map(base64url) }]
  return { counter, terminal: await counter.start(), chip, other }
}

test('mail is given to its chip before it is asked for money, in order; other chips get none', async () => {
  const { terminal, chip, other } = await stand()
  expect(await sell(terminal, other)).toMatchObject({ value: { outcome: 'done' } })
  expect(await sell(terminal, chip)).toMatchObject({ value: { outcome: 'done' } })
  expect(chip.mail).toEqual([BLOCK, REFUND])
  expect(other.mail).toEqual([])
})

test('what the chip answered reaches the center with the next upload, once', async () => {
  const { counter, terminal, chip } = await stand()
  await sell(terminal, chip)
  expect(await terminal.upload()).toMatchObject({ ok: true })
  expect(counter.center.brought).toEqual([BLOCK, REFUND].map(each => ({ purse: chip.purse, answer: answer(each) })))
  expect(await terminal.upload()).toMatchObject({ ok: true })
  expect(counter.center.brought).toHaveLength(2)
})

test('an answer survives power cuts: what the chip has said is durable before anything else is asked of it', async () => {
  for (const durable of [true, false]) {
    const { counter, chip } = await stand()
    const cut = await counter.open({ after: 2, durable }) // the intent, the first answer, and here the power goes
    await expect(sell(cut, chip)).rejects.toThrow(PowerCut)
    const restarted = await counter.open()
    expect(await restarted.upload()).toMatchObject({ ok: true })
    const kept = durable ? [BLOCK, REFUND] : [BLOCK]
    expect(counter.center.brought.map(each => each.answer)).toEqual(kept.map(each => answer(each)))
    expect(chip.records).toEqual([])
  }
})

test('a tap that is torn in the middle of the mail gives all of it at the next one', async () => {
  const { terminal, chip } = await stand()
  const torn: readonly Fault[] = ['none', 'none', 'none', 'answer-lost']
  expect(await sell(terminal, chip, torn)).toMatchObject({ value: { outcome: 'abandoned' } })
  expect(await sell(terminal, chip)).toMatchObject({ value: { outcome: 'done' } })
  expect(chip.mail).toEqual([BLOCK, REFUND, BLOCK, REFUND])
})

test('mail leaves the box by a newer list alone: until then each meeting gives it again', async () => {
  const { counter, terminal, chip } = await stand()
  await sell(terminal, chip)
  await sell(terminal, chip)
  expect(chip.mail).toHaveLength(4)
  counter.center.letters = []
  await terminal.upload()
  await sell(terminal, chip)
  expect(chip.mail).toHaveLength(4)
})

test('a list that says nothing new does not make the journal longer, nor does an answer that is kept already', async () => {
  const { counter, terminal, chip } = await stand()
  const entries = (name: string) => counter.journal.entries().filter(({ entry }) => entry.entry === name).length
  await terminal.upload()
  expect(entries('mail')).toBe(1)
  const gone: readonly Fault[] = ['none', 'none', 'none', 'none', 'command-lost'] // before the debit
  await sell(terminal, chip, gone)
  await terminal.retry(once(chip, gone))
  expect(chip.mail).toHaveLength(4)
  expect(entries('mail-answered')).toBe(2)
})

test('an older list than the one that is carried is not taken', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.mail = async () => ok({ taken: [], version: 0, letters: [] })
  expect(await terminal.upload()).toMatchObject({ refusal: { code: 'center-garbled', facts: { field: 'version' } } })
  await sell(terminal, chip)
  expect(chip.mail).toEqual([BLOCK, REFUND])
})

test('after a sale whose chip wants the center the terminal relays a contact by itself, while the chip is there', async () => {
  const { counter, terminal, other } = await stand()
  for (let sales = 0; sales < 15; sales++) await terminal.sell(money(1n), once(other))
  expect(counter.center.rounds).toEqual([])
  expect(await sell(terminal, other)).toMatchObject({ value: { outcome: 'done', onlineWanted: true } })
  expect(counter.center.rounds).toMatchObject([{ purpose: { kind: 'purse', purse: other.purse } }])
})
