/** What two operators decide together (INV-AUDIT), and what of a restored center waits for them (F-12). */

import { SeededDice } from '@kozeni/base/dice'
import { freshId, type ProposalId } from '@kozeni/base/ids'
import type { Result } from '@kozeni/base/result'
import type { ProposalRow } from '@kozeni/center/book-proposal'
import { cancelLoad } from '@kozeni/center/load'
import { recordChecked } from '@kozeni/center/load-check'
import { confirm, keysOfProposal, type Proposing, propose, withdraw } from '@kozeni/center/proposal'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { Refusal } from '@kozeni/protocol/refusal'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { must } from './must.ts'
import { type Holder, Town } from './town.ts'

type Asked = Pick<Proposing, 'what' | 'about' | 'facts'>

const dice = new SeededDice(11)
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

const PAID: Asked = {
  what: 'posting',
  about: undefined,
  facts: { pair: 'provider-paid', amount: '100', currency: 'JPY' },
}

async function proposed(asked: Asked, by = 'anna'): Promise<Result<ProposalRow, Refusal>> {
  const proposing = { ...asked, proposal: freshId<ProposalId>(dice), reason: 'as agreed', proposedBy: by }
  return town.book.run(propose(nodeCrypto, await keysOfProposal(town.book, proposing), proposing))
}

async function confirmed(row: ProposalRow, by = 'ben', capture?: string): Promise<Result<ProposalRow, Refusal>> {
  return town.book.run(confirm(nodeCrypto, await keysOfProposal(town.book, row), by, { capture }))
}

const decided = async (asked: Asked, capture?: string) => confirmed(must(await proposed(asked)), 'ben', capture)

const never = (): never => {
  throw new Error('it is there')
}

const refused = (code: string, check?: string) => ({
  ok: false,
  refusal: { code, ...(check !== undefined && { facts: { check } }) },
})

async function expectRest(value: bigint): Promise<void> {
  await town.contact(holder)
  await town.contact(holder)
  const purse = await town.purse(holder)
  expect([purse.flag, purse.credits - purse.debits, purse.seenCredits - purse.seenDebits]).toEqual([
    false,
    value,
    value,
  ])
  await expectSound()
}

async function expectSound(): Promise<void> {
  const report = await town.audit()
  expect(report.findings).toEqual([])
  expect(report.unexplained).toBe(0n)
}

describe('a posting by hand', () => {
  test('moves nothing until another operator confirms it, and then once', async () => {
    const row = must(await proposed(PAID))
    expect((await town.audit()).balances.bank).toBeUndefined()
    expect(await confirmed(row)).toMatchObject({ ok: true, value: { stage: 'confirmed', endedBy: 'ben' } })
    expect(await confirmed(row)).toMatchObject({ ok: true, value: { stage: 'confirmed' } })
    const report = await town.audit()
    expect([report.balances.bank, report.balances.funding ?? 0n]).toEqual([100n, 0n])
    await expectSound()
  })

  test('is never confirmed by whoever proposed it', async () => {
    const row = must(await proposed(PAID))
    expect(await confirmed(row, 'anna')).toMatchObject(refused('same-operator'))
    expect((await town.audit()).balances.bank).toBeUndefined()
  })

  test('that was withdrawn is never made, and one that was made is not withdrawn', async () => {
    const row = must(await proposed(PAID))
    expect(await town.book.run(withdraw(row.proposal, 'carl'))).toMatchObject({ ok: true, value: { endedBy: 'carl' } })
    expect(await confirmed(row)).toMatchObject(refused('proposal-ended'))
    const made = must(await decided(PAID))
    expect(await town.book.run(withdraw(made.proposal, 'anna'))).toMatchObject(refused('proposal-ended'))
    await expectSound()
  })

  test.each([
    ['to a holder’s account', { pair: 'purse-float', amount: '100', currency: 'JPY' }],
    ['of no number', { pair: 'provider-paid', amount: 'all', currency: 'JPY' }],
  ])('%s is not among those that can be proposed', async (_, facts) => {
    expect(await proposed({ ...PAID, facts })).toMatchObject(refused('input-wrong'))
  })

  test.each([
    ['another amount', (row: ProposalRow) => ({ ...row, facts: { ...row.facts, amount: '1' } })],
    ['the same name twice', (row: ProposalRow) => ({ ...row, endedBy: row.proposedBy })],
    ['another second name', (row: ProposalRow) => ({ ...row, endedBy: 'carl' })],
    ['another reason', (row: ProposalRow) => ({ ...row, reason: 'because' })],
    ['a withdrawal', (row: ProposalRow) => ({ ...row, stage: 'withdrawn' as const })],
  ])('whose proposal is given %s behind the center’s back is named by the audit', async (_, changed) => {
    const row = must(await decided(PAID))
    await town.book.run<undefined>({
      keys: { proposal: row.proposal },
      decide: () => ({ answer: undefined, writes: [{ write: 'proposal', row: changed(row) }] }),
    })
    const { findings } = await town.audit()
    expect(findings.length).toBeGreaterThan(0)
    expect(findings.every(({ invariant, row: name }) => invariant === 'INV-AUDIT' && name.includes(row.proposal))).toBe(
      true,
    )
  })
})

