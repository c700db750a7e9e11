/** Off-line sales on the chip: the till's introduction (C-11), debits (D-1…D-4), voids (D-6), limits (C-6). */
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { id, type PurseId } from '@kozeni/base/ids'
import { money, TOTAL_MAX } from '@kozeni/base/money'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { acquaintance, answers, pseudonymOf } from '@kozeni/protocol/debit'
import { INS } from '@kozeni/protocol/purse'
import { WIRE } from '@kozeni/protocol/refusal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { certificateFor, EPOCH, NOW, type Order, requestOf, type Sale, till } from './purse-for-tests.ts'
import { purseFrom } from './purse-from-source-node.ts'

const purse = await purseFrom()
const shop = till('0606060606060606')
const kiosk = till('0707070707070707')
const sw = (code: keyof typeof WIRE): number => WIRE[code].statusWord
const OK = 0x9000
const YEN = currency('JPY')

const load = (number: number, amount: bigint): Order => ({ epoch: EPOCH, number, kind: 'load', amount })

/** A loaded purse, met by the shop. */
function met(value = 1000n) {
  const mine = purse()
  mine.command(load(1, value))
  return mine.meet(shop)
}

const sale = (seq: number, amount: bigint, number: number, more: Partial<Sale> = {}): Sale => ({
  seq,
  amount,
  sale: number,
  ...more,
})
const voiding = (seq: number, amount: bigint, number: number): Sale =>
  sale(seq, amount, number, { type: 'void-request', time: NOW + 9 })

test('before a till has proved itself, the chip says its version and a new number of chance, and does nothing', () => {
  const mine = purse().select()
  const { challenge } = mine
  expect(mine.ask(shop, sale(0, 1n, 1)).statusWord).toBe(sw('not-authenticated'))
  expect(mine.chip.send(INS.readReceipt, new Uint8Array(4)).statusWord).toBe(sw('not-authenticated'))
  expect(mine.select().challenge).not.toEqual(challenge)
})

test('a till that has proved itself learns certificate, seq, the last record’s witness, and whether to go on-line', () => {
  const mine = met()
  const first = acquaintance.read(mine.select().introduce(shop).data)
  const nobody = new Uint8Array(4)
  expect(first).toMatchObject({ seq: 0, prevAmount: 0n, prevTerminal: nobody, flag: true, onlineWanted: false })
  expect(first?.certificate.slice(0, 83)).toEqual(certificateFor(mine.publicKey).slice(0, 83))
  mine.receiptFor(shop, sale(0, 30n, 1))
  const second = acquaintance.read(mine.select().introduce(kiosk).data)
  expect(second).toMatchObject({ seq: 1, prevAmount: 30n, prevTerminal: pseudonymOf(nobleCrypto, shop.terminal) })
})

test.each([
  [
    'certified by somebody else',
    till('0808080808080808', { issuer: nobleCrypto.generate(new SeededDice(9)) }),
    'signature-wrong',
  ],
  ['certified under another issuer key', till('0808080808080808', { issuerKeyVersion: 2 }), 'key-version-unknown'],
  [
    'whose certificate ended before the latest authenticated time',
    till('0808080808080808', { expires: NOW }),
    'certificate-expired',
  ],
] as const)('a till %s is not let in', (_, stranger, code) => {
  const mine = met().select()
  expect(mine.introduce(stranger)).toEqual({ data: new Uint8Array(), statusWord: sw(code) })
  expect(mine.ask(stranger, sale(0, 1n, 1)).statusWord).toBe(sw('not-authenticated'))
})

test('a certificate ends when the center has told a later time, not when a till says so', () => {
  const mine = met()
  expect(mine.select().introduce(till('0808080808080808', { expires: NOW + 1 })).statusWord).toBe(OK)
  mine.confirm({ epoch: EPOCH, number: 1 }, { time: NOW + 1000 })
  expect(mine.select().introduce(shop).statusWord).toBe(sw('certificate-expired'))
})

test('a certificate without its key, or the proof of an earlier contact, lets nobody in', () => {
  const mine = met()
  const { challenge } = mine
  mine.select()
  expect(mine.introduce(shop, { key: kiosk.key }).statusWord).toBe(sw('signature-wrong'))
  expect(mine.introduce(shop, { challenge }).statusWord).toBe(sw('signature-wrong'))
  expect(mine.ask(shop, sale(0, 1n, 1)).statusWord).toBe(sw('not-authenticated'))
})

