/** The bound device's session (C-11), freeze and PIN (C-7). */
import { type Bytes, utf8 } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { type DeviceId, id } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { debitRequest } from '@kozeni/protocol/debit'
import { HOLDER_REQUEST, PIN_BYTES, readHistory, standing } from '@kozeni/protocol/holder'
import { INS } from '@kozeni/protocol/purse'
import { WIRE } from '@kozeni/protocol/refusal'
import { expect, test } from 'vitest'
import { digestOfOrder, EPOCH, type Order, type PurseForTests, requestOf, till } from './purse-for-tests.ts'
import { purseFrom } from './purse-from-source-node.ts'

const purse = await purseFrom()
const shop = till('0606060606060606')
const sw = (code: keyof typeof WIRE): number => WIRE[code].statusWord
const OK = 0x9000
const TO_CHANGE = new Uint8Array(32)

function digits(text: string): Bytes {
  const pin = new Uint8Array(PIN_BYTES).fill(0xff)
  pin.set(utf8(text))
  return pin
}

const order = (number: number, kind: Order['kind'], amount: bigint): Order => ({
  epoch: EPOCH,
  number,
  kind,
  amount,
  prev: { epoch: EPOCH, number: number - 1 },
})

/** Holds 1000, wants the PIN above 50, and its PIN is 1234. */
function guarded(): PurseForTests {
  const mine = purse()
  mine.set({ pinAbove: money(50n) })
  mine.command(order(1, 'load', 1000n))
  expect(mine.greet().request(HOLDER_REQUEST.setPin, ...digits('1234')).statusWord).toBe(OK)
  return mine
}

const standingOf = (mine: PurseForTests) =>
  standing.read(mine.opened(mine.request(HOLDER_REQUEST.standing).data) ?? new Uint8Array())

test('the bound device opens a session that only it and this chip can read', () => {
  const mine = guarded().greet()
  const stands = { credits: 1000n, debits: 0n, seq: 0, flag: true, blocked: false, frozen: false }
  expect(standingOf(mine)).toEqual({ ...stands, pinSet: true, pinTries: 3, pinAbove: 50n, maximumValue: 0xffff_ffffn })
})

test('the holder is told when the purse is blocked; a freeze that changes nothing is not written', () => {
  const mine = guarded()
  mine.set({ blocked: true })
  mine.greet()
  expect(standingOf(mine)).toMatchObject({ blocked: true, frozen: false })
  const { writes } = mine.chip
  expect(mine.request(HOLDER_REQUEST.freeze, 0).statusWord).toBe(OK)
  expect(mine.chip.writes).toBe(writes)
  for (let twice = 0; twice < 2; twice++) expect(mine.request(HOLDER_REQUEST.freeze, 1).statusWord).toBe(OK)
  expect(mine.chip.writes).toBe(writes + 1)
})

test.each([
  ['signed by another key', { key: nobleCrypto.generate(new SeededDice(8)) }, 'signature-wrong'],
  ['of another device', { device: id<DeviceId>('0909090909090909') }, 'data-wrong'],
  ['for an earlier SELECT', { challenge: new Uint8Array(8) }, 'data-wrong'],
  ['with a point off the curve', { oneTimeKey: new Uint8Array(65).fill(4) }, 'data-wrong'],
] as const)('a hello %s opens nothing', (_, wrong, code) => {
  const mine = purse().select()
  expect(mine.hello(wrong).statusWord).toBe(sw(code))
  expect(mine.request(HOLDER_REQUEST.standing).statusWord).toBe(sw('not-authenticated'))
})

test('a request counts once, in its place, and not after the next SELECT', () => {
  const mine = purse().greet()
  const freeze = [HOLDER_REQUEST.freeze, 1] as const
  expect(mine.request(...freeze).statusWord).toBe(OK)
  mine.skip(-1)
  expect(mine.request(...freeze).statusWord).toBe(sw('mac-wrong'))
  expect(mine.request(...freeze).statusWord).toBe(OK)
  mine.select()
  expect(mine.request(...freeze).statusWord).toBe(sw('not-authenticated'))
})

test('a request that is refused has used up its number too', () => {
  const mine = purse().greet()
  expect(mine.request(0x7f).statusWord).toBe(sw('data-wrong'))
  expect(mine.request(HOLDER_REQUEST.freeze).statusWord).toBe(sw('length-wrong'))
  expect(mine.request(HOLDER_REQUEST.freeze, 2).statusWord).toBe(sw('data-wrong'))
  expect(standingOf(mine)).toMatchObject({ frozen: false })
})

