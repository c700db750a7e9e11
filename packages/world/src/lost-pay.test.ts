/**
 * A purse is lost that had paid in the part of the book that a restore has lost (F-11, F-12): its chip never meets the fence, and
 * only its store knows. Two people say whose pay it was.
 */
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type ProposalId, type StoreId } from '@kozeni/base/ids'
import { payOutLost, reportLost } from '@kozeni/center/lost'
import { confirm, keysOfProposal, type Proposing, propose } from '@kozeni/center/proposal'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { Offer } from '@kozeni/protocol/paylink'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { must } from './must.ts'
import { type Holder, type Honoured, Town } from './town.ts'

const WAIT_MS = 4 * 86_400_000
const dice = new SeededDice(12)

let module: Uint8Array
let town: Town
let holder: Holder
let store: StoreId
let sale: Offer
let honoured: Honoured

beforeAll(async () => {
  module = await builtPurse()
})

/** A purse of 100 pays 30; the book loses that, and then the holder the phone. */
beforeEach(async () => {
  town = new Town(2, module)
  holder = await town.settleIn()
  store = await town.openStore()
  await town.fund(holder, 100n)
  await town.contact(holder)
  await town.beat()
  const backup = town.backup()
  sale = town.sale(store, 30n)
  const { operation } = must(await town.pay(holder, sale))
  await town.contact(holder)
  await town.beat()
  town.restore(backup)
  await town.beat()
  const reference = Buffer.from(operation.reference).toString('hex')
  honoured = { number: sale.number, verdict: 'paid', operation: reference, epoch: 1 }
  must(await town.book.run(reportLost(town.means.policy, holder.purse, true)))
})

async function payOut(): Promise<void> {
  town.clock.advance(WAIT_MS)
  must(await payOutLost(town.means, holder.purse))
  expect(await town.purse(holder)).toMatchObject({ stage: 'retired', flag: false })
}

/** What two people say: at the place behind the book's last. */
async function said(amount: string, decision = 'commit') {
  const { purse, epoch, number } = await town.purse(holder)
  const { generation, window } = sale.transaction
  const facts = { store, transaction: sale.number, generation: String(generation), window: String(window) }
  const proposing: Proposing = {
    ...{ proposal: freshId<ProposalId>(dice), what: 'found-pay', about: { purse, epoch, number: number + 1 } },
    ...{ facts: { ...facts, amount, decision }, reason: 'the store’s own record of the sale', proposedBy: 'anna' },
  }
  const row = await town.book.run(propose(nodeCrypto, await keysOfProposal(town.book, proposing), proposing))
  if (!row.ok) return row
  const keys = await keysOfProposal(town.book, row.value)
  return town.book.run(confirm(nodeCrypto, keys, 'ben', { capture: undefined }))
}

const against = (check: string) => ({ ok: false, refusal: { code: 'evidence-against', facts: { check } } })

/** What came to the holder, what the store is owed, and what the issuer has lost. */
async function ends(): Promise<unknown> {
  const moved = (await town.moves(holder)).map(({ amount }) => amount)
  town.clock.advance(1)
  const { online } = await town.settle(store)
  const { findings, unexplained } = await town.audit()
  expect([findings, unexplained]).toEqual([[], 0n])
  const { writtenOff } = await town.purse(holder)
  return { moved, online, writtenOff }
}

test('named before the purse is paid out, the sale is paid out of it: the holder gets the rest', async () => {
  await town.report(store, 2, [honoured])
  expect(await said('30')).toMatchObject({ ok: true, value: { stage: 'confirmed' } })
  await payOut()
  expect(await ends()).toEqual({ moved: [70n], online: 30n, writtenOff: 0n })
})

test('named afterwards, its store is owed it all the same, once, and the issuer has lost it', async () => {
  await payOut()
  await town.report(store, 2, [honoured])
  expect(await said('30')).toMatchObject({ ok: true })
  expect(await said('30')).toMatchObject({ ok: false, refusal: { code: 'transaction-used' } })
  expect(await ends()).toEqual({ moved: [100n], online: 30n, writtenOff: 30n })
})

test('nobody can say so before its store has said that it honoured it, nor when it has said that it did not', async () => {
  expect(await said('30')).toMatchObject(against('store'))
  await town.report(store, 2, [])
  expect(await said('30')).toMatchObject(against('store'))
  expect(await said('30', 'void')).toMatchObject(against('store'))
})

test('nor that it was more than the purse had, nor anything else than a pay that was honoured', async () => {
  await town.report(store, 2, [honoured])
  expect(await said('101')).toMatchObject(against('totals'))
  expect(await said('30', 'void')).toMatchObject(against('decision'))
})

test('a purse whose chip can still be asked is asked', async () => {
  await town.report(store, 2, [honoured])
  await town.contact(holder)
  expect(await said('30')).toMatchObject({ ok: false, refusal: { code: 'nothing-to-decide' } })
})

test('a purse that turns up after its sale was named meets its fence, and nothing is counted twice', async () => {
  await town.report(store, 2, [honoured])
  must(await said('30'))
  must(await town.book.run(reportLost(town.means.policy, holder.purse, false)))
  await town.contact(holder)
  await town.contact(holder)
  const { credits, debits, seenCredits, seenDebits, flag, epoch } = await town.purse(holder)
  expect([credits, debits, seenCredits, seenDebits, flag, epoch]).toEqual([100n, 30n, 100n, 30n, false, 2])
  expect((await town.book.look({ purse: holder.purse })).found).toEqual([])
})
