/** Entries and claims as they should be against those that are there. */
import type { Account } from '@kozeni/ledger/account'
import type { Entry, EntryName } from '@kozeni/ledger/entry'
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
  return matched<Expected>(expected, found, { name: entryRow, order: orderOfEntries, facts: moved, movement, says })
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
    order: orderOfClaims,
    facts: claim => [claim.amount, claim.currency, claim.part],
    movement: claimed,
    says,
  })
}

/** What entries and claims have alike. */
type Row = EntryName & { readonly amount: bigint; readonly at: number | undefined }

/** How rows of one kind are named and compared. */
interface Kind<R> {
  readonly name: (row: R) => string
  /** By their names: nought for two that have the same. */
  readonly order: (a: R, b: R) => number
  /** All that is compared. */
  readonly facts: (row: R) => readonly Fact[]
  /** The same in words. */
  readonly movement: (row: R) => string
  readonly says: string
}

const orderOfEntries = (a: EntryName, b: EntryName): number =>
  ordered(a.cause, b.cause) || ordered(a.first, b.first) || ordered(a.second, b.second) || ordered(a.subject, b.subject)

const orderOfClaims = (a: ExpectedClaim, b: ExpectedClaim): number => orderOfEntries(a, b) || ordered(a.store, b.store)

const ordered = <T extends bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

/** Both go by in the order of their names. */
function matched<R extends Row>(expected: readonly R[], found: readonly R[], kind: Kind<R>): Finding[] {
  const wanted = expected.toSorted(kind.order)
  const findings: Finding[] = []
  let next = 0
  for (const row of found.toSorted(kind.order)) {
    let own: R | undefined
    for (let one = wanted[next]; one !== undefined && kind.order(one, row) <= 0; one = wanted[++next])
      if (kind.order(one, row) === 0) own = one
      else findings.push(missing(one, kind))
    findings.push(...against(own, row, kind))
  }
  return [...findings, ...wanted.slice(next).map(row => missing(row, kind))]
}

function against<R extends Row>(wanted: R | undefined, found: R, kind: Kind<R>): Finding[] {
  if (wanted === undefined) return [causeless(found, kind)]
  const facts = kind.facts(found)
  const isSame = kind.facts(wanted).every((fact, i) => fact === facts[i])
  const isInTime = wanted.at === undefined || wanted.at === found.at
  return isSame && isInTime ? [] : differing(wanted, found, kind)
}

function differing<R extends Row>(wanted: R, found: R, kind: Kind<R>): Finding[] {
  const [row, invariant] = [kind.name(found), 'INV-ACCOUNTED'] as const
  const difference = found.amount - wanted.amount
  return [
    ...compared({ row, says: kind.says, invariant }, kind.movement(wanted), kind.movement(found)).map(finding => ({
      ...finding,
      difference,
    })),
    ...(wanted.at === undefined
      ? []
      : compared(
          { row, says: 'it was posted at another time than its cause', invariant: 'INV-LAW' },
          instant(wanted.at),
          instant(found.at),
        )),
  ]
}

const causeless = <R extends Row>(found: R, { name, movement }: Kind<R>): Finding => ({
  row: name(found),
  says: 'nothing that happened is its cause',
  expected: 'no such row',
  found: movement(found),
  difference: found.amount,
  invariant: 'INV-ACCOUNTED',
})

const missing = <R extends Row>(wanted: R, { name, movement }: Kind<R>): Finding => ({
  row: name(wanted),
  says: 'what happened was never posted',
  expected: movement(wanted),
  found: 'no such row',
  difference: 0n - wanted.amount,
  invariant: 'INV-ACCOUNTED',
})

const moved = ({ amount, currency, debit, credit }: Omit<Entry, 'at'>): readonly Fact[] => [
  amount,
  currency,
  debit.kind,
  ownerOf(debit),
  credit.kind,
  ownerOf(credit),
]

const ownerOf = (account: Account): string | undefined => ('owner' in account ? account.owner : undefined)

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