test('the history shows twenty records, newest first, and then nothing', () => {
  const mine = guarded().meet(shop)
  for (let seq = 0; seq < 22; seq++) mine.receiptFor(shop, { seq, amount: 1n, sale: seq })
  mine.greet()
  const record = (back: number) =>
    readHistory(mine.opened(mine.request(HOLDER_REQUEST.history, back).data) ?? new Uint8Array())
  expect(record(0)).toMatchObject({ seq: 22, sale: 21 })
  expect(record(19)).toMatchObject({ seq: 3, sale: 2 })
  for (const back of [20, 21, 22, 255]) expect(record(back)).toBeUndefined()
})

test('a frozen purse neither pays nor is debited, takes loads, and pays again once thawed', () => {
  const mine = guarded().greet()
  mine.request(HOLDER_REQUEST.freeze, 1)
  const before = mine.read()
  expect(before.frozen).toBe(true)
  expect(mine.command(order(2, 'pay', 1n))).toEqual({ ...before, status: sw('purse-frozen') })
  expect(mine.meet(shop).ask(shop, { seq: 0, amount: 1n, sale: 1 }).statusWord).toBe(sw('purse-frozen'))
  expect(mine.command(order(2, 'load', 1n))).toMatchObject({ outcome: 'applied' })
  mine.greet().request(HOLDER_REQUEST.freeze, 0)
  expect(mine.command(order(3, 'pay', 1n))).toMatchObject({ outcome: 'applied', debits: 1n })
})

test('a pay above the limit wants the PIN for just that operation, and the same COMMAND then passes', () => {
  const mine = guarded().greet()
  const asked = order(2, 'pay', 51n)
  expect(mine.command(order(2, 'pay', 50n))).toMatchObject({ outcome: 'applied' })
  const next = { ...asked, number: 3, prev: { epoch: EPOCH, number: 2 } }
  const before = mine.read()
  expect(mine.command(next)).toEqual({ ...before, status: sw('pin-required') })
  expect(mine.verifyPin(digits('1234'), digestOfOrder({ ...next, amount: 52n }))).toBe(OK)
  expect(mine.command(next)).toMatchObject({ status: sw('pin-required') })
  expect(mine.verifyPin(digits('1234'), digestOfOrder(next))).toBe(OK)
  expect(mine.command(next)).toMatchObject({ outcome: 'applied', debits: 101n })
})

test('a debit above the limit wants the PIN for just that request, once', () => {
  const mine = guarded().meet(shop)
  const first = { seq: 0, amount: 51n, sale: 1 }
  const digest = nobleCrypto.sha256(debitRequest.write(requestOf(shop, first)))
  expect(mine.ask(shop, first).statusWord).toBe(sw('pin-required'))
  expect(mine.verifyPin(digits('1234'), digest)).toBe(OK)
  const made = mine.receiptFor(shop, first)
  expect(mine.ask(shop, { seq: 1, amount: 51n, sale: 2 }).statusWord).toBe(sw('pin-required'))
  expect(mine.receiptFor(shop, first)).toEqual(made)
})

test('a verified PIN is forgotten at the next SELECT', () => {
  const mine = guarded().greet()
  const asked = order(2, 'pay', 51n)
  mine.verifyPin(digits('1234'), digestOfOrder(asked))
  expect(mine.greet().command(asked)).toMatchObject({ status: sw('pin-required') })
})

test('three wrong PINs block it, counted before they are compared, and the right one comes too late', () => {
  const mine = guarded().greet()
  expect(mine.verifyPin(digits('0000'), TO_CHANGE)).toBe(0x63c2)
  expect(mine.verifyPin(digits('0001'), TO_CHANGE)).toBe(0x63c1)
  mine.chip.powerOff()
  mine.greet()
  expect(mine.verifyPin(digits('0002'), TO_CHANGE)).toBe(0x63c0)
  expect(mine.verifyPin(digits('1234'), TO_CHANGE)).toBe(sw('pin-blocked'))
  expect(mine.read().pinTries).toBe(0)
})

test('every digit of a PIN counts, the eighth too', () => {
  const mine = purse().greet()
  mine.request(HOLDER_REQUEST.setPin, ...digits('98765432'))
  expect(mine.verifyPin(digits('98765431'), TO_CHANGE)).toBe(0x63c2)
  expect(mine.verifyPin(digits('98765432'), TO_CHANGE)).toBe(OK)
})

