/**
 * What two operators may decide of an operation that a restored book has open and that its chip's ring does not reach, or
 * whose store never reports (F-12). The chip's fence has been heard, so nothing can happen on it any more; its totals bound
 * what people may say that happened. The operation is closed through the one handler; the next contact's fence then lets the
 * purse into the epoch. Pure.
 */
import { type Money, ZERO } from '@kozeni/base/money'
import { countOf } from '@kozeni/base/ranges'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Outcome } from '@kozeni/protocol/operation'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { OperationRow, PurseRow, Seen, Write } from './book.ts'
import type { ProposalRow } from './book-proposal.ts'
import { operationName } from './book-writes.ts'
import { close, withTotals } from './evidence.ts'
import { storesWord } from './fence.ts'
import type { OperationFacts } from './proposal-facts.ts'
import { isFenced } from './restore.ts'

type About = NonNullable<ProposalRow['about']>

/**
 * @refuses nothing-to-decide · purse-unfenced · evidence-against (check: decision, amount, totals, store)
 * @spec    F-5, F-6, F-12
 */
export function decideOperation(seen: Seen, about: About, facts: OperationFacts): Result<readonly Write[], Refusal> {
  const { purse, open, present } = seen
  if (purse === undefined || open === undefined || operationName(open) !== operationName(about))
    return no(refusal('nothing-to-decide'))
  if (isFenced(purse, present)) return no(refusal('nothing-to-decide'))
  if (purse.seenFloor < present.epoch) return no(refusal('purse-unfenced', { epoch: present.epoch }))
  const amount = amountOf(open, facts)
  const against = amount === undefined ? 'amount' : whatStandsAgainst(seen, purse, { ...open, amount }, facts)
  if (amount === undefined || against !== undefined) return no(refusal('evidence-against', { check: against ?? '' }))
  const { decision, outcome } = facts
  return ok(close({ ...seen, purse }, { ...open, amount, decision }, { source: 'people', outcome }).writes)
}

/** Of a sweep nobody but its chip knew how much it took; every other amount stands in the book. */
function amountOf({ kind, amount }: OperationRow, facts: OperationFacts): Money | undefined {
  if (kind !== 'sweep') return facts.amount === null || facts.amount === amount ? amount : undefined
  return facts.outcome === 'applied' ? (facts.amount ?? undefined) : ZERO
}

function whatStandsAgainst(
  seen: Seen,
  purse: PurseRow,
  open: OperationRow,
  { outcome, decision }: OperationFacts,
): string | undefined {
  if (!fitTogether(open, outcome, decision)) return 'decision'
  const word = open.kind === 'pay' && outcome === 'applied' ? storesWord(seen, open) : undefined
  if (word !== undefined && word !== decision) return 'store'
  return isWithin(withTotals(purse, open, outcome), seen) ? undefined : 'totals'
}

/** What was applied is committed, but for a pay that nobody honoured; what was not is void, and VOID is final for a pay. */
function fitTogether({ kind, decision: before }: OperationRow, outcome: Outcome, decision: string): boolean {
  if (kind === 'pay') return decision === 'void' || (outcome === 'applied' && before !== 'void')
  return outcome !== 'reversed' && (decision === 'commit') === (outcome === 'applied')
}

/** No more than the chip has shown is booked; and less only where operations or records are still to be told. */
function isWithin(after: PurseRow, { found, receipts }: Seen): boolean {
  const [credits, debits] = [after.seenCredits - after.credits, after.seenDebits - after.debits]
  if (credits < 0n || debits < 0n) return false
  const untold =
    after.seenNumber > after.number ||
    countOf(after.taken) < after.seenSeq ||
    found.some(row => row.standing !== 'settled') ||
    [...receipts.values()].some(row => row.standing === 'held')
  return untold || credits + debits === 0n
}
