/**
 * Loads (F-7, F-13): the holder's money is captured first, durably, keyed by the request; then the value is owed as an
 * order and rolls forward until the chip has proved that it has it, or that it never will.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { LoadId, OrderId, PurseId } from '@kozeni/base/ids'
import { type Money, money, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { captured as capturedEntry, givenBack as givenBackEntry } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Command, type Decision, type LoadRow, type OrderRow, type Seen, unchanged, type Write } from './book.ts'
import { foundFor, mayHaveCome } from './found.ts'
import { intentOf } from './intent.ts'
import { tellCapture, tellGiveBack } from './outbox.ts'
import { isFenced } from './restore.ts'

/** What a holder asks for. */
export interface LoadRequest {
  readonly load: LoadId
  readonly purse: PurseId
  readonly amount: Money
  readonly currency: Currency
  readonly method: string
  /** The holder agrees that what the chip has no room for waits, and comes in parts (F-5). */
  readonly inParts: boolean
  readonly inputDigest: Bytes
}

type Loaded = Result<LoadRow, Refusal>

/** A load's order bears the load's own name. */
export const orderOfLoad = (load: LoadId): OrderId => load as LoadId & OrderId

/** The rows that a load is about. */
export const keysOf = (load: LoadId, purse: PurseId) => ({ purse, load, order: orderOfLoad(load) })

/**
 * Records the request; nothing is captured yet. The same request again is the same load.
 *
 * @refuses key-reused · not-found · purse-not-active · purse-retired · purse-blocked · currency-differs ·
 *          maximum-exceeded
 * @spec    F-13
 */
export const requestLoad = (request: LoadRequest, maximum: bigint): Command<Loaded> => ({
  keys: keysOf(request.load, request.purse),
  decide: seen => {
    if (seen.load !== undefined) return unchanged(again(seen.load, request.inputDigest))
    const reason = whyNot(request, seen, maximum)
    if (reason !== undefined) return unchanged(no(reason))
    const row: LoadRow = {
      ...request,
      stage: 'requested',
      cancelled: false,
      capture: undefined,
      checkedEpoch: seen.present.epoch,
      at: seen.now,
    }
    return { answer: ok(row), writes: [{ write: 'load', row }, tellCapture(row.load, seen.now)] }
  },
})

const again = (load: LoadRow, digest: Bytes): Loaded =>
  equal(load.inputDigest, digest) ? ok(load) : no(refusal('key-reused'))

function whyNot(request: LoadRequest, { purse }: Seen, maximum: bigint): Refusal | undefined {
  if (purse === undefined) return refusal('not-found')
  if (purse.stage === 'retired') return refusal('purse-retired')
  if (purse.stage !== 'active') return refusal('purse-not-active')
  if (purse.blocked) return refusal('purse-blocked')
  if (purse.currency !== request.currency) return refusal('currency-differs', { currency: purse.currency })
  const fits = request.inParts || purse.limits.maximumValue > maximum
  const most = fits ? maximum : purse.limits.maximumValue
  if (request.amount > most) return refusal('maximum-exceeded', { maximum: String(most) })
  return undefined
}

/**
 * The provider has the money: from here on the purse is owed the value. A load that its holder cancelled meanwhile goes
 * back instead.
 *
 * @spec F-13
 */
export const recordCaptured = (load: LoadId, purse: PurseId, capture: string): Command<Loaded> => ({
  keys: keysOf(load, purse),
  decide: seen => {
    if (seen.load === undefined) return unchanged(no(refusal('not-found')))
    if (seen.load.stage !== 'requested') return unchanged(ok(seen.load))
    if (seen.load.cancelled || seen.purse?.stage === 'retired') return returned(seen.load, capture, seen.now)
    const { load: row, writes } = owed({ ...seen.load, checkedEpoch: seen.present.epoch }, capture, seen.now)
    return { answer: ok(row), writes }
  },
})

interface Owed {
  readonly load: LoadRow
  readonly order: OrderRow
  readonly writes: readonly Write[]
}

/** The money is here: the load is captured, and its order waits. */
export function owed(before: LoadRow, capture: string, now: number): Owed {
  const load: LoadRow = { ...before, stage: 'captured', capture }
  const order: OrderRow = {
    order: orderOfLoad(load.load),
    purse: load.purse,
    kind: 'load',
    amount: load.amount,
    delivered: ZERO,
    inParts: load.inParts,
    currency: load.currency,
    stage: 'waiting',
    store: undefined,
    transaction: undefined,
    inputDigest: load.inputDigest,
    at: now,
  }
  const writes: Write[] = [{ write: 'load', row: load }, captureEntry(load, now), { write: 'order', row: order }]
  return { load, order, writes }
}

