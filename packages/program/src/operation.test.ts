/** Numbered operations on the chip: every row of F-2, F-3 and F-4, and what a rejection leaves behind. */
import { currency } from '@kozeni/base/currency'
import { MONEY_MAX, money, TOTAL_MAX } from '@kozeni/base/money'
import { MESSAGE_TYPE } from '@kozeni/protocol/header'
import { KIND } from '@kozeni/protocol/operation'
import { WIRE } from '@kozeni/protocol/refusal'
import { expect, test } from 'vitest'
import { abortOf, commandOf, digestOfOrder, EPOCH, type Order, till } from './purse-for-tests.ts'
import { purseFrom } from './purse-from-source-node.ts'

const purse = await purseFrom()
const sw = (code: keyof typeof WIRE): number => WIRE[code].statusWord
const OK = 0x9000

const order = (number: number, kind: Order['kind'], amount = 0n, more: Partial<Order> = {}): Order => ({
  epoch: EPOCH,
  number,
  kind,
  amount,
  ...more,
})
const load = (number: number, amount: bigint, more?: Partial<Order>): Order => order(number, 'load', amount, more)
const pay = (number: number, amount: bigint, more?: Partial<Order>): Order => order(number, 'pay', amount, more)
const at = (number: number) => ({ epoch: EPOCH, number })

/** A purse that holds `value`, loaded by operation 1, which is confirmed. */
function holding(value: bigint) {
  const made = purse()
  made.command(load(1, value))
  made.confirm(at(1))
  return made
}

test('a load raises credits, the flag and the number in one write, and a confirm lowers the flag in another', () => {
  const mine = purse()
  const before = mine.chip.writes
  const result = mine.command(load(1, 500n))
  expect(result).toMatchObject({ status: OK, number: 1, kind: KIND.load, outcome: 'applied', flag: true, amount: 500n })
  expect(result).toMatchObject({ credits: 500n, debits: 0n, digest: digestOfOrder(load(1, 500n)) })
  expect(mine.chip.writes - before).toBe(1)
  expect(mine.confirm(at(1))).toMatchObject({ status: OK, outcome: 'applied', flag: false })
  expect(mine.chip.writes - before).toBe(2)
})

test.each(['load', 'pay', 'refund', 'sweep'] as const)(
  'a %s that comes again repeats the same bytes and moves nothing',
  kind => {
    const mine = holding(1000n)
    const message = commandOf(order(2, kind, kind === 'sweep' ? 0n : 300n))
    const first = mine.deliver(message)
    const { writes } = mine.chip
    expect(mine.deliver(message)).toEqual(first)
    mine.chip.powerOff()
    expect(mine.deliver(message)).toEqual(first)
    expect(mine.chip.writes).toBe(writes)
  },
)

test('a sweep takes all there is, and says how much', () => {
  expect(holding(700n).command(order(2, 'sweep'))).toMatchObject({ outcome: 'applied', amount: 700n, debits: 700n })
})

test('a sweep takes no more than one amount can tell, and the next one takes the rest', () => {
  const mine = holding(MONEY_MAX)
  mine.command(order(2, 'refund', 5n))
  expect(mine.command(order(3, 'sweep', 0n, { prev: at(2) }))).toMatchObject({ amount: MONEY_MAX })
  expect(mine.command(order(4, 'sweep', 0n, { prev: at(3) }))).toMatchObject({ amount: 5n, debits: MONEY_MAX + 5n })
})

test('the same number with other content is refused, and changes nothing', () => {
  const mine = purse()
  const first = mine.command(load(1, 500n))
  expect(mine.command(load(1, 501n))).toEqual({ ...first, status: sw('number-used') })
})

test('a lower number is refused, whatever it was', () => {
  const mine = holding(10n)
  const second = mine.command(load(2, 10n))
  expect(mine.command(load(1, 10n))).toEqual({ ...second, status: sw('number-used') })
})

test('while the flag is up the next operation is refused with the stored result, unless its prev proves that one closed', () => {
  const mine = purse()
  const first = mine.command(load(1, 500n))
  expect(mine.command(pay(2, 100n))).toEqual({ ...first, status: sw('operation-unconfirmed') })
  expect(mine.command(pay(2, 100n, { prev: at(1) }))).toMatchObject({ status: OK, number: 2, debits: 100n, flag: true })
})

test('a higher number may leave out others: the center never opened them', () => {
  expect(holding(10n).command(load(7, 10n))).toMatchObject({ status: OK, number: 7 })
})

