import { hex } from '@kozeni/base/bytes'
import { p256 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromDer, isLowS, lowS, toDer } from './signature-der.ts'

const ORDER = p256.Point.CURVE().n
const scalar = fc.oneof(
  fc.bigInt({ min: 1n, max: ORDER - 1n }),
  fc.bigInt({ min: 1n, max: 300n }),
  fc.constantFrom(ORDER >> 1n, (ORDER >> 1n) + 1n, ORDER - 1n),
)

test('a signature survives both spellings, which are those of another library', () => {
  fc.assert(
    fc.property(scalar, scalar, (r, s) => {
      const other = new p256.Signature(r, s)
      expect(hex(toDer(other.toBytes('compact')))).toBe(other.toHex('der'))
      expect(fromDer(other.toBytes('der'))).toEqual(other.toBytes('compact'))
    }),
    { numRuns: 1000 },
  )
})

test('of its two s the smaller one is taken, and no other is called low', () => {
  fc.assert(
    fc.property(scalar, scalar, (r, s) => {
      const signature = new p256.Signature(r, s)
      expect(isLowS(signature.toBytes('compact'))).toBe(s <= ORDER >> 1n)
      const low = new p256.Signature(r, s <= ORDER >> 1n ? s : ORDER - s)
      expect(lowS(signature.toBytes('compact'))).toEqual(low.toBytes('compact'))
    }),
    { numRuns: 1000 },
  )
  expect(isLowS(new Uint8Array(63))).toBe(false)
})