test('an introduction lasts until the next SELECT, or the next that fails', () => {
  const mine = met()
  expect(mine.ask(shop, sale(0, 1n, 1)).statusWord).toBe(OK)
  mine.introduce(shop, { key: kiosk.key })
  expect(mine.ask(shop, sale(1, 1n, 2)).statusWord).toBe(sw('not-authenticated'))
  mine.meet(shop).select()
  expect(mine.ask(shop, sale(1, 1n, 2)).statusWord).toBe(sw('not-authenticated'))
})

test('a debit takes the amount once, and its receipt answers the request, signed and MACed', () => {
  const mine = met()
  const stands = mine.read()
  const writes = mine.chip.writes
  const { receipt } = mine.receiptFor(shop, sale(0, 300n, 7))
  expect(answers(requestOf(shop, sale(0, 300n, 7)), receipt)).toBe(true)
  expect(receipt).toMatchObject({ keyVersion: 2, credits: 1000n, debits: 300n, flag: true, epoch: EPOCH, number: 1 })
  expect(receipt).toMatchObject({ digest: stands.digest, outcome: 'applied', prevSeq: 0, prevAmount: 0n })
  expect(mine.chip.writes - writes).toBe(2)
  expect(mine.read()).toEqual({ ...stands, debits: 300n, seq: 1, offlineAmount: 300n, offlineCount: 1 })
})

test('each receipt witnesses the one before', () => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 30n, 1))
  const { receipt } = mine.meet(kiosk).receiptFor(kiosk, sale(1, 40n, 1))
  expect(receipt).toMatchObject({ prevSeq: 1, prevAmount: 30n, prevTerminal: pseudonymOf(nobleCrypto, shop.terminal) })
})

test('the same request gets the same receipt, after any power cut, while it is among the last twenty records', () => {
  const mine = met()
  const first = mine.receiptFor(shop, sale(0, 10n, 1))
  for (let seq = 1; seq < 20; seq++) {
    mine.receiptFor(shop, sale(seq, 10n, seq + 1))
    expect(mine.receiptFor(shop, sale(0, 10n, 1)).body).toEqual(first.body)
  }
  mine.chip.powerOff()
  expect(mine.meet(shop).receiptFor(shop, sale(0, 10n, 1))).toEqual(first)
  expect(mine.read()).toMatchObject({ seq: 20, debits: 200n })
})

test('beyond the ring’s reach an old request finds that the chip has moved on, and takes nothing', () => {
  const mine = met()
  for (let seq = 0; seq < 21; seq++) mine.receiptFor(shop, sale(seq, 10n, seq + 1))
  expect(mine.ask(shop, sale(0, 10n, 1)).statusWord).toBe(sw('moved-on'))
  expect(mine.receiptFor(shop, sale(1, 10n, 2)).receipt.seq).toBe(2)
  expect(mine.read()).toMatchObject({ seq: 21, debits: 210n })
  const { certificate } = acquaintance.read(mine.select().introduce(shop).data) ?? {}
  expect(certificate?.slice(0, 83)).toEqual(certificateFor(mine.publicKey).slice(0, 83))
})

test('a request for another seq than the chip’s takes nothing', () => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 10n, 1))
  for (const seq of [0, 2, 0xffff_ffff]) expect(mine.ask(shop, sale(seq, 10n, 2)).statusWord).toBe(sw('moved-on'))
  expect(mine.read()).toMatchObject({ seq: 1, debits: 10n })
})

test.each([
  ['amount', sale(0, 11n, 1)],
  ['seq', sale(1, 10n, 1)],
  ['time', sale(0, 10n, 1, { time: NOW + 1 })],
  ['currency', sale(0, 10n, 1, { currency: YEN })],
] as const)('a sale number that was used with another %s is refused', (_, other) => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 10n, 1))
  expect(mine.ask(shop, other).statusWord).toBe(sw('sale-differs'))
  expect(mine.read()).toMatchObject({ seq: 1, debits: 10n })
})

test('two tills may use the same sale number', () => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 10n, 1))
  expect(mine.meet(kiosk).receiptFor(kiosk, sale(1, 20n, 1)).receipt).toMatchObject({ seq: 2, amount: 20n })
})

test('a request is refused when another signed it, or it is for another purse, another till, another use', () => {
  const mine = met()
  expect(mine.ask({ ...shop, key: kiosk.key }, sale(0, 1n, 1)).statusWord).toBe(sw('signature-wrong'))
  expect(mine.ask(shop, sale(0, 1n, 1, { purse: id<PurseId>('0909090909090909') })).statusWord).toBe(sw('data-wrong'))
  expect(mine.ask({ ...shop, terminal: kiosk.terminal }, sale(0, 1n, 1)).statusWord).toBe(sw('data-wrong'))
  expect(mine.chip.send(INS.void, mine.signed(shop, sale(0, 1n, 1))).statusWord).toBe(sw('data-wrong'))
  expect(mine.chip.send(INS.debit, mine.signed(shop, sale(0, 1n, 1)).slice(1)).statusWord).toBe(sw('length-wrong'))
  expect(mine.read()).toMatchObject({ seq: 0, debits: 0n })
})

