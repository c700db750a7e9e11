import { base64url, fromBase64url, hex, unhex } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { id, type StoreId } from '@kozeni/base/ids'
import { MONEY_MAX, money } from '@kozeni/base/money'
import { ok } from '@kozeni/base/result'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/proof.json' with { type: 'json' }
import { nobleCrypto } from './crypto-noble.ts'
import { nodeCrypto } from './crypto-node.ts'
import { NUMBER_BYTES, numberFromBytes, parseNumber } from './number.ts'
import { checkProof, makeProof, PROOF_BYTES, type Proof, readProof } from './proof.ts'
import { proofKey } from './seed.ts'

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const someProof: fc.Arbitrary<Proof> = fc.record({
  store: fc.constant(id<StoreId>('0102030405060708')),
  number: exactly(NUMBER_BYTES).map(numberFromBytes),
  amount: fc.bigInt({ min: 1n, max: MONEY_MAX }).map(money),
  currency: fc.constant(currency('JPY')),
  epoch: fc.nat({ max: 0xffff_ffff }),
  operation: exactly(16).map(hex),
  verdict: fc.constantFrom('paid', 'not-paid'),
})

test.each(vectors.proofs)('the proof of $source is that of the vectors', ({ seed, proof, ...expected }) => {
  const number = parseNumber(proof.number)
  if (!number.ok) throw new Error('the vectors hold numbers')
  const said: Proof = {
    ...proof,
    store: id<StoreId>(proof.store),
    number: number.value,
    amount: money(BigInt(proof.amount)),
    currency: currency(proof.currency),
    verdict: proof.verdict === 'paid' ? 'paid' : 'not-paid',
  }
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    expect(hex(proofKey(crypto, unhex(seed)))).toBe(expected.proofKey)
    expect(makeProof(crypto, unhex(seed), said)).toBe(expected.text)
    expect(checkProof(crypto, unhex(seed), expected.text)).toEqual(ok(said))
  }
})

test('a proof says what was proved, to whoever holds the seed', () => {
  fc.assert(
    fc.property(someProof, exactly(32), (proof, seed) => {
      const text = makeProof(nodeCrypto, seed, proof)
      expect(checkProof(nodeCrypto, seed, text)).toEqual(ok(proof))
      expect(readProof(text)).toEqual(ok(proof))
    }),
  )
})

test('a proof of another store, window or generation proves nothing here', () => {
  fc.assert(
    fc.property(someProof, exactly(32), exactly(32), (proof, seed, other) => {
      fc.pre(hex(seed) !== hex(other))
      expect(checkProof(nodeCrypto, other, makeProof(nodeCrypto, seed, proof))).toMatchObject({
        refusal: { code: 'mac-wrong' },
      })
    }),
  )
})

test('not one bit of a proof can be changed', () => {
  const [vector] = vectors.proofs
  const seed = unhex(vector?.seed ?? '')
  const bytes = fromBase64url(vector?.text ?? '') ?? new Uint8Array()
  expect(bytes.length).toBe(PROOF_BYTES)
  for (let bit = 0; bit < 8 * PROOF_BYTES; bit++) {
    const changed = bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    expect(checkProof(nodeCrypto, seed, base64url(changed)).ok).toBe(false)
  }
})

test.each(['', 'x', 'AVI', `${vectors.proofs[0]?.text}A`, `${vectors.proofs[0]?.text}=`, 'あ'])(
  '"%s" is no proof',
  text => {
    expect(readProof(text)).toMatchObject({ refusal: { code: 'data-wrong', facts: { field: 'proof' } } })
  },
)