test('the right PIN gives the tries back', () => {
  const mine = guarded().greet()
  mine.verifyPin(digits('0000'), TO_CHANGE)
  expect(mine.verifyPin(digits('1234'), TO_CHANGE)).toBe(OK)
  expect(mine.read().pinTries).toBe(3)
})

test('the tries come back once in every contact, and all of them with a new PIN', () => {
  const mine = guarded().greet()
  expect(mine.verifyPin(digits('1234'), TO_CHANGE)).toBe(OK)
  mine.greet()
  expect(mine.verifyPin(digits('0000'), TO_CHANGE)).toBe(0x63c2)
  expect(mine.verifyPin(digits('1234'), TO_CHANGE)).toBe(OK)
  expect(mine.read().pinTries).toBe(3)
  expect(mine.verifyPin(digits('0000'), TO_CHANGE)).toBe(0x63c2)
  expect(mine.verifyPin(digits('1234'), TO_CHANGE)).toBe(OK)
  expect(mine.read().pinTries).toBe(2)
  expect(mine.request(HOLDER_REQUEST.setPin, ...digits('4321')).statusWord).toBe(OK)
  expect(mine.read().pinTries).toBe(3)
})

test('a good block played again between guesses buys no more guesses', () => {
  const mine = guarded().greet()
  const good = mine.pinBlock(digits('1234'), TO_CHANGE)
  const replay = () => mine.chip.send(INS.verifyPin, good).statusWord
  expect(replay()).toBe(OK)
  expect(mine.verifyPin(digits('0000'), TO_CHANGE)).toBe(0x63c2)
  expect(replay()).toBe(OK)
  expect(mine.verifyPin(digits('0001'), TO_CHANGE)).toBe(0x63c1)
  expect(replay()).toBe(OK)
  expect(mine.verifyPin(digits('0002'), TO_CHANGE)).toBe(0x63c0)
  expect(replay()).toBe(sw('pin-blocked'))
})

test('a block of an earlier contact opens nothing, and costs no try', () => {
  const mine = guarded().greet()
  const good = mine.pinBlock(digits('1234'), TO_CHANGE)
  mine.greet()
  expect(mine.chip.send(INS.verifyPin, good).statusWord).toBe(sw('mac-wrong'))
  expect(mine.read().pinTries).toBe(3)
})

test('nobody tries a PIN before a till or the bound device has proved itself', () => {
  const mine = guarded().select()
  expect(mine.verifyPin(digits('1234'), TO_CHANGE)).toBe(sw('not-authenticated'))
  mine.chip.powerOff() // nothing has read the chip's own key since
  expect(mine.meet(shop).verifyPin(digits('1234'), TO_CHANGE)).toBe(OK)
})

test('a purse without a PIN has none to verify; above its limit it pays only once one is set', () => {
  const mine = purse()
  mine.set({ pinAbove: money(50n) })
  mine.command(order(1, 'load', 1000n))
  expect(mine.greet().verifyPin(digits('1234'), TO_CHANGE)).toBe(sw('not-found'))
  expect(mine.command(order(2, 'pay', 51n))).toMatchObject({ status: sw('pin-required') })
})

test('a PIN is changed by who has just verified the old one for that', () => {
  const mine = guarded().greet()
  const change = [HOLDER_REQUEST.setPin, ...digits('98765432')] as const
  expect(mine.request(...change).statusWord).toBe(sw('pin-required'))
  mine.verifyPin(digits('1234'), new Uint8Array(32).fill(1))
  expect(mine.request(...change).statusWord).toBe(sw('pin-required'))
  mine.verifyPin(digits('1234'), TO_CHANGE)
  expect(mine.request(...change).statusWord).toBe(OK)
  expect(mine.verifyPin(digits('98765432'), TO_CHANGE)).toBe(OK)
  expect(mine.verifyPin(digits('1234'), TO_CHANGE)).toBe(0x63c2)
})

test.each(['123', '', '12a4', '1234\u00001'])('"%s" is no PIN', text => {
  const mine = purse().greet()
  expect(mine.request(HOLDER_REQUEST.setPin, ...digits(text)).statusWord).toBe(sw('data-wrong'))
  expect(standingOf(mine)).toMatchObject({ pinSet: false })
})
