import { NO_BYTES, unhex, utf8 } from '@kozeni/base/bytes'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/signature.json' with { type: 'json' }
import { lowS } from './low-s.ts'
import { componentValue, signatureBase } from './signature-base.ts'
import { readSignatureInput, readSignatures } from './signature-input.ts'

test.each(vectors.bases)('the signature base is the one of $source', ({ input, base, headers, ...line }) => {
  const [read] = readSignatureInput(input) ?? []
  const { host, ...named } = headers
  const request = { ...line, headers: { ...named, host }, body: NO_BYTES }
  const components = (read?.covers ?? []).map(name => [name, componentValue(request, name) ?? ''] as const)
  expect(signatureBase(components, read?.text ?? '')).toBe(base)
})

test.each(vectors.signatures)('the signature verifies that is $source', ({ publicKey, values, input, signature }) => {
  const [read] = readSignatureInput(input) ?? []
  const base =
    signatureBase(
      (read?.covers ?? []).map((name, i) => [name, values[i] ?? '']),
      read?.text ?? '',
    ) ?? ''
  const bytes = lowS(readSignatures(signature)?.get('sig-b24') ?? NO_BYTES)
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    expect(crypto.verify(unhex(publicKey), utf8(base), bytes)).toBe(true)
    expect(crypto.verify(unhex(publicKey), utf8(base.replace('200', '201')), bytes)).toBe(false)
  }
})

const request = {
  method: 'GET',
  authority: 'Center.Example:443',
  target: '/a%20b',
  headers: { x: ' \t1 ' },
  body: NO_BYTES,
}

test('the authority is in lower case without a default port, a missing query is a lone question mark', () => {
  expect(componentValue(request, '@authority')).toBe('center.example')
  expect(componentValue({ ...request, authority: '[::1]:8080' }, '@authority')).toBe('[::1]:8080')
  expect(componentValue(request, '@path')).toBe('/a%20b')
  expect(componentValue(request, '@query')).toBe('?')
  expect(componentValue({ ...request, target: '/?a=?b' }, '@query')).toBe('?a=?b')
  expect(componentValue(request, 'x')).toBe('1')
})

test('what a request does not have, or what is no component here, has no value', () => {
  for (const name of ['y', '@status', '@scheme', 'constructor', ''])
    expect(componentValue(request, name)).toBe(undefined)
})

test('a base with a name twice, or with a second line inside a value, is none', () => {
  expect(
    signatureBase(
      [
        ['a', '1'],
        ['a', '1'],
      ],
      '()',
    ),
  ).toBe(undefined)
  expect(signatureBase([['a', '1\n"b": 2']], '()')).toBe(undefined)
})
