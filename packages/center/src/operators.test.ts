import { hex } from '@kozeni/base/bytes'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { expect, test } from 'vitest'
import { operatorBy, operatorOf, readOperators } from './operators.ts'

const anna = operatorOf(crypto, 'anna', 'the token of Anna')
const ben = operatorOf(crypto, 'ben', 'the token of Ben')
const spelled = (...operators: (typeof anna)[]) =>
  Object.fromEntries(operators.map(({ name, tokenDigest }) => [name, hex(tokenDigest)]))

test('an operator is known by the token, and nobody by another', () => {
  expect(operatorBy(crypto, [anna, ben], 'the token of Ben')?.name).toBe('ben')
  expect(operatorBy(crypto, [anna, ben], 'the token of Bea')).toBeUndefined()
})

test('a file names operators with the digests of their tokens, and holds no token', () => {
  expect(readOperators(spelled(anna, ben))).toEqual([anna, ben])
})

test.each([
  ['no object', ['anna']],
  ['a digest that is none', { anna: 'the token of Anna' }],
  ['a name that nobody could read in a log', { 'Anna\n': hex(anna.tokenDigest) }],
  ['two names with one token', { anna: hex(anna.tokenDigest), ben: hex(anna.tokenDigest) }],
])('a file with %s names nobody', (_, value) => {
  expect(readOperators(value)).toBeUndefined()
})
