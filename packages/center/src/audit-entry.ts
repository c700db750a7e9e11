/** Entries and claims as they should be against those that are there. */
import type { Account } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import { compared, type Fact, type Finding } from './audit-finding.ts'
import { type ClaimRow, claimOf } from './book-writes.ts'

/** An entry made again from its cause, which does not always say when it was posted. */
export type Expected = Omit<Entry, 'at'> & { readonly at: number | undefined }

/** For causes that do not remember when they were posted. */
export const undated = (entry: Entry): Expected => ({ ...entry, at: undefined })

/** What an entry is called when an operator is to find it. */
export const entryRow = (entry: Omit<Entry, 'at'>): string =>
  `entry (${entry.subject}, ${entry.cause}, ${entry.first}, ${entry.second})`

type ExpectedClaim = Omit<ClaimRow, 'at' | 'window'> & { readonly at: number | undefined }

/** What a claim is called: its store's name and its entry's. */
export const claimRow = ({ store, subject, cause, first, second }: ExpectedClaim): string =>
  `claim (${store}, ${subject}, ${cause}, ${first}, ${second})`

/** Each cause makes just its entries: none is missing, none is there without a cause, none says anything else. */
export function compareEntries(expected: readonly Expected[], found: readonly Entry[]): Finding[] {
  const says = 'it moves something else than its cause does'
  return matched(expected, found, { name: entryRow, movement, amount: entry => entry.amount, says })
}

/** What each entry adds to what a store is owed, or takes from it, stands in that store's claims, and nothing else does. */
export function compareClaims(entries: readonly Expected[], found: readonly ClaimRow[]): Finding[] {
  const expected = entries.flatMap((entry): ExpectedClaim[] => {
    const claim = claimOf(entry)
    return claim === undefined ? [] : [{ ...entry, ...claim }]
  })
  const says = 'its store is owed something else by it than its entry moves'
  return matched<ExpectedClaim>(expected, found, {
    name: claimRow,
    movement: claimed,
    amount: claim => claim.amount,
    says,
  })
}

type Dated = { readonly at: number | undefined }

/** How rows of one kind are named and compared. */
interface Kind<Row> {
  readonly name: (row: Row) => string
  readonly movement: (row: Row) => string
  readonly amount: (row: Row) => bigint
  readonly says: string
}

function matched<Row extends Dated>(
  expected: readonly Row[],
  found: ReadonlyArray<Row & { readonly at: number }>,
  kind: Kind<Row>,
): Finding[] {
  if (expected.length + found.length === 0) return []
  const wanted = new Map(expected.map(row => [kind.name(row), row]))
  const there = new Set(found.map(kind.name))
  return [
    ...found.flatMap(row => against(wanted.get(kind.name(row)), row, kind)),
    ...expected.filter(row => !there.has(kind.name(row))).map(row => missing(row, kind)),
  ]
}

function against<Row extends Dated>(wanted: Row | undefined, found: Row, kind: Kind<Row>): Finding[] {
  if (wanted === undefined) return [causeless(found, kind)]
  const [row, invariant] = [kind.name(found), 'INV-ACCOUNTED'] as const
  const difference = kind.amount(found) - kind.amount(wanted)
  return [
    ...compared({ row, says: kind.says, invariant }, kind.movement(wanted), kind.movement(found)).map(finding => ({
      ...finding,
      difference,
    })),
    ...(wanted.at === undefined || wanted.at === found.at
      ? []
      : compared(
          { row, says: 'it was posted at another time than its cause', invariant: 'INV-LAW' },
          instant(wanted.at),
          instant(found.at),
        )),
  ]
}

const causeless = <Row>(found: Row, { name, movement: moved, amount }: Kind<Row>): Finding => ({
  row: name(found),
  says: 'nothing that happened is its cause',
  expected: 'no such row',
  found: moved(found),
  difference: amount(found),
  invariant: 'INV-ACCOUNTED',
})

const missing = <Row>(wanted: Row, { name, movement: moved, amount }: Kind<Row>): Finding => ({
  row: name(wanted),
  says: 'what happened was never posted',
  expected: moved(wanted),
  found: 'no such row',
  difference: 0n - amount(wanted),
  invariant: 'INV-ACCOUNTED',
})

const movement = ({ debit, credit, amount, currency }: Omit<Entry, 'at'>): string =>
  `${amount} ${currency} from ${spelled(debit)} to ${spelled(credit)}`

const claimed = ({ part, amount, currency }: Pick<ClaimRow, 'part' | 'amount' | 'currency'>): string =>
  `${amount} ${currency}, ${part}`

const spelled = (account: Account): string => ('owner' in account ? `${account.kind} ${account.owner}` : account.kind)

/** As a person reads it; a tampered one may be no date at all. */
function instant(at: number | undefined): Fact {
  const date = new Date(at ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString()
}
