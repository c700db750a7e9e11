import { expect, test } from 'vitest'
import { askedFor, bytesFor, HELP } from './options.ts'

const asked = (...args: string[]) => {
  const said = askedFor(args)
  return said.ok ? said.value : said.refusal
}

test('a whole run grows the largest book, and writes the published page', () => {
  expect(asked()).toEqual({
    ...{ help: false, quick: false, purses: 10_000_000 },
    ...{ json: 'docs/bench.json', page: 'docs/performance.md' },
  })
})

test('a quick run leaves the published page alone, unless told where to write', () => {
  expect(asked('--quick')).toMatchObject({ quick: true, purses: 100_000, json: undefined, page: undefined })
  expect(asked('--quick', '--json', 'here.json')).toMatchObject({ json: 'here.json', page: undefined })
})

test('a book grows tenfold at each step', () => {
  expect(asked('--purses', '1000000')).toMatchObject({ purses: 1_000_000 })
  expect(asked('--quick', '--purses', '1000000')).toMatchObject({ quick: true, purses: 1_000_000 })
})

test.each(['0', '-5', '1e6', '100001', 'many', '', '1000000000'])('"%s" purses are refused', purses => {
  expect(asked(`--purses=${purses}`)).toBe(
    `--purses takes one of 100000, 1000000, 10000000, 100000000, not "${purses}".`,
  )
})

test.each([
  [['--fast'], "Unknown option '--fast'."],
  [['--purses'], "Option '--purses <value>' argument missing."],
  [['--quick=yes'], "Option '--quick' does not take an argument."],
  [['now'], "Unexpected argument 'now'."],
])('%s is refused by a sentence', (args, sentence) => {
  expect(asked(...args)).toBe(sentence)
})

test('the help names every option, and every size with its disk', () => {
  for (const option of ['--quick', '--purses', '--json', '--page', '--help']) expect(HELP).toContain(`  ${option}`)
  expect(HELP).toContain(`${(bytesFor(1_000_000) / 2 ** 30).toFixed(1)} GB`)
})
