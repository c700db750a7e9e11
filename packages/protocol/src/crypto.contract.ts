/** What every implementation of the port must answer: published vectors, then agreement with each other. */
import { type Bytes, hex, unhex, utf8 } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/crypto.json' with { type: 'json' }
import type { Crypto } from './crypto.ts'

export function cryptoContract(name: string, crypto: Crypto, other: Crypto): void {
  test.each(vectors.cmac)(`${name}: CMAC of $source`, ({ key, message, mac }) => {
    expect(hex(crypto.cmac(unhex(key), unhex(message)))).toBe(mac)
  })

  test.each(vectors.hmac)(`${name}: HMAC-SHA-256 of $source`, ({ key, message, mac }) => {
    expect(hex(crypto.hmac(unhex(key), unhex(message)))).toBe(mac)
  })

  test.each(vectors.ctr)(`${name}: AES-CTR of $source`, ({ key, counter, plain, sealed }) => {
    expect(hex(crypto.ctr(unhex(key), unhex(counter), unhex(plain)))).toBe(sealed)
    expect(hex(crypto.ctr(unhex(key), unhex(counter), unhex(sealed)))).toBe(plain)
  })

  test.each(vectors.cbc)(`${name}: AES-CBC of $source`, ({ key, iv, plain, sealed }) => {
    expect(hex(crypto.cbcEncrypt(unhex(key), unhex(iv), unhex(plain)))).toBe(sealed)
    expect(hex(crypto.cbcDecrypt(unhex(key), unhex(iv), unhex(sealed)))).toBe(plain)
  })

  test.each(vectors.ecdsa)(`${name}: P-256 of $source`, ({ privateKey, publicKey, message, signature }) => {
    expect(hex(crypto.publicKey(unhex(privateKey)))).toBe(publicKey)
    expect(crypto.verify(unhex(publicKey), utf8(message), unhex(signature))).toBe(true)
  })

  test(`${name}: what one signs, the other accepts, and not one changed bit of it`, () => {
    const dice = new SeededDice(1)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 511 }), (message, bit) => {
        const privateKey = crypto.generate(dice)
        const publicKey = crypto.publicKey(privateKey)
        const signature = crypto.sign(privateKey, message)
        expect(other.verify(publicKey, message, signature)).toBe(true)
        expect(other.verify(publicKey, message, flipped(signature, bit))).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  test(`${name}: the mirrored signature with the high s is refused`, () => {
    const privateKey = crypto.generate(new SeededDice(2))
    const signature = crypto.sign(privateKey, utf8('receipt'))
    const mirrored = unhex(hex(signature.slice(0, 32)) + (ORDER - s(signature)).toString(16).padStart(64, '0'))
    expect(crypto.verify(crypto.publicKey(privateKey), utf8('receipt'), mirrored)).toBe(false)
  })

  test(`${name}: both ends of an agreement hold the same secret, and a point off the curve holds none`, () => {
    const dice = new SeededDice(3)
    const [mine, theirs] = [crypto.generate(dice), other.generate(dice)]
    const secret = crypto.agree(mine, other.publicKey(theirs))
    expect(secret).toEqual(other.agree(theirs, crypto.publicKey(mine)))
    const off = flipped(other.publicKey(theirs), 77)
    expect(crypto.agree(mine, off)).toBeUndefined()
    expect(crypto.verify(off, utf8('x'), crypto.sign(mine, utf8('x')))).toBe(false)
  })

  test(`${name}: MACs and ciphers agree with the other implementation on any input`, () => {
    const block = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(block, block, fc.uint8Array({ maxLength: 70 }), (key, iv, text) => {
        expect(crypto.cmac(key, text)).toEqual(other.cmac(key, text))
        expect(crypto.hmac(key, text)).toEqual(other.hmac(key, text))
        expect(crypto.sha256(text)).toEqual(other.sha256(text))
        expect(crypto.ctr(key, iv, text)).toEqual(other.ctr(key, iv, text))
      }),
    )
  })
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const s = (signature: Bytes): bigint => BigInt(`0x${hex(signature.slice(32))}`)

function flipped(bytes: Bytes, bit: number): Bytes {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}