/** A restore to `backup`, noticed at the start. */
async function restored(backup: ReturnType<Town['backup']>): Promise<void> {
  await town.beat()
  town.restore(backup)
  await town.beat()
}

describe('an open operation that the chip’s ring has forgotten', () => {
  const place = () => ({ purse: holder.purse, epoch: 1, number: 2 })
  const asked = (facts: Proposing['facts']): Asked => ({ what: 'operation', about: place(), facts })

  /** A load of 20 was done, and eight of 5 after it; the book knows only that the first was opened. */
  async function forgotten(): Promise<void> {
    await town.beat()
    await town.fund(holder, 20n)
    await town.contact(holder, { lost: 'turn', at: 1 })
    const backup = town.backup()
    await town.contact(holder)
    for (let i = 0; i < 8; i++) {
      await town.fund(holder, 5n)
      await town.contact(holder)
    }
    await restored(backup)
  }

  test('waits for people; what they say within the chip’s totals closes it, and the purse enters the epoch', async () => {
    await forgotten()
    await town.contact(holder)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).closed).toBeUndefined()
    expect(await decided(asked({ outcome: 'applied', decision: 'commit' }))).toMatchObject({ ok: true })
    expect((await town.operation(holder, 2)).closed).toMatchObject({ source: 'people', outcome: 'applied' })
    await town.contact(holder)
    expect(await town.purse(holder)).toMatchObject({
      epoch: 2,
      number: 10,
      flag: false,
      credits: 120n,
      seenCredits: 160n,
    })
    await expectSound()
  })

  test('is not decided before the chip has met the fence: it could still be done', async () => {
    await forgotten()
    expect(await proposed(asked({ outcome: 'none', decision: 'void' }))).toMatchObject(refused('purse-unfenced'))
  })

  test('is not decided against the rules: what was not done is not committed', async () => {
    await forgotten()
    await town.contact(holder)
    expect(await proposed(asked({ outcome: 'none', decision: 'commit' }))).toMatchObject(
      refused('evidence-against', 'decision'),
    )
  })
})

