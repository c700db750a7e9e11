import { base64url, utf8 } from '@kozeni/base/bytes'
import { MONEY_MAX } from '@kozeni/base/money'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readInput, readJson } from './input.ts'
import { routes } from './routes.ts'

const PURSE = '5f3a91c07be2d846'
const load = { purse: PURSE, amount: '2000', currency: 'JPY', method: 'cash' }
const readLoad = (value: unknown) => readInput(routes.createLoad.body, value, 'body')
const wrong = (field: string) => ({
  ok: false,
  refusal: { code: 'input-wrong', facts: { part: 'body', field } },
})

test('a request that is spelled as the reference says is taken as it is', () => {
  expect(readLoad(load)).toEqual({ ok: true, value: load })
})

test('an amount is plain digits of more than zero that fit a chip’s field, or the field is named', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: MONEY_MAX }), minorUnits => {
      expect(readLoad({ ...load, amount: String(minorUnits) }).ok).toBe(true)
    }),
  )
  const others = ['1e3', '１', '-1', '0', '00', '01', '+1', ' 1', '1 ', '1.0', '0x10', '', '1_000', '4294967296', '٣']
  for (const amount of [...others, String(2 ** 53), 2000, 2 ** 53, 2000n, null, undefined, ['1'], { amount: '1' }])
    expect(readLoad({ ...load, amount })).toEqual(wrong('amount'))
})

test('a name is sixteen hexadecimal digits with the top bit clear, or the field is named', () => {
  for (const purse of ['', '5F3A91C07BE2D846', '0000000000000000', 'ffffffffffffffff', `${PURSE}0`, `${PURSE} `, 7, {}])
    expect(readLoad({ ...load, purse })).toEqual(wrong('purse'))
})

test('a field that nobody declared is refused by its name, and a very long name is cut', () => {
  expect(readLoad({ ...load, extra: 1 })).toEqual(wrong('extra'))
  expect(readLoad(JSON.parse(`{"__proto__": {"amount": "1"}, ${JSON.stringify(load).slice(1)}`))).toEqual(
    wrong('__proto__'),
  )
  expect(readLoad({ ...load, ['x'.repeat(5000)]: 1 })).toEqual(wrong('x'.repeat(80)))
  expect(
    readInput(routes.contact.body, { purpose: { kind: 'purse', purse: PURSE, x: 1 }, responses: [] }, 'body'),
  ).toEqual(wrong('purpose.x'))
})

test('anything but an object is refused as a whole, however deep it is nested', () => {
  const deep = readJson('['.repeat(100_000) + ']'.repeat(100_000))
  for (const value of [deep.ok && deep.value, null, 'text', 7, [], undefined, true])
    expect(readLoad(value)).toEqual(wrong('body'))
  expect(readLoad({ ...load, method: deep.ok && deep.value })).toEqual(wrong('method'))
})

test('text has no control characters, no lone surrogates and no more characters than it may', () => {
  for (const method of ['', 'a\u0000b', 'a\nb', '\ud800', 'x'.repeat(121)])
    expect(readLoad({ ...load, method })).toEqual(wrong('method'))
})

test('lists are bounded, and the wrong item is named by its place', () => {
  const uploaded = (receipt: string) => ({ receipt, position: 1, hotlist: 0 })
  const receipt = base64url(new Uint8Array(189))
  const upload = (receipts: unknown) => readInput(routes.uploadReceipts.body, { receipts }, 'body')
  expect(upload(Array(500).fill(uploaded(receipt))).ok).toBe(true)
  expect(upload(Array(501).fill(uploaded(receipt)))).toEqual(wrong('receipts'))
  expect(upload([uploaded(receipt), uploaded(`${receipt}=`)])).toEqual(wrong('receipts.1.receipt'))
  expect(upload([uploaded(base64url(new Uint8Array(600)))])).toEqual(wrong('receipts.0.receipt'))
})

test('the first round of a contact has a purpose and the later ones a token, never both, never none', () => {
  const round = (value: object) => readInput(routes.contact.body, { responses: [], ...value }, 'body')
  const purpose = { kind: 'install', chip: PURSE }
  expect(round({ purpose }).ok).toBe(true)
  expect(round({ token: 'AAAA' }).ok).toBe(true)
  expect(round({})).toEqual(wrong('purpose'))
  expect(round({ purpose, token: 'AAAA' })).toEqual(wrong('purpose'))
})

test('a body that is no JSON, or no text at all, is refused', () => {
  for (const body of ['', '{', '{"a":1}}', "{'a':1}", utf8('nul'), Uint8Array.of(0x22, 0xff, 0x22)])
    expect(readJson(body)).toEqual(wrong('body'))
  expect(readJson(utf8('{"a":1}'))).toEqual({ ok: true, value: { a: 1 } })
})

test('what was wrong in the value is never repeated, whatever the value is', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 12 }), secret => {
      const read = readLoad({ ...load, currency: `secret ${secret}` })
      expect(JSON.stringify(read)).not.toContain('secret')
    }),
  )
})