test.each([
  ['a pay above the value', holding(10n), pay(2, 11n), 'balance-too-low'],
  ['a load above the maximum', limited(), load(1, 101n), 'maximum-exceeded'],
  ['an operation in another currency', purse(), load(1, 5n, { currency: currency('JPY') }), 'currency-differs'],
  ['a pay of a blocked purse', blocked(), pay(2, 1n), 'purse-blocked'],
  ['a pay of a blocked purse above its value', blocked(), pay(2, 51n), 'purse-blocked'],
  ['a load of a blocked purse', blocked(), load(2, 1n), 'purse-blocked'],
] as const)(
  '%s is rejected: the no is the outcome, with the flag up, and a repetition says the same',
  (_, mine, asked, code) => {
    const { credits, debits } = mine.read()
    const first = mine.command(asked)
    expect(first).toMatchObject({ status: sw(code), number: asked.number, outcome: 'rejected', flag: true, amount: 0n })
    expect(first).toMatchObject({ credits, debits })
    expect(mine.command(asked)).toEqual(first)
    expect(mine.abort(asked)).toEqual(first)
    expect(mine.read()).toEqual(first)
    expect(mine.confirm(at(asked.number))).toMatchObject({ status: OK, outcome: 'rejected', flag: false })
  },
)

function limited() {
  const mine = purse()
  mine.set({ maximumValue: money(100n) })
  return mine
}

function blocked() {
  const mine = holding(50n)
  mine.set({ blocked: true })
  return mine
}

test('refund and sweep work on a blocked purse, and so do abort, confirm, fence, set and read', () => {
  const mine = blocked()
  expect(mine.command(order(2, 'refund', 5n))).toMatchObject({ status: OK, outcome: 'applied', credits: 55n })
  expect(mine.abort(order(3, 'pay', 1n, { prev: at(2) }))).toMatchObject({ status: OK, outcome: 'cancelled' })
  expect(mine.confirm(at(3))).toMatchObject({ status: OK, flag: false })
  expect(mine.command(order(4, 'sweep'))).toMatchObject({ status: OK, amount: 55n })
  expect(mine.fence(EPOCH + 1)).toMatchObject({ status: OK })
  expect(mine.set({ blocked: false })).toMatchObject({ status: OK, blocked: false })
})

test('a refund and a reversal pass the maximum, a load does not', () => {
  const mine = purse()
  mine.set({ maximumValue: money(100n) })
  mine.command(load(1, 100n))
  const paid = pay(2, 60n, { prev: at(1) })
  mine.command(paid)
  mine.set({ maximumValue: money(10n) })
  expect(mine.abort(paid)).toMatchObject({ outcome: 'reversed', credits: 160n, debits: 60n })
  expect(mine.command(order(3, 'refund', 7n, { prev: at(2) }))).toMatchObject({ outcome: 'applied', credits: 167n })
  expect(mine.command(load(4, 1n, { prev: at(3) }))).toMatchObject({ outcome: 'rejected' })
})

test('an abort that overtakes its command burns the number: the command then finds it cancelled', () => {
  const mine = holding(10n)
  const asked = pay(2, 5n)
  const cancelled = mine.abort(asked)
  expect(cancelled).toMatchObject({
    status: OK,
    kind: KIND.pay,
    outcome: 'cancelled',
    flag: true,
    amount: 0n,
    debits: 0n,
  })
  expect(mine.command(asked)).toEqual(cancelled)
  expect(mine.abort(asked)).toEqual(cancelled)
})

test('an abort of the next number is taken like a command: not over a raised flag, unless prev proves it closed', () => {
  const mine = purse()
  const first = mine.command(load(1, 500n))
  expect(mine.abort(load(2, 5n))).toEqual({ ...first, status: sw('operation-unconfirmed') })
  expect(mine.abort(load(2, 5n, { prev: at(1) }))).toMatchObject({ status: OK, number: 2, outcome: 'cancelled' })
})

test('an abort gives an unconfirmed pay back once, however often it comes', () => {
  const mine = holding(10n)
  const asked = pay(2, 4n)
  mine.command(asked)
  const reversed = mine.abort(asked)
  expect(reversed).toMatchObject({ status: OK, outcome: 'reversed', flag: true, amount: 4n, credits: 14n, debits: 4n })
  expect(mine.abort(asked)).toEqual(reversed)
  expect(mine.command(asked)).toEqual(reversed)
})

test('a confirmed pay is never given back', () => {
  const mine = holding(10n)
  mine.command(pay(2, 4n))
  const closed = mine.confirm(at(2))
  expect(mine.abort(pay(2, 4n))).toEqual(closed)
})

test.each([
  ['load', load(2, 4n)],
  ['refund', order(2, 'refund', 4n)],
  ['sweep', order(2, 'sweep')],
] as const)('a %s is never undone', (_, asked) => {
  const mine = holding(10n)
  const applied = mine.command(asked)
  expect(mine.abort(asked)).toEqual(applied)
})

test('an abort with another digest, or of a number past, undoes nothing', () => {
  const mine = holding(10n)
  const paid = mine.command(pay(2, 4n))
  expect(mine.abort(pay(2, 5n))).toEqual({ ...paid, status: sw('number-used') })
  expect(mine.abort(load(1, 10n))).toEqual({ ...paid, status: sw('number-used') })
})

