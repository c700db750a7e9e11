/**
 * What two operators may say of an order that waits where a restored book's chip has forgotten what it did (F-12): that the
 * chip has had it, in one of those operations, as far as its totals allow; or that it has not, and then it is opened at once.
 * Without them it is neither opened nor given back (mayHaveCome). Pure.
 */
import { money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { OrderRow, PurseRow, Seen, Write } from './book.ts'
import type { ProposalRow } from './book-proposal.ts'
import { foundFor, mayHaveCome } from './found.ts'
import { intentOf } from './intent.ts'
import { isChecked } from './load-check.ts'
import { isInUse, openOrder } from './operation.ts'
import type { OrderFacts } from './proposal-facts.ts'
import { foundAt } from './proposal-found.ts'
import { putBack } from './put-back.ts'

type About = NonNullable<ProposalRow['about']>
type Case = Seen & { readonly purse: PurseRow }

/**
 * @refuses nothing-to-decide · operation-open · funding-unknown · evidence-against (check: amount, totals)
 * @spec    F-7, F-12
 */
export function decideOrder(
  crypto: Crypto,
  seen: Seen,
  about: About,
  facts: OrderFacts,
): Result<readonly Write[], Refusal> {
  const { purse, order } = seen
  const waits = purse !== undefined && order?.purse === purse.purse && order.stage === 'waiting'
  if (!waits || !mayHaveCome({ ...seen, purse }, order)) return no(refusal('nothing-to-decide'))
  const missing = money(order.amount - order.delivered)
  // the next contact puts it back
  if (foundFor(crypto, { ...seen, purse }, intentOf(crypto, order, missing)) !== undefined)
    return no(refusal('nothing-to-decide'))
  return facts.outcome === 'applied'
    ? hasCome(crypto, { ...seen, purse }, about, order, facts)
    : isDue(crypto, { ...seen, purse }, order)
}

/** It was one of the forgotten operations. */
function hasCome(
  crypto: Crypto,
  seen: Case,
  about: About,
  order: OrderRow,
  facts: OrderFacts,
): Result<readonly Write[], Refusal> {
  const missing = money(order.amount - order.delivered)
  const amount = facts.amount ?? missing
  const fits = order.inParts ? amount > 0n && amount <= missing : amount === missing
  if (!fits) return no(refusal('evidence-against', { check: 'amount' }))
  const intent = intentOf(crypto, order, amount)
  const there = foundAt(crypto, seen, about, intent)
  if (!there.ok) return there
  const parts = { ...seen, openOrder: order, openLoad: seen.load }
  return ok([...putBack(crypto, parts, there.value.found, intent, 'commit').writes, ...there.value.writes])
}

/** It was not: so it opens now, and from here on its chip's own evidence decides. */
function isDue(crypto: Crypto, seen: Case, order: OrderRow): Result<readonly Write[], Refusal> {
  const { purse, load, present } = seen
  if (purse.flag) return no(refusal('operation-open', { epoch: purse.epoch, number: purse.number }))
  if (load !== undefined && !isChecked(load, present)) return no(refusal('funding-unknown'))
  const opening = isInUse(purse) ? openOrder(crypto, seen, order) : undefined
  return opening === undefined ? no(refusal('nothing-to-decide')) : ok(opening.writes)
}