test('not one bit of a signed request can be changed', () => {
  const mine = met()
  const good = mine.signed(shop, sale(0, 1n, 1))
  fc.assert(
    fc.property(fc.nat({ max: 8 * good.length - 1 }), bit => {
      const bad = good.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      expect(mine.chip.send(INS.debit, bad).statusWord).toBe(sw('signature-wrong'))
    }),
    { numRuns: 30 },
  )
  expect(mine.read()).toMatchObject({ seq: 0, debits: 0n })
})

test.each([
  ['more than it holds', {}, 1001n, 'balance-too-low'],
  ['more than one debit may be', { maximumDebit: money(99n) }, 100n, 'debit-too-large'],
  ['from a blocked purse', { blocked: true }, 1n, 'purse-blocked'],
  ['more than may be spent off-line', { upperAmount: money(99n) }, 100n, 'online-required'],
  ['once more than may be spent off-line', { upperCount: 0 }, 1n, 'online-required'],
  ['above the PIN’s limit without the PIN', { pinAbove: money(99n) }, 100n, 'pin-required'],
] as const)('a debit of %s is refused, and may be asked again', (_, settings, amount, code) => {
  const mine = met()
  mine.set(settings)
  const before = new Map(mine.chip.pages)
  expect(mine.ask(shop, sale(0, amount, 1)).statusWord).toBe(sw(code))
  expect(mine.chip.pages).toEqual(before)
  mine.set({})
  expect(mine.ask(shop, sale(0, 1n, 1)).statusWord).toBe(OK)
})

test('a debit may be the maximum, and all there is', () => {
  const mine = met()
  mine.set({ maximumDebit: money(1000n) })
  expect(mine.receiptFor(shop, sale(0, 1000n, 1)).receipt).toMatchObject({ credits: 1000n, debits: 1000n })
})

/** A purse that was born with these numbers in its head. */
const born = (numbers: string) =>
  purseFrom((file, text) =>
    file === 'personalise.ts' ? text.replace('head.reason = OK', `${numbers}; head.reason = OK`) : text,
  )

test('the last seq there is refuses debit and void, and never wraps', async () => {
  const mine = (await born('head.credits = 100; head.seq = 0xffff_fffe'))().meet(shop)
  expect(mine.receiptFor(shop, sale(0xffff_fffe, 1n, 1)).receipt.seq).toBe(0xffff_ffff)
  expect(mine.ask(shop, sale(0xffff_ffff, 1n, 2)).statusWord).toBe(sw('counter-exhausted'))
  expect(mine.ask(shop, voiding(0xffff_ffff, 1n, 1)).statusWord).toBe(sw('counter-exhausted'))
  expect(mine.read()).toMatchObject({ seq: 0xffff_ffff, credits: 100n, debits: 1n })
})

test('a void that would bring credits above their top is refused', async () => {
  const top = `head.credits = ${TOTAL_MAX - 10n}; head.debits = ${TOTAL_MAX - 60n}`
  const mine = (await born(top))().meet(shop)
  mine.receiptFor(shop, sale(0, 11n, 1))
  expect(mine.ask(shop, voiding(1, 11n, 1)).statusWord).toBe(sw('counter-exhausted'))
  mine.receiptFor(shop, sale(1, 10n, 2))
  expect(mine.receiptFor(shop, voiding(2, 10n, 2)).receipt.credits).toBe(TOTAL_MAX)
})

test('a purse of one currency pays in no other, nor at a till that is certified for another', () => {
  const mine = met()
  expect(mine.ask(shop, sale(0, 1n, 1, { currency: YEN })).statusWord).toBe(sw('currency-differs'))
  const foreign = till('0808080808080808', { currency: YEN })
  expect(mine.meet(foreign).ask(foreign, sale(0, 1n, 1)).statusWord).toBe(sw('currency-differs'))
})

