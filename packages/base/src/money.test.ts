import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MONEY_MAX, money, parseMoney, subtract } from './money.ts'

const amounts = fc.bigInt({ min: 0n, max: MONEY_MAX }).map(money)

test('an amount is spelled in one way only, and read back as it was', () => {
  fc.assert(
    fc.property(amounts, amount => {
      expect(parseMoney(String(amount))).toBe(amount)
    }),
  )
})

test.each(['', '-1', '+1', '01', '1e3', '1.0', ' 1', '１', '0x10', '4294967296', '9007199254740992', 'NaN'])(
  'what is no whole amount in plain digits is no amount: "%s"',
  text => {
    expect(parseMoney(text)).toBeUndefined()
  },
)

test('a balance is never overdrawn, and what is left plus the price is the balance', () => {
  fc.assert(
    fc.property(amounts, amounts, (balance, price) => {
      const left = subtract(balance, price)
      expect(left === undefined ? balance < price : left + price === balance).toBe(true)
    }),
  )
})

test('a negative amount is a bug, not a value', () => {
  expect(() => money(-1n)).toThrow('0 <= -1')
})
