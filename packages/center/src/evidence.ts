/**
 * What a chip's authentic statement proves, and what closes an operation (PROTOCOL §3). Only evidence closes; there is
 * one handler for all of it (F-6), whoever brought it: a RESULT, a receipt, a fence.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { type AccountId, idFromBytes, type OrderId } from '@kozeni/base/ids'
import { type Money, money, type Total, total, ZERO } from '@kozeni/base/money'
import type { Entry } from '@kozeni/ledger/entry'
import { committed, type PostedOperation, takenBack, voided } from '@kozeni/ledger/posting'
import { comparePlaces, type Outcome } from '@kozeni/protocol/operation'
import { blockFor, blockIfOverdrawn, withLoss } from './alarm.ts'
import type { EvidenceSource, LoadRow, OperationRow, OrderRow, PurseRow, Seen, Write } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import { incomparable, noted, saidIn, seenOf, spelled } from './chain.ts'
import { moveOf } from './move.ts'
import { tellGiveBack, tellStore } from './outbox.ts'
import { type Heard, isFenced, isUnheardOf } from './restore.ts'

/** One authentic statement of a purse's chip. */
export interface Evidence extends Heard {
  readonly source: Exclude<EvidenceSource, 'lost' | 'people'>
  /** What the operation moved, where the statement says it (RESULT). */
  readonly amount: Money | undefined
  readonly credits: Total
  readonly debits: Total
  readonly seq: number
}

/** What closed an operation, and what had become of it on the chip. */
export type Closing = Pick<NonNullable<OperationRow['closed']>, 'source' | 'outcome'>

/** The purse and what is to be written, after the evidence. */
export interface Judged {
  readonly purse: PurseRow
  readonly open: OperationRow | undefined
  readonly writes: readonly Write[]
}

type Case = Pick<Seen, 'open' | 'openOrder' | 'openLoad' | 'present' | 'now'> & { readonly purse: PurseRow }

/**
 * Takes one statement in. Pure, and harmless to repeat: a statement that is behind proves nothing. Between a restore and
 * the purse's fence it is noted and not acted on; fence.ts asks the chip for all of it again. What cannot be true is not
 * even noted.
 *
 * @spec F-5, F-6, F-8, F-9, K-1
 */
export function judge(seen: Case, evidence: Evidence): Judged {
  const said = saidIn(evidence)
  if (isUnheardOf(evidence, seen.present)) return alarmed(seen, 'epoch-unheard-of', claimed(evidence))
  if (incomparable(seenOf(seen.purse), said)) return alarmed(seen, 'statements-not-comparable', spelled(said))
  const purse = noted(seen.purse, said)
  const { open } = seen
  const mute = open === undefined || !isFenced(purse, seen.present) || !isAbout(evidence, open)
  if (mute || saysTooLittle(evidence, open)) {
    const shown = withLoss(purse, seen.now)
    return { purse: shown.purse, open, writes: purse === seen.purse ? [] : [putPurse(purse), ...shown.writes] }
  }
  const decision = decided(open, evidence, seen.now)
  return decision === 'send-abort'
    ? undone({ ...seen, purse }, open)
    : close({ ...seen, purse }, { ...open, decision, amount: amountOf(open, evidence) }, evidence)
}

function alarmed(seen: Case, what: AlarmRow['what'], said: string): Judged {
  const facts = { known: spelled(seenOf(seen.purse)), said }
  return { open: seen.open, ...blockFor(seen.purse, what, facts, seen.now) }
}

const claimed = ({ epoch, epochFloor, settingsEpoch }: Evidence): string =>
  JSON.stringify({ epoch, epochFloor, settingsEpoch })

/** Same place and same digest, and something was done: anything else says nothing about this operation. @spec F-9 */
const isAbout = (evidence: Evidence, open: OperationRow): boolean =>
  comparePlaces(evidence, open) === 0 && equal(evidence.digest, open.digest) && evidence.outcome !== 'none'

/** @spec F-5, F-8 */
function decided(open: OperationRow, { outcome }: Evidence, now: number): 'commit' | 'void' | 'send-abort' {
  if (outcome !== 'applied') return 'void'
  if (open.kind !== 'pay') return 'commit'
  return open.decision === 'open' && withinSession(open, now) ? 'commit' : 'send-abort'
}

/** A pay past its session's end counts as void, timer or not. @spec F-8 */
export const withinSession = (operation: OperationRow, now: number): boolean =>
  operation.sessionEnd === undefined || now <= operation.sessionEnd

/** The store was or will be told no, but the chip has paid: keep VOID and undo it at the chip. */
function undone({ purse, now }: Case, open: OperationRow): Judged {
  const row: OperationRow = { ...open, decision: 'void' }
  const decidedNow: Write[] = open.decision === 'void' ? [] : [{ write: 'operation', row }, tellStore(row, now)]
  return { purse, open: row, writes: [putPurse(purse), ...decidedNow] }
}

/** A sweep takes what there is: it stays open until a RESULT says how much that was. A receipt does not. @spec P-3 */
const saysTooLittle = ({ outcome, amount }: Evidence, open: OperationRow): boolean =>
  open.kind === 'sweep' && outcome === 'applied' && amount === undefined

const amountOf = (open: OperationRow, { outcome, amount = open.amount }: Evidence): Money =>
  open.kind === 'sweep' && outcome === 'applied' ? amount : open.amount

