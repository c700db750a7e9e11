import type { ContactAnswer } from '@kozeni/api/meet'
import { base64url } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { money } from '@kozeni/base/money'
import { no, ok } from '@kozeni/base/result'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { refusal } from '@kozeni/protocol/refusal'
import { expect, test } from 'vitest'
import { select } from './card.ts'
import { noCenter } from './center-call.ts'
import { CounterForTests } from './counter-for-tests.ts'
import { MemoryJournal } from './journal-memory.ts'
import { Terminal } from './terminal.ts'

const turn = (settings: number, ...commands: string[]): ContactAnswer => ({
  token: base64url(Uint8Array.of(7)),
  commands,
  done: commands.length === 0,
  report: [{ about: 'settings', settings, blocked: false }],
})

const ASK = base64url(select)

async function stand() {
  const counter = new CounterForTests(nodeCrypto)
  return { counter, terminal: await counter.start(), chip: counter.chip(1, 1000n) }
}

test('the chip says whose it is, then only bytes are carried; what the center said is told, and nothing is journaled', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.turns = [turn(1, ASK), turn(2)]
  const entries = counter.journal.entries().length
  const reader = chip.reader()
  expect(await terminal.contact({ reader, waitMs: 1 })).toEqual(ok([...turn(1).report, ...turn(2).report]))
  expect(counter.center.rounds).toMatchObject([
    { purpose: { kind: 'purse', purse: chip.purse }, responses: [] },
    { token: turn(1).token, responses: [expect.any(String)] },
  ])
  expect(counter.journal.entries()).toHaveLength(entries)
  expect(reader.contacts).toBe(1)
  expect(await reader.transmit(select)).toBeUndefined() // let go
})

test('a chip that is gone before it has said who it is may come again; one that never does is no contact', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.turns = [turn(1)]
  const again = chip.reader(['none', 'answer-lost'])
  expect(await terminal.contact({ reader: again, waitMs: 30_000 })).toMatchObject({ ok: true })
  expect(again.contacts).toBe(2)
  const torn = chip.reader(['command-lost'])
  expect(await terminal.contact({ reader: torn, waitMs: 1 })).toMatchObject({ refusal: { code: 'chip-gone' } })
  const nowhere = { connect: async () => false, transmit: async () => undefined, disconnect: async () => {} }
  expect(await terminal.contact({ reader: nowhere, waitMs: 1000 })).toEqual(no(refusal('chip-absent')))
  expect(counter.center.rounds).toHaveLength(1)
})

test('a contact that breaks off on either side is refused and leaves the terminal as it was', async () => {
  const { counter, terminal, chip } = await stand()
  expect(await terminal.contact({ reader: chip.reader(), waitMs: 1 })).toEqual(no(refusal('center-unreachable')))
  counter.center.turns = [turn(1, ASK)]
  const gone = chip.reader(['none', 'none', 'answer-lost'])
  expect(await terminal.contact({ reader: gone, waitMs: 1 })).toEqual(no(refusal('chip-gone', { answered: 0 })))
  expect(await terminal.sell(money(300n), { reader: chip.reader(), waitMs: 1 })).toMatchObject({
    value: { outcome: 'done', sale: 1 },
  })
})

test('one tap at a time: no contact beside a sale, no sale beside a contact', async () => {
  const { counter, terminal, chip } = await stand()
  counter.center.turns = [turn(1)]
  const contact = terminal.contact({ reader: chip.reader(), waitMs: 1 })
  const sale = terminal.sell(money(300n), { reader: chip.reader(), waitMs: 1 })
  expect(await sale).toMatchObject({ refusal: { code: 'terminal-busy' } })
  expect(await contact).toMatchObject({ ok: true })
})

test('a sale whose end is not known hinders no contact, and is not touched by it', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(300n), { reader: chip.reader(['none', 'none', 'answer-lost']), waitMs: 1 })
  counter.center.turns = [turn(1)]
  expect(await terminal.contact({ reader: chip.reader(), waitMs: 1 })).toMatchObject({ ok: true })
  expect(terminal.sale(1)?.stage).toBe('unresolved')
})

test('a terminal that nobody has registered has nothing to introduce itself with', async () => {
  const { counter, chip } = await stand()
  const { crypto, key } = counter
  const parts = { crypto, key, clock: new StillClock(0), journal: new MemoryJournal(crypto), center: noCenter }
  const opened = await Terminal.open(parts)
  const terminal = opened.ok ? opened.value : expect.fail()
  const reader = chip.reader()
  expect(await terminal.contact({ reader, waitMs: 1 })).toMatchObject({ refusal: { code: 'terminal-not-certified' } })
  expect(reader.contacts).toBe(0)
})