test('off-line limits test what the center has not acknowledged: the lower asks, the upper demands', () => {
  const mine = met()
  const limits = { lowerAmount: money(10n), upperAmount: money(30n), lowerCount: 9, upperCount: 9 }
  mine.set(limits)
  mine.receiptFor(shop, sale(0, 10n, 1))
  expect(acquaintance.read(mine.select().introduce(shop).data)?.onlineWanted).toBe(false)
  mine.receiptFor(shop, sale(1, 20n, 2))
  expect(acquaintance.read(mine.select().introduce(shop).data)?.onlineWanted).toBe(true)
  expect(mine.ask(shop, sale(2, 1n, 3)).statusWord).toBe(sw('online-required'))
  mine.confirm({ epoch: EPOCH, number: 1 }, { amount: 10n, count: 1 })
  expect(mine.receiptFor(shop, sale(2, 10n, 3)).receipt.seq).toBe(3)
  mine.set({ ...limits, upperAmount: money(100n), lowerAmount: money(100n), lowerCount: 1, upperCount: 2 })
  expect(acquaintance.read(mine.select().introduce(shop).data)?.onlineWanted).toBe(true)
  expect(mine.ask(shop, sale(3, 1n, 4)).statusWord).toBe(sw('online-required'))
  mine.confirm({ epoch: EPOCH, number: 1 }, { amount: 40n, count: 3 })
  expect(mine.ask(shop, sale(3, 1n, 4)).statusWord).toBe(OK)
})

test('a debit leaves number, outcome and flag alone, and a load between does not hide it', () => {
  const mine = met()
  const { digest } = mine.read()
  mine.receiptFor(shop, sale(0, 300n, 1))
  expect(mine.command(load(1, 1000n))).toMatchObject({ number: 1, digest, flag: true, credits: 1000n, debits: 300n })
})

test('a void gives the last debit back under a number of its own, with off-line totals as they are', () => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 300n, 7))
  const { receipt } = mine.receiptFor(shop, voiding(1, 300n, 7))
  expect(answers(requestOf(shop, voiding(1, 300n, 7)), receipt)).toBe(true)
  expect(receipt).toMatchObject({ kind: 'void', seq: 2, credits: 1300n, debits: 300n, prevSeq: 1, prevAmount: 300n })
  expect(mine.read()).toMatchObject({ credits: 1300n, debits: 300n, seq: 2, offlineAmount: 300n, offlineCount: 1 })
})

test('the same void gets the same receipt; the debit it voided still has its own', () => {
  const mine = met()
  const debited = mine.receiptFor(shop, sale(0, 300n, 7))
  const voided = mine.receiptFor(shop, voiding(1, 300n, 7))
  mine.receiptFor(shop, sale(2, 5n, 8))
  expect(mine.receiptFor(shop, voiding(1, 300n, 7))).toEqual(voided)
  expect(mine.receiptFor(shop, sale(0, 300n, 7))).toEqual(debited)
  expect(mine.ask(shop, { ...voiding(1, 300n, 7), time: NOW }).statusWord).toBe(sw('sale-differs'))
  expect(mine.read()).toMatchObject({ credits: 1300n, debits: 305n, seq: 3 })
})

test.each([
  ['another amount', voiding(2, 21n, 2)],
  ['another sale', voiding(2, 20n, 3)],
  ['the debit before', voiding(1, 10n, 1)],
  ['a debit to come', voiding(3, 20n, 2)],
] as const)('only the last debit can be voided, not %s', (_, request) => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 10n, 1))
  mine.receiptFor(shop, sale(1, 20n, 2))
  expect(mine.ask(shop, request).statusWord).toBe(sw('not-last'))
  expect(mine.read()).toMatchObject({ credits: 1000n, seq: 2 })
})

test('only the till of the debit can void it, and a void cannot be voided', () => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 10n, 1))
  expect(mine.meet(kiosk).ask(kiosk, voiding(1, 10n, 1)).statusWord).toBe(sw('not-last'))
  mine.meet(shop).receiptFor(shop, voiding(1, 10n, 1))
  expect(mine.ask(shop, voiding(2, 10n, 1)).statusWord).toBe(sw('sale-differs'))
  expect(mine.read()).toMatchObject({ credits: 1010n, seq: 2 })
})

test('a void passes the maximum and a block: it only gives back', () => {
  const mine = met()
  mine.receiptFor(shop, sale(0, 10n, 1))
  mine.set({ blocked: true, maximumValue: money(1n) })
  expect(mine.receiptFor(shop, voiding(1, 10n, 1)).receipt.credits).toBe(1010n)
})

test('a till reads the newest receipt of its own sale, and of no other', () => {
  const mine = met()
  const numbered = (number: number) => mine.chip.send(INS.readReceipt, Uint8Array.of(0, 0, 0, number))
  const debited = mine.receiptFor(shop, sale(0, 10n, 1))
  expect(mine.genuine(numbered(1).data)).toEqual(debited)
  const voided = mine.receiptFor(shop, voiding(1, 10n, 1))
  expect(mine.genuine(numbered(1).data)).toEqual(voided)
  expect(numbered(2).statusWord).toBe(sw('not-found'))
  mine.meet(kiosk)
  expect(numbered(1).statusWord).toBe(sw('not-found'))
})
