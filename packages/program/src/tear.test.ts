/** Power may fail before any page write (C-1): then the old record stands, and doing it again ends as if nothing had been. */
import { utf8 } from '@kozeni/base/bytes'
import { HOLDER_REQUEST } from '@kozeni/protocol/holder'
import { expect, test } from 'vitest'
import { PowerCut } from './chip-for-tests.ts'
import { abortOf, commandOf, EPOCH, type Order, type PurseForTests, type Sale, till } from './purse-for-tests.ts'
import { purseFrom } from './purse-from-source-node.ts'

const purse = await purseFrom()
const shop = till('0606060606060606')
const PIN = Uint8Array.of(...utf8('1234'), 255, 255, 255, 255)

const order = (number: number, kind: Order['kind'], amount: bigint): Order => ({
  epoch: EPOCH,
  number,
  kind,
  amount,
  prev: { epoch: EPOCH, number: number - 1 },
})
const paid = order(2, 'pay', 40n)
const sale: Sale = { seq: 20, amount: 5n, sale: 21 }
const voiding: Sale = { type: 'void-request', seq: 20, amount: 1n, sale: 20 }

/** Twenty debits old, a pay unconfirmed, a PIN set: every ring is full and every page in use. */
const old = (() => {
  const mine = purse()
  for (let number = 1; number < 9; number++) mine.command(order(number, 'load', 100n))
  mine.meet(shop)
  for (let seq = 0; seq < 20; seq++) mine.receiptFor(shop, { seq, amount: 1n, sale: seq + 1 })
  mine.greet().request(HOLDER_REQUEST.setPin, ...PIN)
  mine.command({ ...paid, number: 9, prev: { epoch: EPOCH, number: 8 } })
  return mine
})()

const pending: Order = { ...paid, number: 9, prev: { epoch: EPOCH, number: 8 } }
const settings = old.nextSettings({ blocked: true })

const actions: Record<string, (mine: PurseForTests) => unknown> = {
  'a command': mine => mine.deliver(commandOf(order(10, 'load', 7n))),
  'an abort that cancels': mine => mine.deliver(abortOf(order(10, 'load', 7n))),
  'an abort that reverses': mine => mine.deliver(abortOf(pending)),
  'a confirm': mine => mine.confirm({ epoch: EPOCH, number: 9 }, { amount: 3n, count: 2, time: 2_000_000_000 }),
  'a set': mine => mine.deliver(settings),
  'a fence': mine => mine.fence(EPOCH + 3),
  'a debit': mine => mine.meet(shop).receiptFor(shop, sale),
  'a void': mine => mine.meet(shop).receiptFor(shop, voiding),
  'a freeze': mine => mine.greet().request(HOLDER_REQUEST.freeze, 1).statusWord,
}

/** Everything that anyone can see of a purse: outcomes, totals, and all the receipts within reach. */
function seen(mine: PurseForTests) {
  const { ring, ...stands } = mine.fence(EPOCH)
  mine.greet()
  const history = Array.from({ length: 20 }, (_, back) => mine.opened(mine.request(HOLDER_REQUEST.history, back).data))
  return { ring, stands, history }
}

/** What is seen after each number of page writes of `act`, and after all of them, and what it then answers. */
function torn(act: (mine: PurseForTests) => unknown) {
  const whole = old.fork()
  const { writes } = whole.chip
  const answer = act(whole)
  const cuts = Array.from({ length: whole.chip.writes - writes }, (_, cut) => {
    const mine = old.fork()
    mine.chip.writesLeft = cut
    expect(() => act(mine)).toThrow(PowerCut)
    return mine
  })
  return { cuts, answer, after: seen(whole) }
}

test.each(Object.entries(actions))(
  '%s that is cut off has not happened, and happens whole when it comes again',
  (_, act) => {
    const before = seen(old.fork())
    const { cuts, answer, after } = torn(act)
    expect(after).not.toEqual(before)
    for (const mine of cuts) {
      expect(seen(mine)).toEqual(before)
      expect(act(mine)).toEqual(answer)
      expect(seen(mine)).toEqual(after)
    }
  },
)

test('how many pages each writes, for who must know what a chip wears', () => {
  const counts = Object.entries(actions).map(([name, act]) => [name, torn(act).cuts.length])
  expect(Object.fromEntries(counts)).toEqual({
    'a command': 1,
    'an abort that cancels': 1,
    'an abort that reverses': 1,
    'a confirm': 1,
    'a set': 1,
    'a fence': 1,
    'a debit': 2,
    'a void': 2,
    'a freeze': 1,
  })
})

test('cut off during the comparison, a PIN has lost a try, and no more', () => {
  for (const [cut, left] of [
    [0, 3],
    [1, 2],
  ] as const) {
    const mine = old.fork().greet()
    mine.chip.writesLeft = cut
    expect(() => mine.verifyPin(PIN, new Uint8Array(32))).toThrow(PowerCut)
    expect(mine.read().pinTries).toBe(left)
    expect(mine.greet().verifyPin(PIN, new Uint8Array(32))).toBe(0x9000)
    expect(mine.read().pinTries).toBe(3)
  }
})

test('a young purse’s debit that was cut off between its two writes is not found as an old one', () => {
  const mine = purse()
  mine.command(order(1, 'load', 100n))
  for (let seq = 0; seq < 20; seq++) {
    const next: Sale = { seq, amount: 1n, sale: seq + 1 }
    mine.meet(shop).chip.writesLeft = 1
    expect(() => mine.ask(shop, next)).toThrow(PowerCut)
    mine.meet(shop).receiptFor(shop, next)
    expect(mine.read()).toMatchObject({ seq: seq + 1, debits: BigInt(seq + 1) })
  }
})

test('a debit cut off between its two writes, then another in its place: only the other one is', () => {
  const mine = old.fork().meet(shop)
  mine.chip.writesLeft = 1
  expect(() => mine.ask(shop, sale)).toThrow(PowerCut)
  const { receipt } = mine.meet(shop).receiptFor(shop, { seq: 20, amount: 9n, sale: 99 })
  expect(receipt).toMatchObject({ seq: 21, prevSeq: 20 })
  expect(mine.ask(shop, sale).statusWord).toBe(0x940a)
})
