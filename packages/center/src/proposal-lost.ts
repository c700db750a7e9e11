/**
 * What two operators may say of a sale that its store has honoured and a restored book has lost, when the purse that paid it
 * is lost as well (F-11, F-12): its chip never met the fence, so no ring will tell of it. The store's own word must stand, or
 * nobody may say so. The pay is made on paper, like all of a lost purse: before it is paid out, out of what is left of it;
 * afterwards the store is owed it all the same, and what the purse is then below zero is the issuer's loss (K-3). Pure.
 */
import { type Money, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { NumberRow, PurseRow, Seen, Write } from './book.ts'
import type { ProposalRow } from './book-proposal.ts'
import { operationName } from './book-writes.ts'
import { close } from './evidence.ts'
import { wordOf } from './fence.ts'
import type { Intent } from './intent.ts'
import { open } from './opening.ts'
import type { FoundPayFacts } from './proposal-facts.ts'
import { isFenced } from './restore.ts'

type About = NonNullable<ProposalRow['about']>

/** Whether its chip will never tell what the book has lost. */
export const isBeyondAsking = (purse: PurseRow, { present }: Pick<Seen, 'present'>): boolean =>
  purse.lostAt !== undefined && !isFenced(purse, present)

/**
 * It was a pay of this purse by this number, at the place behind the book's last.
 *
 * @refuses nothing-to-decide · operation-open · store-unknown · transaction-used · evidence-against (check: store, decision,
 *          totals): the store has not said that it honoured it; or it is more than the purse can have had
 * @spec    F-11, F-12, K-3
 */
export function accountLostPay(
  crypto: Crypto,
  seen: Seen & { readonly purse: PurseRow },
  about: About,
  intent: Intent & { readonly kind: 'pay' },
  { store, transaction, amount, generation, window, decision }: FoundPayFacts,
): Result<readonly Write[], Refusal> {
  const { purse, now } = seen
  const { epoch, number } = purse
  if (purse.flag) return no(refusal('operation-open', { epoch, number }))
  if (operationName(about) !== operationName({ ...purse, number: number + 1 })) return no(refusal('nothing-to-decide'))
  if (seen.store === undefined) return no(refusal('store-unknown'))
  if (seen.number !== undefined) return no(refusal('transaction-used'))
  const against = whatStandsAgainst(seen, intent, amount, decision)
  if (against !== undefined) return no(refusal('evidence-against', { check: against }))
  const opening = open(crypto, purse, intent, now)
  const operation = { ...opening.operation, decision } as const
  const closed = close({ ...seen, purse: opening.purse, open: operation }, operation, CLOSING)
  const row: NumberRow = { store, transaction, ...about, generation, window, amount, refunded: ZERO }
  return ok([...opening.writes, ...closed.writes, { write: 'number', row }])
}

const CLOSING = { source: 'people', outcome: 'applied' } as const

function whatStandsAgainst(
  { honoured, store, present, purse }: Seen & { readonly purse: PurseRow },
  { reference }: Intent,
  amount: Money,
  decision: FoundPayFacts['decision'],
): string | undefined {
  if (wordOf(honoured, store, present, reference) !== 'commit') return 'store'
  if (decision !== 'commit') return 'decision'
  return amount > atMost(purse) ? 'totals' : undefined
}

/** What is left of it; of one that was paid out, what its chip could hold, less what it is known to have taken too much. */
const atMost = ({ stage, credits, debits, limits, writtenOff }: PurseRow): bigint =>
  stage === 'retired' ? limits.maximumValue - writtenOff : credits - debits
