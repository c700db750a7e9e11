import { hex, unhex } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { id, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { MONEY_MAX, money } from '@kozeni/base/money'
import { ok } from '@kozeni/base/result'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/number.json' with { type: 'json' }
import { parseNumber } from './number.ts'
import { someTransaction } from './offer.contract.ts'
import { payLink, readPayLink } from './paylink.ts'
import { decodeTransaction, encodeTransaction, readTransaction, transactionJson } from './transaction.ts'

const web = {
  store: id<StoreId>('0102030405060708'),
  terminal: null,
  sequence: 1,
  amount: money(1200n),
  currency: currency('JPY'),
  time: 1_793_500_000,
  expires: 1_793_500_900,
  orderReference: 'A-17',
  returnUrl: 'https://shop.example/thanks',
  generation: 1,
  window: 20_758,
}

test.each(vectors.numbers)(
  'the canonical bytes of $source are those of the vectors',
  ({ transaction, encoded, link, number }) => {
    const read = readTransaction(transaction)
    if (!read.ok) throw new Error(read.refusal.code)
    expect(hex(encodeTransaction(read.value))).toBe(encoded)
    expect(decodeTransaction(unhex(encoded))).toEqual(read.value)
    expect(payLink({ transaction: read.value, number: numberOf(number) })).toBe(link)
  },
)

test('a transaction survives its bytes, its JSON and its link', () => {
  fc.assert(
    fc.property(someTransaction, transaction => {
      expect(decodeTransaction(encodeTransaction(transaction))).toEqual(transaction)
      expect(readTransaction(JSON.parse(JSON.stringify(transactionJson(transaction))))).toEqual(ok(transaction))
      const offer = { transaction, number: numberOf(vectors.numbers[0]?.number ?? '') }
      expect(readPayLink(payLink(offer))).toEqual(ok(offer))
    }),
  )
})

test('two different transactions never have the same bytes', () => {
  fc.assert(
    fc.property(someTransaction, someTransaction, (a, b) => {
      const same = JSON.stringify(transactionJson(a)) === JSON.stringify(transactionJson(b))
      expect(hex(encodeTransaction(a)) === hex(encodeTransaction(b))).toBe(same)
    }),
  )
})

test('one transaction has one encoding: cut, lengthened or changed in one byte it is another transaction, or none', () => {
  fc.assert(
    fc.property(someTransaction, fc.nat(), fc.integer({ min: 1, max: 255 }), (transaction, where, change) => {
      const bytes = encodeTransaction(transaction)
      expect(decodeTransaction(bytes.slice(0, where % bytes.length))).toBeUndefined()
      expect(decodeTransaction(Uint8Array.of(...bytes, change))).toBeUndefined()
      const changed = bytes.map((byte, i) => (i === where % bytes.length ? byte ^ change : byte))
      const read = decodeTransaction(changed)
      expect(read === undefined || hex(encodeTransaction(read)) === hex(changed)).toBe(true)
    }),
  )
})

test.each([
  ['store', '0000000000000000'],
  ['terminal', 'web'],
  ['terminal', undefined],
  ['sequence', -1],
  ['sequence', 2 ** 32],
  ['sequence', '1'],
  ['amount', '0'],
  ['amount', 1200],
  ['amount', '12.00'],
  ['amount', String(MONEY_MAX + 1n)],
  ['currency', 'XBT'],
  ['time', 1.5],
  ['expires', web.time],
  ['orderReference', 'あ'.repeat(22)],
  ['orderReference', 'a\u0000b'],
  ['orderReference', '\ud800'],
  ['returnUrl', 'javascript:alert(1)'],
  ['returnUrl', 'http://shop.example/'],
  ['returnUrl', `https://shop.example/${'x'.repeat(500)}`],
  ['generation', null],
  ['window', Number.NaN],
])('a transaction whose %s is %j is refused, and the field is named', (field, value) => {
  const read = readTransaction({ ...transactionJson(web), [field]: value })
  expect(read).toMatchObject({ ok: false, refusal: { code: 'data-wrong', facts: { field } } })
})

test('a field that nobody declared is refused: nothing vouches for it', () => {
  expect(readTransaction({ ...transactionJson(web), tip: '1' })).toMatchObject({ refusal: { facts: { field: 'tip' } } })
})

test.each(['', 'https://shop.example', 'http://localhost:3000/done', 'http://127.0.0.1'])(
  '"%s" may be a return address',
  url => {
    expect(readTransaction({ ...transactionJson(web), returnUrl: url }).ok).toBe(true)
  },
)

test('a sale on the web and the same sale at a till have different bytes', () => {
  const till = { ...web, terminal: id<TerminalId>('0a0b0c0d0e0f1011') }
  expect(encodeTransaction(till)).not.toEqual(encodeTransaction(web))
})

test.each([
  '',
  'https://shop.example',
  'kozeni:pay?t=AVE&n=1',
  'kozeni:pay?n=1&t=AVE',
  `${vectors.numbers[0]?.link}&x=1`,
])('what is no link of a sale is refused as such: "%s"', link => {
  expect(readPayLink(link)).toMatchObject({ ok: false, refusal: { code: 'data-wrong' } })
})

function numberOf(text: string) {
  const number = parseNumber(text)
  if (!number.ok) throw new Error('the vectors hold numbers')
  return number.value
}
