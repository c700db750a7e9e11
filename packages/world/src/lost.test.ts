/** A purse is lost (F-11): what is left of it comes back to its holder once, and whatever its chip says later changes nothing. */
import { currency } from '@kozeni/base/currency'
import { id, type LoadId, type StoreId } from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { recordCaptured, requestLoad } from '@kozeni/center/load'
import { recordChecked } from '@kozeni/center/load-check'
import { payOutLost, reportLost } from '@kozeni/center/lost'
import { blockPurse } from '@kozeni/center/purse-block'
import { builtPurse } from '@kozeni/program/compile-node'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type Holder, Town } from './town.ts'

const WAIT_MS = 4 * 86_400_000

let module: Uint8Array
let town: Town
let holder: Holder
let store: StoreId

beforeAll(async () => {
  module = await builtPurse()
})

beforeEach(async () => {
  town = new Town(3, module)
  holder = await town.settleIn()
  store = await town.openStore()
  await town.fund(holder, 100n)
  await town.contact(holder)
})

async function payOut(): Promise<void> {
  town.clock.advance(WAIT_MS)
  expect(await payOutLost(town.means, holder.purse)).toMatchObject({ ok: true })
  expect(await payOutLost(town.means, holder.purse)).toMatchObject({ ok: true })
  expect(await town.purse(holder)).toMatchObject({ stage: 'retired', flag: false })
}

/** An operator's order. */
const lost = (isLost = true) => town.book.run(reportLost(town.means.policy, holder.purse, isLost))

const movedOff = async () => (await town.moves(holder)).map(({ amount }) => amount)

async function expectSound(): Promise<void> {
  const report = await town.audit()
  expect(report.findings).toEqual([])
  expect(report.unexplained).toBe(0n)
}

test('what was on it moves to the holder’s own account after every till has had its time, and not before', async () => {
  expect(await lost()).toMatchObject({ ok: true, value: { stage: 'lost', blocked: true } })
  town.clock.advance(WAIT_MS - 1)
  expect(await payOutLost(town.means, holder.purse)).toMatchObject({ refusal: { code: 'lost-too-soon' } })
  await payOut()
  expect(await movedOff()).toEqual([100n])
  await expectSound()
})

test('it goes on to another purse of the holder, whose chip gets all of it', async () => {
  await lost()
  await payOut()
  const next = await town.settleIn(holder)
  await town.leave(holder, next)
  await town.moves(holder)
  await town.contact(next)
  const { credits, debits } = await town.purse(next)
  expect(credits - debits).toBe(100n)
  await expectSound()
})

test('loads that are open or wait, and refunds, are paid out too, each once', async () => {
  const sale = town.sale(store, 30n)
  await town.pay(holder, sale)
  await town.contact(holder)
  await town.fund(holder, 20n)
  await town.contact(holder, { lost: 'answers', at: 1 })
  await town.fund(holder, 5n)
  await town.refund(sale, 7n)
  await lost()
  await payOut()
  expect(await movedOff()).toEqual([102n])
  await expectSound()
})

test('an open pay is not paid, whatever its chip says later', async () => {
  const sale = town.sale(store, 30n)
  await town.pay(holder, sale)
  await town.contact(holder, { lost: 'answers', at: 1 })
  await lost()
  expect(await town.pay(holder, sale)).toMatchObject({ ok: true, value: { verdict: 'not-paid' } })
  await payOut()
  expect((await town.contact(holder)).ended).toBe('refused')
  expect(await movedOff()).toEqual([100n])
  await expectSound()
})

test('a lost purse that turns up is told its block, and opens nothing', async () => {
  await lost()
  await town.fund(holder, 5n).catch(() => undefined)
  expect((await town.contact(holder)).ended).toBe('done')
  expect(await town.pay(holder, town.sale(store, 3n))).toMatchObject({ refusal: { code: 'purse-not-active' } })
  expect(await town.purse(holder)).toMatchObject({ settingsSeen: 2, flag: false })
})

test('found again before it was paid out, it is in use again when its block is taken off, and nothing is paid out', async () => {
  await lost()
  await lost(false)
  await town.book.run(blockPurse(holder.purse, false))
  town.clock.advance(WAIT_MS)
  expect(await payOutLost(town.means, holder.purse)).toMatchObject({ refusal: { code: 'purse-not-lost' } })
  await town.fund(holder, 1n)
  await town.contact(holder)
  const { credits, debits } = await town.purse(holder)
  expect(credits - debits).toBe(101n)
})

test('money that its provider takes only after the purse was retired goes straight back', async () => {
  const load = id<LoadId>('00000000000000aa')
  const asked = { load, purse: holder.purse, amount: money(9n), currency: currency('JPY'), method: 'card' }
  const request = { ...asked, inParts: false, inputDigest: new Uint8Array(32) }
  await town.book.run(requestLoad(request, 50_000n))
  await lost()
  await payOut()
  const late = await town.book.run(recordCaptured(load, holder.purse, 'late'))
  expect(late).toMatchObject({ ok: true, value: { stage: 'giving-back' } })
  if (late.ok) await town.giveBack(holder, late.value)
  await expectSound()
})

test('one that had taken more than it was ever given is the issuer’s loss, in an account of its own', async () => {
  const purse = await town.purse(holder)
  const overdrawn = { ...purse, debits: total(115n) }
  await town.book.run({
    keys: { purse: purse.purse },
    decide: () => ({ answer: undefined, writes: [{ write: 'purse', row: overdrawn }] }),
  })
  await lost()
  await payOut()
  expect(await movedOff()).toEqual([])
  const entries = [...town.book.tables.entry.values()].filter(({ cause }) => cause === 'written-off')
  expect(entries.map(({ debit, credit, amount }) => [debit.kind, credit.kind, amount])).toEqual([
    ['fraud-loss', 'purse-float', 15n],
  ])
})

test('a load that a restored book has open, and whose money had gone back since, is not paid out as well', async () => {
  await town.beat()
  const load = await town.fund(holder, 20n)
  await town.contact(holder, { lost: 'turn', at: 1 })
  const backup = town.backup()
  await town.cancel(holder, load)
  await town.contact(holder)
  expect(await town.giveBack(holder, load)).toMatchObject({ stage: 'given-back' })
  await town.beat()
  town.restore(backup)
  await town.beat()
  await lost()
  town.clock.advance(WAIT_MS)
  expect(await payOutLost(town.means, holder.purse)).toMatchObject({ refusal: { code: 'funding-unknown' } })
  await town.book.run(recordChecked(load.load, holder.purse, 'given-back'))
  expect(await town.giveBack(holder, load)).toMatchObject({ stage: 'given-back' })
  await payOut()
  expect(await movedOff()).toEqual([100n])
  await expectSound()
})

test('a book that was restored meanwhile waits as long again: tills bring what it has forgotten', async () => {
  await town.beat()
  await lost()
  const backup = town.backup()
  await town.beat()
  town.clock.advance(WAIT_MS)
  town.restore(backup)
  await town.beat()
  expect(await payOutLost(town.means, holder.purse)).toMatchObject({ refusal: { code: 'lost-too-soon' } })
  await payOut()
  expect(await movedOff()).toEqual([100n])
})