/**
 * Closes an operation as decided: Fs falls, the entries are posted, and whoever waits is told or given back. The one way
 * to do so; the callers differ in what is their evidence.
 *
 * @spec F-5, F-6
 */
export function close(seen: Case, decision: OperationRow, { source, outcome }: Closing): Judged {
  const operation: OperationRow = { ...decision, closed: { at: seen.now, source, outcome } }
  const { purse, writes: overdrawn } = blockIfOverdrawn(afterClosing(seen.purse, operation, outcome), seen.now)
  return {
    purse,
    open: undefined,
    writes: [
      putPurse(purse),
      { write: 'operation', row: operation },
      ...closingEntries(operation, purse.account).map((row): Write => ({ write: 'entry', row })),
      ...consequences(seen, operation),
      ...overdrawn,
    ],
  }
}

/** The entries that a closed operation has made; none while it is open. @param account  the purse's holder */
export function closingEntries(operation: OperationRow, account: AccountId): readonly Entry[] {
  if (operation.closed === undefined) return []
  const posted = postedOperation(operation, account, operation.closed.at)
  if (operation.decision === 'commit') return committed(posted)
  return isOwedBack(operation) ? [takenBack(posted)] : voided(posted)
}

/** A pay that its chip has made and nobody has honoured: it is void, and owed to the purse. @spec F-12 */
export const isOwedBack = ({ kind, decision, closed }: OperationRow): boolean =>
  kind === 'pay' &&
  decision === 'void' &&
  closed?.outcome === 'applied' &&
  (closed.source === 'fence' || closed.source === 'people')

/** Fs falls, and the totals follow. */
const afterClosing = (purse: PurseRow, operation: OperationRow, outcome: Outcome): PurseRow => ({
  ...withTotals(purse, operation, outcome),
  flag: false,
  closedEpoch: operation.epoch,
  closedNumber: operation.number,
})

/** The totals follow the chip's: a reversed pay was debited and credited. */
export function withTotals(purse: PurseRow, operation: OperationRow, outcome: Outcome): PurseRow {
  const credited = outcome === 'reversed' || (outcome === 'applied' && adds(operation))
  const debited = outcome === 'reversed' || (outcome === 'applied' && !adds(operation))
  return {
    ...purse,
    credits: total(purse.credits + (credited ? operation.amount : 0n)),
    debits: total(purse.debits + (debited ? operation.amount : 0n)),
  }
}

const adds = ({ kind }: OperationRow): boolean => kind === 'load' || kind === 'refund'

/** What follows for whoever waits for the operation: the store, the load request, the debt, the next purse. */
export function consequences(
  seen: Pick<Case, 'purse' | 'openOrder' | 'openLoad' | 'now'>,
  operation: OperationRow,
): Write[] {
  if (operation.kind === 'pay') {
    const owed: Write[] = isOwedBack(operation) ? [{ write: 'order', row: owedBack(operation, seen.now) }] : []
    return [tellStore(operation, seen.now), ...owed]
  }
  if (operation.kind === 'sweep') return moveOf(operation, seen.purse, seen.now)
  if (seen.openOrder === undefined) return []
  const order = afterDelivery(seen.openOrder, operation)
  return seen.openLoad === undefined
    ? [{ write: 'order', row: { ...order, stage: isDelivered(order) ? 'done' : 'waiting' } }]
    : afterLoad(order, seen.openLoad, seen.now)
}

/** What the purse is owed for such a pay; no store is charged for it. */
function owedBack({ purse, amount, currency, reference, digest }: OperationRow, at: number): OrderRow {
  const sale = { store: undefined, transaction: undefined }
  const order = orderOwedBack(reference)
  const whole = { amount, delivered: ZERO, inParts: false, currency }
  return { order, purse, kind: 'refund', ...whole, stage: 'waiting', ...sale, inputDigest: digest, at }
}

/** The order's name, from the pay's reference. */
export const orderOwedBack = (reference: Bytes): OrderId => idFromBytes<OrderId>(reference)

const afterDelivery = (order: OrderRow, { decision, amount }: OperationRow): OrderRow =>
  decision === 'commit' ? { ...order, delivered: money(order.delivered + amount) } : order

const isDelivered = ({ amount, delivered }: OrderRow): boolean => delivered === amount

/**
 * What of a load did not arrive goes back to where its money came from; with the holder's consent it waits for room.
 *
 * @spec F-5, F-7
 */
function afterLoad(order: OrderRow, load: LoadRow, now: number): Write[] {
  if (isDelivered(order)) {
    return [
      { write: 'order', row: { ...order, stage: 'done' } },
      { write: 'load', row: { ...load, stage: 'loaded' } },
    ]
  }
  if (order.inParts && !load.cancelled) return [{ write: 'order', row: { ...order, stage: 'waiting' } }]
  return [
    { write: 'order', row: { ...order, stage: 'given-back' } },
    { write: 'load', row: { ...load, stage: 'giving-back' } },
    tellGiveBack(load.load, now),
  ]
}

/** An operation as the ledger sees it. @param account  the purse's holder */
export function postedOperation(operation: OperationRow, account: AccountId, at: number): PostedOperation {
  const { purse, epoch, number, kind, amount, currency, store } = operation
  return { purse, account, epoch, number, kind, amount, currency, at, ...(store && { store }) }
}

const putPurse = (row: PurseRow): Write => ({ write: 'purse', row })
