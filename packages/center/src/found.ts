/**
 * Operations that the chip has done and the restored book does not know (F-12). The ring names them by digest alone; who
 * asks for the same again, a phone for its load or its pay, brings what the digest is made of. Where the two fit, the
 * operation is put back as it was: nothing is opened a second time. Of what the ring has forgotten people say what it was
 * (proposal-found.ts, proposal-order.ts), as far as the chip's totals allow.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { type Money, money, ZERO } from '@kozeni/base/money'
import { opened } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Fenced, OUTCOME_RING, type Remembered } from '@kozeni/protocol/message'
import { comparePlaces, digestOf, KIND, type Kind } from '@kozeni/protocol/operation'
import { sweepReference } from '@kozeni/protocol/reference'
import { blockIfOverdrawn } from './alarm.ts'
import type { OperationRow, OrderRow, PurseRow, Seen, Write } from './book.ts'
import type { FoundRow } from './book-epoch.ts'
import { operationName } from './book-writes.ts'
import { closingEntries, consequences, postedOperation, withTotals } from './evidence.ts'
import { outcomesIn } from './fence.ts'
import { type Intent, intentOf } from './intent.ts'

type Case = Pick<Seen, 'found' | 'now'> & { readonly purse: PurseRow }

/**
 * What the answer to a fence names, or tells of no more, and neither the book nor an earlier fence knows.
 *
 * @param seen  the purse as it was before it entered the epoch
 * @spec  F-12
 */
export function foundIn({ purse, ring, found, now }: Case & Pick<Seen, 'ring'>, said: Fenced): readonly FoundRow[] {
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

/** The one among them that this intent was, by its digest. */
export const foundFor = (crypto: Crypto, { purse, found }: Case, intent: Intent): FoundRow | undefined =>
  found.find(row => row.standing === 'open' && equal(row.digest, digestIf(crypto, purse, row, intent)))

/**
 * Whether the chip has done just this, under a number that the restored book used again before it knew better. People have
 * to settle it; what the chip has is not opened a second time.
 *
 * @spec F-12
 */
export const clashes = (crypto: Crypto, { purse, found }: Omit<Case, 'now'>, intent: Intent): boolean =>
  found.some(row => row.standing === 'clashing' && equal(row.digest, digestIf(crypto, purse, row, intent)))

/** Whether the ring itself has shown it: then nobody need say what was forgotten. */
export const isShown = (crypto: Crypto, seen: Case, intent: Intent): boolean =>
  foundFor(crypto, seen, intent) !== undefined || clashes(crypto, seen, intent)

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
  { purse, found }: Pick<Case, 'purse' | 'found'>,
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
  { purse, found, present }: Pick<Case, 'purse' | 'found'> & Pick<Seen, 'present'>,
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

/** The operation put back, and what is to be written for it. */
export interface PutBack {
  readonly purse: PurseRow
  readonly operation: OperationRow
  readonly writes: readonly Write[]
}

/**
 * Puts a found operation back where it was, closed by the fence's evidence; one that was forgotten, by people's.
 *
 * @param decision  commit; or void for a pay that its store has not honoured, which is owed to the purse then
 * @spec  F-6, F-12
 */
export function putBack(
  seen: Case & Pick<Seen, 'openOrder' | 'openLoad' | 'present'>,
  found: FoundRow,
  intent: Intent,
  decision: 'commit' | 'void',
): PutBack {
  const { purse: before, now } = seen
  const { kind, amount, reference, store, transaction, order } = intent
  const { epoch, number, digest, outcome } = found
  const operation: OperationRow = {
    ...{ purse: before.purse, epoch, number, kind, amount, currency: before.currency, reference, digest, decision },
    closed: { at: now, source: found.standing === 'forgotten' ? 'people' : 'fence', outcome },
    openedAt: now,
    sessionEnd: undefined,
    ...{ store, transaction, order },
  }
  const { purse, writes: overdrawn } = blockIfOverdrawn(withTotals(before, operation, outcome), now)
  const entries = [
    ...opened(postedOperation(operation, before.account, now)),
    ...closingEntries(operation, before.account),
  ]
  const row: FoundRow = { ...found, standing: 'settled' }
  return {
    purse,
    operation,
    writes: [
      { write: 'purse', row: purse },
      { write: 'operation', row: operation },
      { write: 'found', row },
      ...entries.map((entry): Write => ({ write: 'entry', row: entry })),
      ...consequences(seen, operation),
      ...overdrawn,
    ],
  }
}

/**
 * The next waiting order, if the chip has it already: then it is done, and is not opened again.
 *
 * @spec F-12
 */
export function findWaiting(crypto: Crypto, seen: Seen & { readonly purse: PurseRow }): PutBack | undefined {
  const { waiting, waitingLoad } = seen
  if (waiting === undefined) return undefined
  const intent = intentOf(crypto, waiting, money(waiting.amount - waiting.delivered))
  const found = foundFor(crypto, seen, intent)
  return found && putBack({ ...seen, openOrder: waiting, openLoad: waitingLoad }, found, intent, 'commit')
}

/**
 * The sweep that the chip has done last, if the book has lost it: what it was to do is the center's own, and how much it took
 * stands in the very answer. Nobody need ask for it again.
 *
 * @param said  what the chip answered to the fence
 * @spec  F-12, P-3
 */
export function findSweep(crypto: Crypto, seen: Case & Pick<Seen, 'present'>, said: Fenced): PutBack | undefined {
  const intent: Intent = { kind: 'sweep', amount: ZERO, reference: sweepReference(crypto, seen.purse.purse) }
  const found = foundFor(crypto, seen, intent)
  if (found === undefined || comparePlaces(found, said) !== 0) return undefined
  return putBack(
    { ...seen, openOrder: undefined, openLoad: undefined },
    found,
    { ...intent, amount: said.amount },
    'commit',
  )
}
