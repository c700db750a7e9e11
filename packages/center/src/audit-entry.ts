/** Entries as they should be against entries as they are. */
import type { Account } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'

/** One disagreement. Amounts are minor units; `difference` is what is there less what should be. */
export interface Finding {
  /** Where: table and key, as an operator can look it up. */
  readonly row: string
  /** One plain sentence. */
  readonly says: string
  readonly expected: string
  readonly found: string
  readonly difference: bigint | undefined
  readonly invariant: 'INV-SUM' | 'INV-ACCOUNTED' | 'INV-ONCE' | 'INV-EVID' | 'INV-FLAG' | 'INV-AUDIT'
}

/** What an entry is called when an operator is to find it. */
export const entryName = (entry: Entry): string =>
  `entry (${entry.subject}, ${entry.cause}, ${entry.first}, ${entry.second})`

/** Each cause makes just its entries: none is missing, none is there without a cause, none says anything else. */
export function compareEntries(expected: readonly Entry[], found: readonly Entry[]): Finding[] {
  const wanted = new Map(expected.map(entry => [entryName(entry), entry]))
  const there = new Map(found.map(entry => [entryName(entry), entry]))
  return [
    ...found.flatMap(entry => against(wanted.get(entryName(entry)), entry)),
    ...expected.filter(entry => !there.has(entryName(entry))).map(missing),
  ]
}

function against(wanted: Entry | undefined, found: Entry): Finding[] {
  if (wanted === undefined) return [causeless(found)]
  const [should, is] = [movement(wanted), movement(found)]
  if (should === is) return []
  const difference = found.amount - wanted.amount
  const says = 'it moves something else than its cause does'
  return [{ row: entryName(found), says, expected: should, found: is, difference, invariant: 'INV-ACCOUNTED' }]
}

const causeless = (found: Entry): Finding => ({
  row: entryName(found),
  says: 'nothing that happened is its cause',
  expected: 'no such entry',
  found: movement(found),
  difference: found.amount,
  invariant: 'INV-ACCOUNTED',
})

const missing = (wanted: Entry): Finding => ({
  row: entryName(wanted),
  says: 'what happened was never posted',
  expected: movement(wanted),
  found: 'no such entry',
  difference: 0n - wanted.amount,
  invariant: 'INV-ACCOUNTED',
})

const movement = ({ debit, credit, amount, currency }: Entry): string =>
  `${amount} ${currency} from ${spelled(debit)} to ${spelled(credit)}`

const spelled = (account: Account): string => ('owner' in account ? `${account.kind} ${account.owner}` : account.kind)
