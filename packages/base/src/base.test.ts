import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  base64url,
  bigEndian,
  concat,
  equal,
  fromBase64url,
  fromBigEndian,
  fromUtf8,
  hex,
  numberFrom,
  unhex,
  utf8,
} from './bytes.ts'
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

test('a number takes exactly its bytes, and one that does not fit them is a bug', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.bigInt({ min: -2n, max: 2n ** 81n }), (size, value) => {
      if (value >= 0n && value < 2n ** BigInt(8 * size)) {
        expect(fromBigEndian(bigEndian(value, size))).toBe(value)
        if (size <= 6) expect(bigEndian(numberFrom(bigEndian(value, size)), size)).toEqual(bigEndian(value, size))
      } else expect(() => bigEndian(value, size)).toThrow(`${value}`)
    }),
  )
  for (const no of [0.5, Number.NaN, -1, 256]) expect(() => bigEndian(no, 1)).toThrow('2^8')
})

test('text survives UTF-8, in any script and at any length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
      expect(fromUtf8(utf8(text))).toBe(text)
      expect(utf8(text)).toEqual(new TextEncoder().encode(text))
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