test('a confirm of another place takes only marks and time', () => {
  const mine = purse()
  mine.command(load(1, 10n))
  expect(mine.confirm(at(2), { time: 2_000_000_000 })).toMatchObject({ status: OK, flag: true, time: 2_000_000_000 })
  expect(mine.confirm(at(0), { time: 1 })).toMatchObject({ flag: true, time: 2_000_000_000 })
})

test('a confirm that brings nothing new writes nothing', () => {
  const mine = holding(10n)
  const { writes } = mine.chip
  mine.confirm(at(1))
  expect(mine.chip.writes).toBe(writes)
})

test('acknowledged marks only rise, amount and count each by itself', () => {
  const { mine, shop } = debited()
  expect(mine.confirm(at(9), { amount: 30n, count: 1 })).toMatchObject({
    acknowledgedAmount: 30n,
    acknowledgedCount: 1,
  })
  expect(mine.confirm(at(9), { amount: 10n, count: 2 })).toMatchObject({
    acknowledgedAmount: 30n,
    acknowledgedCount: 2,
  })
  expect(mine.confirm(at(9), { amount: 60n, count: 1 })).toMatchObject({
    acknowledgedAmount: 60n,
    acknowledgedCount: 2,
  })
  expect(mine.meet(shop).ask(shop, { seq: 2, amount: 1n, sale: 3 }).statusWord).toBe(OK)
})

test.each([
  ['amount', { amount: 61n }],
  ['count', { count: 3 }],
] as const)(
  'acknowledged above its own total of %s, the chip knows that it was rolled back and blocks itself',
  (_, marks) => {
    const { mine } = debited()
    expect(mine.confirm(at(1), marks)).toMatchObject({ blocked: true, acknowledgedAmount: 0n, acknowledgedCount: 0 })
  },
)

test('a blocked purse gets no acknowledgement, yet its flag is lowered and it learns the time', () => {
  const { mine } = debited()
  mine.set({ blocked: true })
  mine.command(order(2, 'refund', 1n))
  const result = mine.confirm(at(2), { amount: 60n, count: 2, time: 2_000_000_000 })
  expect(result).toMatchObject({ flag: false, acknowledgedAmount: 0n, acknowledgedCount: 0, time: 2_000_000_000 })
})

function debited() {
  const mine = holding(100n)
  const shop = till('0606060606060606')
  mine.meet(shop)
  mine.receiptFor(shop, { seq: 0, amount: 30n, sale: 1 })
  mine.receiptFor(shop, { seq: 1, amount: 30n, sale: 2 })
  return { mine, shop }
}

test('a purse pays to its last unit', () => {
  expect(holding(10n).command(pay(2, 10n))).toMatchObject({ outcome: 'applied', credits: 10n, debits: 10n })
})

test('credits at their top refuse, and never wrap', async () => {
  const nearTop = await purseFrom((file, text) =>
    file === 'personalise.ts'
      ? text.replace(
          'head.reason = OK',
          `head.credits = ${TOTAL_MAX - 10n}; head.debits = ${TOTAL_MAX - 20n}; head.reason = OK`,
        )
      : text,
  )
  const mine = nearTop()
  const before = mine.read()
  expect(mine.command(load(1, 11n))).toEqual({ ...before, status: sw('counter-exhausted') })
  expect(mine.command(order(1, 'refund', 11n))).toEqual({ ...before, status: sw('counter-exhausted') })
  const paid = pay(1, 5n)
  mine.command(paid)
  expect(mine.command(load(2, 10n, { prev: at(1) }))).toMatchObject({ outcome: 'applied', credits: TOTAL_MAX })
  expect(mine.command(order(3, 'refund', 1n, { prev: at(2) }))).toMatchObject({
    status: sw('counter-exhausted'),
    number: 2,
  })
})

test('a kind that is none is refused, and the number stays free', () => {
  const mine = purse()
  const before = mine.read()
  const places = [0, 0, 0, 1, 0, 0, 0, 1]
  const zeros = (length: number) => Array.from({ length }, () => 0)
  for (const kind of [0, 5, 255]) {
    const command = Uint8Array.of(...places, kind, ...zeros(30))
    const abort = Uint8Array.of(...places, kind, ...zeros(40))
    expect(mine.sayRaw(MESSAGE_TYPE.command, command)).toEqual({ ...before, status: sw('data-wrong') })
    expect(mine.sayRaw(MESSAGE_TYPE.abort, abort)).toEqual({ ...before, status: sw('data-wrong') })
  }
})

test('what reaches the chip in another order than it was sent ends the same: aborted pays never take value', () => {
  const mine = holding(10n)
  const asked = pay(2, 4n)
  for (const message of [abortOf(asked), commandOf(asked), abortOf(asked), commandOf(asked)]) mine.say(message)
  expect(mine.read()).toMatchObject({ credits: 10n, debits: 0n, outcome: 'cancelled' })
})