describe('what only waits in the restored book, where the chip’s ring has forgotten what came', () => {
  const place = () => ({ purse: holder.purse, epoch: 1, number: 2 })
  const asked = (order: string, outcome: string, more = {}): Asked => ({
    what: 'order',
    about: place(),
    facts: { order, outcome, ...more },
  })

  /** A load of 20 waits in the backup; then the chip has it, or not, and so many of 5. */
  async function forgotten(isDone: boolean, times = 9, inParts = false) {
    await town.beat()
    const { load } = await town.fund(holder, 20n, { inParts })
    const backup = town.backup()
    if (!isDone) must(await town.book.run(cancelLoad(nodeCrypto, load, holder.purse)))
    for (let i = 0; i < times; i++) {
      await town.contact(holder)
      await town.fund(holder, 5n)
    }
    await town.contact(holder)
    await restored(backup)
    await town.contact(holder)
    await town.contact(holder)
    must(await town.book.run(recordChecked(load, holder.purse, 'captured')))
    await town.contact(holder)
    await town.contact(holder)
    return load
  }

  test('a load that it has had is neither opened nor given back, until two people say that it has: then it is done', async () => {
    const load = await forgotten(true)
    const purse = await town.purse(holder)
    expect([purse.epoch, purse.flag, purse.credits, purse.seenCredits]).toEqual([2, false, 100n, 165n])
    await expect(town.cancel(holder, (await town.book.look({ load })).load ?? never())).rejects.toThrow(
      'purse-unfenced',
    )
    must(await decided(asked(load, 'applied')))
    expect(await town.operation(holder, 2)).toMatchObject({ order: load, closed: { source: 'people' } })
    await town.contact(holder)
    expect(await town.purse(holder)).toMatchObject({ credits: 120n, seenCredits: 165n, flag: false })
    expect(await proposed(asked(load, 'applied'))).toMatchObject(refused('nothing-to-decide'))
    await expectSound()
  })

  test('one that it has not had is opened when two people say so', async () => {
    const load = await forgotten(false)
    must(await decided(asked(load, 'none')))
    await town.contact(holder)
    expect(await town.purse(holder)).toMatchObject({ credits: 120n, seenCredits: 165n, flag: false })
    await expectSound()
  })

  test('of one that comes in parts they say how much came; the rest waits for them again', async () => {
    const load = await forgotten(true, 9, true)
    expect(await proposed(asked(load, 'applied', { amount: '21' }))).toMatchObject(
      refused('evidence-against', 'amount'),
    )
    must(await decided(asked(load, 'applied', { amount: '15' })))
    await town.contact(holder)
    expect((await town.purse(holder)).credits).toBe(115n)
    await expectSound()
  })

  test('a later load of more than the chip’s totals show cannot have come: it is opened, and one of less waits for people', async () => {
    must(await decided(asked(await forgotten(true), 'applied')))
    await town.fund(holder, 46n)
    await town.contact(holder)
    expect((await town.purse(holder)).credits).toBe(166n)
    const { load } = await town.fund(holder, 45n)
    await town.contact(holder)
    expect((await town.purse(holder)).credits).toBe(166n)
    must(await decided({ ...asked(load, 'none'), about: { ...place(), number: 3 } }))
    await town.contact(holder)
    expect((await town.purse(holder)).credits).toBe(211n)
    await expectSound()
  })

  test('a ring that reaches back to the book’s last place leaves nothing to people', async () => {
    const load = await forgotten(true, 7)
    expect(await town.purse(holder)).toMatchObject({ credits: 120n, seenCredits: 155n })
    expect(await proposed(asked(load, 'applied'))).toMatchObject(refused('nothing-to-decide'))
    await expectSound()
  })

  test('loads that the book has lost are named by people too, as far as the totals allow; then nothing is forgotten any more', async () => {
    const load = await forgotten(true)
    must(await decided(asked(load, 'applied')))
    const lost = (amount: string): Asked => ({
      what: 'found-load',
      about: { ...place(), number: 3 },
      facts: { load: '0000000000000abc', amount, method: 'card' },
    })
    expect(await proposed(lost('46'))).toMatchObject(refused('evidence-against', 'totals'))
    must(await decided(lost('5'), 'the provider’s name of it'))
    const left = (await town.book.look({ purse: holder.purse })).found.filter(row => row.standing === 'forgotten')
    expect(left).toEqual([])
    await town.contact(holder)
    await expectSound()
  })

  test('an order that people have opened or closed, with no word of two, is named by the audit', async () => {
    must(await decided(asked(await forgotten(true), 'applied')))
    const [row] = [...town.book.tables.proposal.values()]
    await town.book.run<undefined>({
      keys: { proposal: row?.proposal ?? never() },
      decide: () => ({
        answer: undefined,
        writes: [{ write: 'proposal', row: { ...(row ?? never()), stage: 'withdrawn' } }],
      }),
    })
    expect((await town.audit()).findings).toMatchObject([
      { says: 'no two people have decided it', invariant: 'INV-AUDIT' },
    ])
  })
})

describe('an open pay whose store never reports', () => {
  const asked = (facts: Proposing['facts']): Asked => ({
    what: 'operation',
    about: { purse: holder.purse, epoch: 1, number: 2 },
    facts,
  })

  beforeEach(async () => {
    const store = await town.openStore()
    await town.pay(holder, town.sale(store, 30n))
    await town.beat()
    const backup = town.backup()
    await town.contact(holder)
    await restored(backup)
    await town.contact(holder)
    expect((await town.operation(holder, 2)).closed).toBeUndefined()
  })

  test('is paid when two people say that goods were given', async () => {
    await decided(asked({ outcome: 'applied', decision: 'commit' })).then(must)
    await expectRest(70n)
  })

  test('comes back to its holder when they say that none were', async () => {
    await decided(asked({ outcome: 'applied', decision: 'void' })).then(must)
    await expectRest(100n)
    expect(await town.operation(holder, 3, 2)).toMatchObject({ kind: 'refund', decision: 'commit', amount: 30n })
  })

  test.each(['none', 'reversed'])(
    'was made, as the chip’s totals show: nobody can say that it was %s',
    async outcome => {
      expect(await proposed(asked({ outcome, decision: 'void' }))).toMatchObject(refused('evidence-against', 'totals'))
    },
  )

  test('that one person closed with no word of two is named by the audit', async () => {
    must(await decided(asked({ outcome: 'applied', decision: 'commit' })))
    const [row] = [...town.book.tables.proposal.values()]
    if (row === undefined) throw new Error('no proposal')
    await town.book.run<undefined>({
      keys: { proposal: row.proposal },
      decide: () => ({ answer: undefined, writes: [{ write: 'proposal', row: { ...row, stage: 'withdrawn' } }] }),
    })
    expect((await town.audit()).findings).toMatchObject([
      { says: 'no two people have decided it', invariant: 'INV-AUDIT' },
    ])
  })
})

