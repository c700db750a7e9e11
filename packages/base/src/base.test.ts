import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64url, bigEndian, concat, equal, fromBase64url, fromBigEndian, hex, unhex } from './bytes.ts'
import { currency, show } from './currency.ts'
import { SeededDice } from './dice.ts'
import { freshId, idFromNumber, idNumber, isId, type PurseId } from './ids.ts'

const someBytes = fc.uint8Array({ maxLength: 40 })

test('bytes survive each of their spellings', () => {
  fc.assert(
    fc.property(someBytes, bytes => {
      expect(unhex(hex(bytes))).toEqual(bytes)
      expect(fromBase64url(base64url(bytes))).toEqual(bytes)
      expect(bigEndian(fromBigEndian(bytes), bytes.length)).toEqual(bytes)
    }),
  )
})

test('two strings of bytes are equal when, and only when, every byte is', () => {
  fc.assert(
    fc.property(someBytes, someBytes, (a, b) => {
      expect(equal(a, b)).toBe(hex(a) === hex(b))
      expect(equal(concat(a, b), concat(a, b))).toBe(true)
    }),
  )
})

test('the same seed throws the same dice, another seed others', () => {
  expect(new SeededDice(7).bytes(32)).toEqual(new SeededDice(7).bytes(32))
  expect(new SeededDice(7).bytes(32)).not.toEqual(new SeededDice(8).bytes(32))
})

test('a name is sixteen digits on the chip and a bigint in the book', () => {
  const dice = new SeededDice(1)
  for (let i = 0; i < 100; i++) {
    const name = freshId<PurseId>(dice)
    expect(isId(name)).toBe(true)
    expect(idFromNumber<PurseId>(idNumber(name))).toBe(name)
  }
})

test('amounts are shown with the digits that ISO 4217 gives the currency, exactly', () => {
  expect(show(1234567n, currency('JPY'))).toBe('1,234,567 JPY')
  expect(show(5n, currency('USD'))).toBe('0.05 USD')
  expect(show(-123456n, currency('KWD'))).toBe('-123.456 KWD')
  expect(show(9007199254740993n, currency('EUR'))).toBe('90,071,992,547,409.93 EUR')
})
