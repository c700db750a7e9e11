import { bigEndian, hex, unhex } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { id, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { ok } from '@kozeni/base/result'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/number.json' with { type: 'json' }
import { nobleCrypto } from './crypto-noble.ts'
import { nodeCrypto } from './crypto-node.ts'
import {
  checkNumber,
  makeNumber,
  NUMBER_BYTES,
  numberBytes,
  numberFromBytes,
  parseNumber,
  sequenceOf,
} from './number.ts'
import { someTransaction } from './offer.contract.ts'
import { numberKey, seedOf } from './seed.ts'
import { readTransaction, type Transaction } from './transaction.ts'

const ALPHABET = Array.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ')
const someSeed = fc.uint8Array({ minLength: 32, maxLength: 32 })

test.each(vectors.numbers)('the number of $source is that of the vectors', ({ transaction, ...expected }) => {
  const read = readTransaction(transaction)
  if (!read.ok) throw new Error(read.refusal.code)
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    const seed = seedOf(crypto, unhex(vectors.master), read.value)
    expect(hex(seed)).toBe(expected.seed)
    expect(hex(numberKey(crypto, seed))).toBe(expected.numberKey)
    const number = makeNumber(crypto, seed, read.value)
    expect({ number, bytes: hex(numberBytes(number)) }).toEqual({ number: expected.number, bytes: expected.bytes })
    expect(checkNumber(crypto, seed, read.value, expected.number)).toEqual(ok(number))
  }
})

test.each(vectors.read)('a person may type it as "$typed"', ({ typed, number }) => {
  expect(parseNumber(typed)).toEqual(ok(number))
})

test.each(vectors.slips)('"$typed" is a typing slip, and is called one', ({ typed }) => {
  expect(parseNumber(typed)).toMatchObject({ refusal: { code: 'data-wrong', facts: { check: 'spelling' } } })
})

const flipped = (number: number): number => (number ^ 1) >>> 0

/** Every field, and how to make it another. */
const alterations: { readonly [K in keyof Transaction]: (transaction: Transaction) => Transaction } = {
  store: one => ({
    ...one,
    store: id<StoreId>(one.store === '0000000000000001' ? '0000000000000002' : '0000000000000001'),
  }),
  terminal: one => ({ ...one, terminal: one.terminal === null ? id<TerminalId>('0000000000000001') : null }),
  sequence: one => ({ ...one, sequence: flipped(one.sequence) }),
  amount: one => ({ ...one, amount: money(one.amount ^ 1n) }),
  currency: one => ({ ...one, currency: one.currency === 'JPY' ? currency('USD') : currency('JPY') }),
  time: one => ({ ...one, time: flipped(one.time) }),
  expires: one => ({ ...one, expires: flipped(one.expires) }),
  orderReference: one => ({ ...one, orderReference: `${one.orderReference}x` }),
  returnUrl: one => ({ ...one, returnUrl: `${one.returnUrl}x` }),
  generation: one => ({ ...one, generation: flipped(one.generation) }),
  window: one => ({ ...one, window: flipped(one.window) }),
}

test.each(Object.entries(alterations))('an altered %s is found out', (field, alter) => {
  fc.assert(
    fc.property(someTransaction, someSeed, (transaction, seed) => {
      const number = makeNumber(nodeCrypto, seed, transaction)
      const checked = checkNumber(nodeCrypto, seed, alter(transaction), number)
      const check = field === 'sequence' ? 'sequence' : 'mac'
      expect(checked).toMatchObject({ ok: false, refusal: { code: 'transaction-altered', facts: { check } } })
    }),
    { numRuns: 50 },
  )
})

test('numbers of two stores, windows or generations never hold for each other', () => {
  const place = fc.record({
    store: fc.constantFrom('0000000000000001', '0000000000000002').map(text => id<StoreId>(text)),
    generation: fc.nat({ max: 2 }),
    window: fc.nat({ max: 2 }),
  })
  const master = unhex(vectors.master)
  fc.assert(
    fc.property(place, place, someTransaction, (here, there, transaction) => {
      const sale = { ...transaction, ...here }
      const number = makeNumber(nodeCrypto, seedOf(nodeCrypto, master, here), sale)
      const same = JSON.stringify(here) === JSON.stringify(there)
      expect(checkNumber(nodeCrypto, seedOf(nodeCrypto, master, there), sale, number).ok).toBe(same)
      expect(checkNumber(nodeCrypto, seedOf(nodeCrypto, master, there), { ...sale, ...there }, number).ok).toBe(same)
    }),
  )
})

test('fourteen bytes survive their spelling, and the sequence stands in front', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: NUMBER_BYTES, maxLength: NUMBER_BYTES }), bytes => {
      const number = numberFromBytes(bytes)
      expect(number).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/)
      expect(numberBytes(number)).toEqual(bytes)
      expect(sequenceOf(number)).toBe(Number.parseInt(hex(bytes.slice(0, 4)), 16))
    }),
  )
})

/**
 * A number with the characters a and b at `at` and the place after it, or undefined where none has them. The last place
 * follows from the others, so there b stands before a, and every pair comes up too.
 */
function withPair(at: number, a: number, b: number): string | undefined {
  if (at === 0 && a > 3) return undefined
  const next = at === 22 ? 21 : at + 1
  const others = at > 2 ? 0b10_11101n << 100n : 0b11011n << 5n
  const value = others | (BigInt(a) << BigInt(5 * (22 - at))) | (BigInt(b) << BigInt(5 * (22 - next)))
  return numberFromBytes(bigEndian(value, NUMBER_BYTES)).replaceAll('-', '')
}

const replaced = (text: string, at: number, character: string): string =>
  text.slice(0, at) + character + text.slice(at + 1)

test('every single wrong character is caught: every place, every character there, every other in its stead', () => {
  let caught = 0
  for (let at = 0; at < 24; at++)
    for (let digit = 0; digit < 32; digit++) {
      const number = at < 23 ? withPair(at, digit, 7) : withPair(22, digit, 0)
      if (number === undefined) continue
      for (const other of ALPHABET)
        if (other !== number.charAt(at)) caught += parseNumber(replaced(number, at, other)).ok ? -1e9 : 1
    }
  expect(caught).toBe((4 + 23 * 32) * 31)
})

test('every swap of neighbours is caught: every place, every two characters', () => {
  let caught = 0
  for (let at = 0; at < 23; at++)
    for (let a = 0; a < 32; a++)
      for (let b = 0; b < 32; b++) {
        const number = withPair(at, a, b)
        if (number === undefined || number.charAt(at) === number.charAt(at + 1)) continue
        const swapped = replaced(replaced(number, at, number.charAt(at + 1)), at + 1, number.charAt(at))
        caught += parseNumber(swapped).ok ? -1e9 : 1
      }
  expect(caught).toBe(4 * 31 + 22 * 32 * 31)
})

test('a swap of any two characters, however far apart, is caught', () => {
  const number = (vectors.numbers[0]?.number ?? '').replaceAll('-', '')
  for (let i = 0; i < 24; i++)
    for (let j = i + 1; j < 24; j++) {
      const swapped = replaced(replaced(number, i, number.charAt(j)), j, number.charAt(i))
      expect(parseNumber(swapped).ok).toBe(swapped === number)
    }
})