function returned(before: LoadRow, capture: string, now: number): Decision<Loaded> {
  const load: LoadRow = { ...before, stage: 'giving-back', capture }
  return {
    answer: ok(load),
    writes: [{ write: 'load', row: load }, captureEntry(load, now), tellGiveBack(load.load, now)],
  }
}

const captureEntry = (load: LoadRow, now: number): Write => ({
  write: 'entry',
  row: capturedEntry({ ...load, at: now }),
})

/** The provider has declined; nothing was taken and nothing is owed. */
export const recordDeclined = (load: LoadId, purse: PurseId): Command<Loaded> => ({
  keys: keysOf(load, purse),
  decide: seen => {
    if (seen.load === undefined) return unchanged(no(refusal('not-found')))
    if (seen.load.stage !== 'requested') return unchanged(ok(seen.load))
    const row: LoadRow = { ...seen.load, stage: 'declined' }
    return { answer: ok(row), writes: [{ write: 'load', row }] }
  },
})

/** What of a load's money is not on the chip: all of it, or what had no room when the rest was wished back. @spec F-5 */
export const missing = ({ amount }: LoadRow, order: OrderRow | undefined): Money =>
  money(amount - (order?.delivered ?? 0n))

/** It had gone back already, in the part of the book that a restore has lost. @spec F-12 */
export function returnedBefore(before: LoadRow, order: OrderRow, now: number): Decision<Loaded> {
  const row: LoadRow = { ...before, stage: 'given-back' }
  const entry = givenBackEntry({ ...row, amount: missing(row, order), at: now })
  return {
    answer: ok(row),
    writes: [
      { write: 'load', row },
      { write: 'order', row: { ...order, stage: 'given-back' } },
      { write: 'entry', row: entry },
    ],
  }
}

/** The provider has given the money back. @spec F-5 */
export const recordGivenBack = (load: LoadId, purse: PurseId): Command<Loaded> => ({
  keys: keysOf(load, purse),
  decide: seen => {
    if (seen.load === undefined) return unchanged(no(refusal('not-found')))
    if (seen.load.stage !== 'giving-back') return unchanged(ok(seen.load))
    const row: LoadRow = { ...seen.load, stage: 'given-back' }
    const entry = givenBackEntry({ ...row, amount: missing(row, seen.order), at: seen.now })
    return {
      answer: ok(row),
      writes: [
        { write: 'load', row },
        { write: 'entry', row: entry },
      ],
    }
  },
})

/**
 * The holder's wish not to be loaded. Before the operation opens it is granted at once; afterwards it is a wish that
 * only the chip's word fulfils. After a restore nobody knows what had been opened until the chip has been asked.
 *
 * @refuses not-found · purse-unfenced · load-too-late
 * @spec    F-5, F-7, F-12
 */
export const cancelLoad = (crypto: Crypto, load: LoadId, purse: PurseId): Command<Loaded> => ({
  keys: keysOf(load, purse),
  decide: seen => {
    if (seen.load === undefined || seen.purse === undefined) return unchanged(no(refusal('not-found')))
    if (!isFenced(seen.purse, seen.present)) return unchanged(no(refusal('purse-unfenced')))
    if (mayHaveCome({ ...seen, purse: seen.purse }, seen.load)) return unchanged(no(refusal('purse-unfenced')))
    const intent = intentOf(crypto, { kind: 'load', order: orderOfLoad(load) }, seen.load.amount)
    const isThere = foundFor(crypto, { ...seen, purse: seen.purse }, intent) !== undefined
    return isThere ? unchanged(no(refusal('load-too-late'))) : cancelled(seen.load, seen)
  },
})

function cancelled(before: LoadRow, { order, open, now }: Seen): Decision<Loaded> {
  if (before.stage === 'loaded') return unchanged(no(refusal('load-too-late')))
  if (before.cancelled || before.stage === 'giving-back' || before.stage === 'given-back') return unchanged(ok(before))
  const load: LoadRow = { ...before, cancelled: true }
  if (order?.stage === 'waiting') return notOpened(load, order, now)
  const wish: Write[] =
    open?.order === orderOfLoad(load.load) ? [{ write: 'operation', row: { ...open, decision: 'void' } }] : []
  return { answer: ok(load), writes: [{ write: 'load', row: load }, ...wish] }
}

function notOpened(before: LoadRow, order: OrderRow, now: number): Decision<Loaded> {
  const load: LoadRow = { ...before, stage: 'giving-back' }
  return {
    answer: ok(load),
    writes: [
      { write: 'load', row: load },
      { write: 'order', row: { ...order, stage: 'given-back' } },
      tellGiveBack(load.load, now),
    ],
  }
}
