/**
 * What two operators may say that a found operation was (F-12): one that only its chip knows, by digest, and nobody asks for
 * again. What they say must make that very digest, so nobody can name another sale, another load or another amount; a pay's
 * store and a load's provider have their word besides. Of a place that the ring has forgotten there is no digest: the chip's
 * totals bound what they may say. The operation is put back where it was. Pure.
 */

import { ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { paymentReference } from '@kozeni/protocol/reference'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { LoadRow, NumberRow, PurseRow, Seen, Write } from './book.ts'
import type { FoundRow } from './book-epoch.ts'
import type { ProposalRow } from './book-proposal.ts'
import { operationName } from './book-writes.ts'
import { wordOf } from './fence.ts'
import { foundFor, isUntold, recalled, stillForgotten } from './found.ts'
import { type Intent, intentOf } from './intent.ts'
import { orderOfLoad, owed } from './load.ts'
import type { FoundLoadFacts, FoundPayFacts } from './proposal-facts.ts'
import { accountLostPay, isBeyondAsking } from './proposal-lost.ts'
import { mayPutBack, putBack } from './put-back.ts'
import { inputDigest } from './request-name.ts'

type About = NonNullable<ProposalRow['about']>

interface There {
  readonly purse: PurseRow
  readonly found: FoundRow
  /** What is to be written besides. */
  readonly writes: readonly Write[]
}

/**
 * The place that is spoken of, taken for this.
 *
 * @refuses nothing-to-decide · operation-open (its number was used again, and it is put back beside nothing that is open) ·
 *          evidence-against (check: digest, totals): what was said makes another digest, or that of another place; or is more
 *          than the chip has shown
 */
export function foundAt(crypto: Crypto, seen: Seen, about: About, intent: Intent): Result<There, Refusal> {
  const { purse } = seen
  const there = seen.found.find(row => operationName(row) === operationName(about))
  if (purse === undefined || there === undefined) return no(refusal('nothing-to-decide'))
  if (there.standing === 'forgotten') {
    if (foundFor(crypto, { ...seen, purse }, intent) !== undefined)
      return no(refusal('evidence-against', { check: 'digest' }))
    const found = recalled(crypto, purse, there, intent)
    const writes = stillForgotten(seen.found, there)
    return found === undefined ? no(refusal('evidence-against', { check: 'totals' })) : ok({ purse, found, writes })
  }
  if (!isUntold(there)) return no(refusal('nothing-to-decide'))
  if (!mayPutBack({ ...seen, purse }, there))
    return no(refusal('operation-open', { epoch: purse.epoch, number: purse.number }))
  const found = foundFor(crypto, { ...seen, purse, found: [there] }, intent)
  return found === undefined ? no(refusal('evidence-against', { check: 'digest' })) : ok({ purse, found, writes: [] })
}

/**
 * It was a pay by this number. Its store is paid when it has honoured it; else the purse is owed the amount.
 *
 * @refuses nothing-to-decide · operation-open · store-unknown · transaction-used · evidence-against (check: digest, totals, store)
 * @spec    F-12
 */
export function accountPay(
  crypto: Crypto,
  seen: Seen,
  about: About,
  facts: FoundPayFacts,
): Result<readonly Write[], Refusal> {
  const { store, transaction, amount, generation, window, decision } = facts
  const reference = paymentReference(crypto, store, transaction)
  const intent = { kind: 'pay', amount, reference, store, transaction } as const
  if (seen.purse !== undefined && isBeyondAsking(seen.purse, seen))
    return accountLostPay(crypto, { ...seen, purse: seen.purse }, about, intent, facts)
  const there = foundAt(crypto, seen, about, intent)
  if (!there.ok) return there
  if (seen.store === undefined) return no(refusal('store-unknown'))
  if (seen.number !== undefined) return no(refusal('transaction-used'))
  const word = wordOf(seen.honoured, seen.store, seen.present, reference)
  if (word !== undefined && word !== decision) return no(refusal('evidence-against', { check: 'store' }))
  const { purse, found } = there.value
  const { writes, operation } = putBack(crypto, { ...seen, purse }, found, intent, decision)
  const { epoch, number } = operation
  const place = { purse: purse.purse, epoch, number }
  const row: NumberRow = { store, transaction, ...place, generation, window, amount, refunded: ZERO }
  return ok([...writes, { write: 'number', row }, ...there.value.writes])
}

/** The load as its holder had asked for it; its provider has still to say that the money is here. */
export const foundLoadRow = (
  crypto: Crypto,
  { purse, currency }: Pick<PurseRow, 'purse' | 'currency'>,
  { load, amount, method }: FoundLoadFacts,
  { present, now }: Pick<Seen, 'present' | 'now'>,
): LoadRow => ({
  ...{ load, purse, amount, currency, method, stage: 'requested', cancelled: false, inParts: false },
  ...{ capture: undefined, checkedEpoch: present.epoch, at: now },
  inputDigest: inputDigest(crypto, { purse, amount: String(amount), currency, method }),
})

/**
 * It was this load: its money is with the provider, and its value on the chip.
 *
 * @param  capture  the provider's name of the money that it has
 * @refuses nothing-to-decide · operation-open · evidence-against (check: digest, totals)
 * @spec    F-12, F-13
 */
export function accountLoad(
  crypto: Crypto,
  seen: Seen,
  about: About,
  facts: FoundLoadFacts,
  capture: string,
): Result<readonly Write[], Refusal> {
  const intent = intentOf(crypto, { kind: 'load', order: orderOfLoad(facts.load) }, facts.amount)
  const there = foundAt(crypto, seen, about, intent)
  if (!there.ok) return there
  // whoever has asked for it has had it found: the next contact puts it back
  if (seen.load !== undefined) return no(refusal('nothing-to-decide'))
  const { purse, found } = there.value
  const { load, order, writes } = owed(foundLoadRow(crypto, purse, facts, seen), capture, seen.now)
  const back = putBack(crypto, { ...seen, purse, openOrder: order, openLoad: load }, found, intent, 'commit')
  return ok([...writes, ...back.writes, ...there.value.writes])
}
