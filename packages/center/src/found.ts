/**
 * Operations that the chip has done and the restored book does not know (F-12). The ring names them by digest alone; who
 * asks for the same again, a phone for its load or its pay, brings what the digest is made of. Where the two fit, the
 * operation is put back (put-back.ts): nothing is opened a second time. Of what the ring has forgotten people say what it was
 * (proposal-found.ts, proposal-order.ts), as far as the chip's totals allow.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import type { Money } from '@kozeni/base/money'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Fenced, OUTCOME_RING, type Remembered } from '@kozeni/protocol/message'
import { digestOf, KIND, type Kind } from '@kozeni/protocol/operation'
import type { OrderRow, PurseRow, Seen, Write } from './book.ts'
import type { FoundRow } from './book-epoch.ts'
import { operationName } from './book-writes.ts'
import { outcomesIn } from './fence.ts'
import type { Intent } from './intent.ts'

type Case = Pick<Seen, 'found'> & { readonly purse: PurseRow }

/**
 * What the answer to a fence names, or tells of no more, and neither the book nor an earlier fence knows.
 *
 * @param seen  the purse as it was before it entered the epoch
 * @spec  F-12
 */
export function foundIn(
  { purse, ring, found, now }: Case & Pick<Seen, 'ring' | 'now'>,
  said: Fenced,
): readonly FoundRow[] {
  const kept = new Set(found.map(operationName))
  const shown = outcomesIn(said).flatMap((one): FoundRow[] => {
    const row = ring.get(operationName({ ...one, purse: purse.purse }))
    return row !== undefined && equal(row.digest, one.digest) ? [] : [foundRow(purse, one, row !== undefined, now)]
  })
  return [...forgottenIn(purse, said, now), ...shown].filter(row => !kept.has(operationName(row)))
}

/** The first place behind the book's last that a ring too short tells of no more; taken for a load until people say what it was. */
function forgottenIn({ purse, epoch, number }: PurseRow, said: Fenced, at: number): readonly FoundRow[] {
  const known = outcomesIn(said)
  const isTold = known.length < OUTCOME_RING || known.some(one => one.number <= number + 1)
  const nothing = { kind: 'load', digest: new Uint8Array(32), outcome: 'applied' } as const
  return isTold ? [] : [{ purse, epoch, number: number + 1, ...nothing, standing: 'forgotten', at }]
}

/** What was not applied, or was undone, has moved nothing: it is only noted. */
function foundRow({ purse }: PurseRow, one: Remembered, taken: boolean, at: number): FoundRow {
  const { epoch, number, digest, outcome } = one
  const standing = outcome !== 'applied' ? 'settled' : taken ? 'clashing' : 'open'
  return { purse, epoch, number, kind: kindOf(one.kind), digest, outcome, standing, at }
}

function kindOf(code: number): Kind {
  const kind = (Object.keys(KIND) as Kind[]).find(name => KIND[name] === code)
  if (kind === undefined) throw new Error(`a chip has no operation of kind ${code}`)
  return kind
}

/** What the chip has shown and nobody has accounted yet. */
export const isUntold = ({ standing }: FoundRow): boolean => standing === 'open' || standing === 'clashing'

/** The one among them that this intent was, by its digest. */
export const foundFor = (crypto: Crypto, { purse, found }: Case, intent: Intent): FoundRow | undefined =>
  found.find(row => isUntold(row) && equal(row.digest, digestIf(crypto, purse, row, intent)))

const digestIf = (crypto: Crypto, { purse, currency }: PurseRow, place: FoundRow, intent: Intent): Bytes =>
  digestOf(crypto, { ...intent, purse, currency, epoch: place.epoch, number: place.number })

/**
 * Whether what is owed may be on the chip already, in an operation that nobody can name: in part, of what comes in parts;
 * or in one that the ring has forgotten, where the chip's totals show so much that is not booked. Then it is neither opened
 * nor given back.
 *
 * @spec F-12
 */
export function mayHaveCome(
  { purse, found }: Case,
  { amount, inParts }: Pick<OrderRow, 'amount' | 'inParts'>,
): boolean {
  const least = inParts ? 1n : amount
  return found.some(({ standing, kind }) =>
    standing === 'forgotten'
      ? purse.seenCredits - purse.credits >= least
      : inParts && standing !== 'settled' && kind === 'load',
  )
}

/** Likewise of a pay for a sale from before the epoch. */
export const mayHaveGone = (
  { purse, found, present }: Case & Pick<Seen, 'present'>,
  { amount, time }: { readonly amount: Money; readonly time: number },
): boolean =>
  time <= seconds(present.since) &&
  purse.seenDebits - purse.debits >= amount &&
  found.some(({ standing }) => standing === 'forgotten')

/** The forgotten place, taken for what people say was done there; undefined where the chip's totals show less. @spec F-12 */
export function recalled(crypto: Crypto, purse: PurseRow, place: FoundRow, intent: Intent): FoundRow | undefined {
  const shown = intent.kind === 'pay' ? purse.seenDebits - purse.debits : purse.seenCredits - purse.credits
  const { kind, amount } = intent
  return amount > shown ? undefined : { ...place, kind, digest: digestIf(crypto, purse, place, intent) }
}

/** What remains forgotten when this place is accounted: from the next one on, up to what the ring has shown. */
export function stillForgotten(found: readonly FoundRow[], place: FoundRow): Write[] {
  const number = place.number + 1
  return found.some(row => row.number === number) ? [] : [{ write: 'found', row: { ...place, number } }]
}