describe('an operation that only its chip knows, and nobody asks for again', () => {
  const about = () => ({ purse: holder.purse, epoch: 1, number: 2 })

  test('is a pay by the number whose digest it has: its store is paid', async () => {
    const store = await town.openStore()
    await town.beat()
    const backup = town.backup()
    const { number, transaction } = town.sale(store, 30n)
    await town.pay(holder, { number, transaction })
    await town.contact(holder)
    await restored(backup)
    await town.contact(holder)
    const { generation, window } = transaction
    const facts = { store, transaction: number, generation: String(generation), window: String(window) }
    const asked = (amount: string, decision: string): Asked => ({
      what: 'found-pay',
      about: about(),
      facts: { ...facts, amount, decision },
    })
    expect(await proposed(asked('31', 'commit'))).toMatchObject(refused('evidence-against', 'digest'))
    must(await decided(asked('30', 'commit')))
    expect(await town.pay(holder, { number, transaction })).toMatchObject({ ok: true, value: { verdict: 'paid' } })
    await expectRest(70n)
    town.clock.advance(1)
    expect((await town.settle(store)).online).toBe(30n)
  })

  test('is no pay that its store, which has told everything, has not honoured', async () => {
    const store = await town.openStore()
    await town.beat()
    const backup = town.backup()
    const { number, transaction } = town.sale(store, 30n)
    await town.pay(holder, { number, transaction })
    await town.contact(holder)
    await restored(backup)
    await town.contact(holder)
    await town.report(store, 2, [])
    const facts = { store, transaction: number, amount: '30', generation: '1', window: String(transaction.window) }
    const asked = (decision: string): Asked => ({ what: 'found-pay', about: about(), facts: { ...facts, decision } })
    expect(await proposed(asked('commit'))).toMatchObject(refused('evidence-against', 'store'))
    must(await decided(asked('void')))
    await expectRest(100n)
  })

  test('and whose number the book has used again, stands under the next one: a load', async () => {
    const store = await town.openStore()
    const backup = town.backup()
    const { load } = await town.fund(holder, 20n)
    await town.contact(holder)
    town.restore(backup)
    await town.pay(holder, town.sale(store, 30n))
    await town.contact(holder)
    await town.report(store, 2, [])
    await town.contact(holder)
    const asked = (amount: string): Asked => ({
      what: 'found-load',
      about: about(),
      facts: { load, amount, method: 'card' },
    })
    expect(await proposed(asked('21'))).toMatchObject(refused('evidence-against', 'digest'))
    must(await decided(asked('20'), 'the provider’s name of it'))
    expect(await town.operation(holder, 3, 2)).toMatchObject({ order: load, decision: 'commit' })
    expect(await proposed(asked('20'))).toMatchObject(refused('nothing-to-decide'))
    await expectRest(120n)
    expect((await town.audit()).balances.funding).toBe(120n)
  })

  test('and a pay: its store is paid; what was put back as another is named by the audit', async () => {
    const store = await town.openStore()
    const backup = town.backup()
    const { number, transaction } = town.sale(store, 30n)
    await town.pay(holder, { number, transaction })
    await town.contact(holder)
    town.restore(backup)
    await town.fund(holder, 20n)
    await town.contact(holder)
    await town.contact(holder)
    const { generation, window } = transaction
    const facts = { store, transaction: number, generation: String(generation), window: String(window) }
    must(await decided({ what: 'found-pay', about: about(), facts: { ...facts, amount: '30', decision: 'commit' } }))
    expect(await town.pay(holder, { number, transaction })).toMatchObject({ ok: true, value: { verdict: 'paid' } })
    await expectRest(70n)
    const found = [...town.book.tables.found.values()].find(row => row.number === 2) ?? never()
    await town.book.run<undefined>({
      keys: { purse: holder.purse },
      decide: () => ({
        answer: undefined,
        writes: [{ write: 'found', row: { ...found, digest: new Uint8Array(32) } }],
      }),
    })
    expect((await town.audit()).findings).toMatchObject([
      { says: 'it was found at its chip and put back as another', invariant: 'INV-EVID' },
    ])
  })

  test('is a load whose money its provider has: it is captured and on the chip, once', async () => {
    await town.beat()
    const backup = town.backup()
    const { load } = await town.fund(holder, 20n)
    await town.contact(holder)
    await restored(backup)
    await town.contact(holder)
    const asked: Asked = { what: 'found-load', about: about(), facts: { load, amount: '20', method: 'card' } }
    expect(await decided(asked)).toMatchObject(refused('funding-unknown'))
    must(await decided(asked, 'the provider’s name of it'))
    expect(await proposed(asked)).toMatchObject(refused('nothing-to-decide'))
    await expectRest(120n)
    expect((await town.audit()).balances.funding).toBe(120n)
  })
})
