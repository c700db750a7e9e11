import { hex } from '@kozeni/base/bytes'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSignatureInput, readSignatures } from './signature-input.ts'

test('several signatures are read, each with what it covers and its own parameters', () => {
  const header = 'a=("@method" "x";sf "@query-param";name="p");created=1;tag="t", kozeni=();keyid="k;\\"=";flag'
  expect(readSignatureInput(header)).toEqual([
    {
      label: 'a',
      covers: ['@method', '"x";sf', '"@query-param";name="p"'],
      parameters: new Map([
        ['created', '1'],
        ['tag', 't'],
      ]),
      text: '("@method" "x";sf "@query-param";name="p");created=1;tag="t"',
    },
    {
      label: 'kozeni',
      covers: [],
      parameters: new Map([
        ['keyid', '"k;\\"="'],
        ['flag', ''],
      ]),
      text: '();keyid="k;\\"=";flag',
    },
  ])
})

test('anything that a serializer of structured fields would not write is refused as a whole', () => {
  const wrong = [
    '',
    'a',
    'a=',
    'a=(',
    'a=("x" )',
    'a=( "x")',
    'a=("x"  "y")',
    'a=("x")x',
    'a=("x"),',
    ',a=("x")',
    'A=("x")',
  ]
  for (const header of [
    ...wrong,
    'a=("x");created=01',
    'a=("x"); created=1',
    'a=("x\n")',
    'a=(x)',
    `a=("${'x'.repeat(5000)}")`,
  ])
    expect(readSignatureInput(header)).toBe(undefined)
})

test('signatures are bytes between colons, one a label', () => {
  expect(readSignatures('a=:AQI=:, b=:AwQF:')).toEqual(
    new Map([
      ['a', Uint8Array.of(1, 2)],
      ['b', Uint8Array.of(3, 4, 5)],
    ]),
  )
  expect(hex(readSignatures('a=::')?.get('a') ?? Uint8Array.of(9))).toBe('')
  for (const header of ['', 'a=:AQI:', 'a=:AQJ=:', 'a=AQI=', 'a=:AQI=:, a=:AQI=:', 'a=:AQI=:,', 'a=:A-I=:'])
    expect(readSignatures(header)).toBe(undefined)
})

test('no header is slow to read or breaks the reader', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '=', '(', ')', '"', ';', ',', ' ', ':', '\\', '1', '?0')), parts => {
      const header = parts.join('')
      readSignatures(header)
      for (const { text } of readSignatureInput(header) ?? []) expect(header).toContain(text)
    }),
  )
  for (const piece of ['a', ';a', '"a" ', 'a=("a"),', '("', ';a=a', ':']) {
    const start = performance.now()
    for (const head of ['', 'a=(', 'a=("a"', 'a=()']) readSignatureInput((head + piece.repeat(4096)).slice(0, 4096))
    expect(performance.now() - start).toBeLessThan(500)
  }
})
