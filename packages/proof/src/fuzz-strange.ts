/** What a request may be made of that no client of ours would send: strange values, broken texts, spoiled parts. Pure, from dice. */
import type { SeededDice } from '@kozeni/base/dice'

/** One of them. */
export function pick<T>(dice: SeededDice, items: readonly T[]): T {
  const item = items[dice.below(items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

const deep = (depth: number): unknown => Array.from({ length: depth }).reduce((inner: unknown) => [inner], 'deep')

/** In place of any value of a body. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 1.5, 1e308, -1e-308, 2 ** 32, 2 ** 53],
  ...['', ' ', '0', '-1', '01', '1e3', '1.0', '9'.repeat(30), '4294967295', '4294967296', '９９'],
  ...['a'.repeat(20_000), '\u0000', '\u202e', '\ud800', '💴', '../../etc/passwd', "'; drop table purse; --", '${7*7}'],
  ...['0000000000000000', '7fffffffffffffff', 'ffffffffffffffff', '00000000000000a1', 'JPY', 'jpy', 'XBT'],
  ...['https://example.org', 'http://169.254.169.254/', 'file:///etc/passwd', '2026-04-01T09:30:00.000Z', '9999-99-99'],
  ...[
    'AAAA',
    'AA==',
    '____',
    'A'.repeat(3000),
    [],
    [[]],
    {},
    { a: 1 },
    Array.from({ length: 1000 }, () => 0),
    deep(50),
  ],
]

/** In place of a whole body. */
const TEXTS: readonly string[] = [
  ...[
    '',
    'null',
    'true',
    '[]',
    '{}',
    '{',
    '}',
    '"x"',
    '1',
    'NaN',
    '{"a":',
    '{"a":1,"a":2}',
    '{a:1}',
    "{'a':1}",
    '\ufeff{}',
  ],
  ...[
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{}}}',
    `${'['.repeat(50_000)}`,
    `{"a":"${'x'.repeat(300_000)}"}`,
  ],
  ...['\u0000', '<xml/>', 'a=1&b=2', '{"a":1}{"b":2}', '1e999', '{"\\u0000":1}'],
]

/** Behind a path, or in place of what stands in it. */
const PATHS: readonly string[] = [
  ...[
    '/',
    '//',
    '/.',
    '/..',
    '/%00',
    '/%ff',
    '/%2e%2e',
    '/x',
    '?',
    '?x',
    '?limit=0',
    '?limit=501',
    '?limit=-1',
    '?limit=1e3',
  ],
  ...[
    '?after=x',
    '?after=%00',
    '?open=maybe',
    '?purse=1',
    '?limit=1&limit=2',
    '?__proto__=1',
    '?a[]=1',
    '#x',
    ';x=1',
    '%20',
  ],
]

const SEGMENTS = [
  '%00',
  '%ff',
  '%2f',
  '..%2f..',
  'x',
  '0',
  '-1',
  '1e3',
  '%F0%9F%92%B4',
  'A'.repeat(500),
  '00000000000000ff',
  '%',
]

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'application/json, application/json' },
  { 'content-type': 'multipart/form-data' },
  { 'content-encoding': 'gzip' },
  { accept: 'text/xml' },
  { authorization: 'Bearer' },
  { authorization: 'Bearer x' },
  { authorization: 'Basic eDp5' },
  { authorization: `Bearer ${'x'.repeat(2000)}` },
  { 'stripe-signature': 't=1,v1=00' },
  { 'stripe-signature': 'right' },
  { 'idempotency-key': '' },
  { 'idempotency-key': 'a b' },
  { 'idempotency-key': 'x'.repeat(65) },
  { 'signature-input': 'sig=()' },
  { 'signature-input': 'x' },
  { signature: 'sig=:AAAA:' },
  { 'content-digest': 'sha-256=:AAAA:' },
  { 'x-forwarded-for': '127.0.0.1' },
  { host: 'elsewhere.example' },
]

/** In place of a header, or beside the others. */
export const strangeHeaders = (dice: SeededDice): Readonly<Record<string, string>> => pick(dice, HEADERS)
/** In place of a body. */
export const strangeText = (dice: SeededDice): string => pick(dice, TEXTS)

/** A path with one of its parts spoiled, or something behind it. */
export function strangeTarget(dice: SeededDice, target: string): string {
  if (dice.below(2) === 0) return target + pick(dice, PATHS)
  const parts = target.split('/')
  parts[1 + dice.below(parts.length - 1)] = pick(dice, SEGMENTS)
  return parts.join('/')
}

/** A copy of a JSON value in which one value, however deep, is another, is missing, or has a neighbour. */
export function strangeValue(dice: SeededDice, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || dice.below(4) === 0) return pick(dice, VALUES)
  return Array.isArray(value) ? strangeItems(dice, value) : strangeFields(dice, value)
}

function strangeItems(dice: SeededDice, items: readonly unknown[]): readonly unknown[] {
  const at = dice.below(items.length + 1)
  return [...items.slice(0, at), strangeValue(dice, items[at]), ...items.slice(at + 1)]
}

function strangeFields(dice: SeededDice, fields: object): object {
  const copy: Record<string, unknown> = { ...fields }
  const names = Object.keys(copy)
  if (names.length === 0 || dice.below(8) === 0) return { ...copy, surplus: pick(dice, VALUES) }
  const name = pick(dice, names)
  const { [name]: field, ...others } = copy
  return dice.below(4) === 0 ? others : { ...copy, [name]: strangeValue(dice, field) }
}

/** The same text with one character another, doubled or gone. */
export function misspelled(dice: SeededDice, text: string): string {
  const at = dice.below(Math.max(1, text.length))
  const instead = pick(dice, ['', 'A', '0', '"', ':', `${text[at] ?? ''}${text[at] ?? ''}`])
  return text.slice(0, at) + instead + text.slice(at + 1)
}
