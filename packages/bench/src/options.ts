/** What `npm run bench` is asked for on the command line, and what its help says. Pure. */
import { parseArgs } from 'node:util'
import { no, ok, type Result } from '@kozeni/base/result'

/** Disk for each purse and its receipt, indexes and log included, with room to spare. */
export const PURSE_BYTES = 2500
/** What everything else takes: an empty cluster, its log, and what is collected, paid and inserted beside the purses. */
const REST_BYTES = 5 * 2 ** 30

/** How far a book may grow, tenfold at each step; with how long all of it took on two processors. */
const SIZES = [
  { purses: 100_000, took: '16 minutes; 2 with --quick' },
  { purses: 1_000_000, took: '18 minutes' },
  { purses: 10_000_000, took: '30 minutes' },
  { purses: 100_000_000, took: '3 hours, reckoned from a tenth of it' },
]
const LARGEST = 10_000_000
const QUICK = 100_000

export interface Asked {
  readonly help: boolean
  readonly quick: boolean
  /** The most purses that are made. */
  readonly purses: number
  /** Where the figures and the page go; undefined for a temporary folder. */
  readonly json: string | undefined
  readonly page: string | undefined
}

/**
 * @param args  what follows `npm run bench --`
 * @refuses with a sentence
 */
export function askedFor(args: readonly string[]): Result<Asked, string> {
  const parsed = parsedFrom(args)
  if (!parsed.ok) return parsed
  const { help, quick, purses, json = quick ? undefined : JSON_FILE, page = quick ? undefined : PAGE } = parsed.value
  const most = purses === undefined ? (quick ? QUICK : LARGEST) : sizeOf(purses)
  return most === undefined
    ? no(`--purses takes one of ${SIZES.map(size => size.purses).join(', ')}, not "${purses}".`)
    : ok({ help, quick, purses: most, json, page })
}

const JSON_FILE = 'docs/bench.json'
const PAGE = 'docs/performance.md'

function parsedFrom(args: readonly string[]) {
  try {
    return ok(parseArgs({ args: [...args], options: OPTIONS }).values)
  } catch (error) {
    const [first = ''] = error instanceof Error ? error.message.split('. ') : []
    return no(`${first}.`)
  }
}

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  purses: { type: 'string' },
  json: { type: 'string' },
  page: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const sizeOf = (text: string): number | undefined => SIZES.find(({ purses }) => String(purses) === text)?.purses

/** Bytes of disk that a book of so many purses takes. */
export const bytesFor = (purses: number): number => REST_BYTES + purses * PURSE_BYTES

/** As people read it. */
export const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`

export const HELP = `npm run bench -- [--quick] [--purses N] [--json FILE] [--page FILE]

Measures the center on a real PostgreSQL with full durability, beside yardsticks on the same database in the same run, and
prints a table. The database is the bench's own and is removed at the end: in a PostgreSQL that it starts, or on the server
that DATABASE_URL names, whose user must be allowed to make databases.

  --quick      a quarter of the work, once instead of five times; writes into a temporary folder unless told where
  --purses N   how far the book grows (${LARGEST}; with --quick ${QUICK})
  --json FILE  where the figures go (${JSON_FILE})
  --page FILE  where the page goes (${PAGE})
  --help       this

What it takes on two processors:
${SIZES.map(({ purses, took }) => `  --purses ${String(purses).padEnd(10)} ${`${gigabytes(bytesFor(purses))} of disk,`.padEnd(18)} ${took}`).join('\n')}

Ctrl-C ends it and removes what it made.`
