/**
 * What a chip's authentic statement proves, and what closes an operation (PROTOCOL §3). Only evidence closes; there is
 * one handler for all of it (F-6), whoever brought it: a RESULT, a receipt, a fence.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, equal, hex } from '@kozeni/base/bytes'
import { ID_BYTES, id, type OrderId } from '@kozeni/base/ids'
import { type Money, type Total, total } from '@kozeni/base/money'
import type { Entry } from '@kozeni/ledger/entry'
import { committed, type PostedOperation, takenBack, voided } from '@kozeni/ledger/posting'
import { comparePlaces, type Outcome } from '@kozeni/protocol/operation'
import { blockFor, blockIfOverdrawn } from './alarm.ts'
import type { EvidenceSource, LoadRow, OperationRow, OrderRow, PurseRow, Seen, Write } from './book.ts'
import { incomparable, type Link, noted, saidIn, seenOf, spelled } from './chain.ts'
import { tellGiveBack, tellStore } from './outbox.ts'
import { isFenced } from './restore.ts'

/** One authentic statement of a purse's chip. */
export interface Evidence {
  readonly source: Exclude<EvidenceSource, 'lost'>
  readonly epoch: number
  readonly number: number
  readonly digest: Bytes
  readonly outcome: Outcome
  /** What the operation moved, where the statement says it (RESULT). */
  readonly amount: Money | undefined
  /** Fc: no center has confirmed it. */
  readonly flag: boolean
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
 * the purse's fence it is noted and not acted on; fence.ts asks the chip for all of it again.
 *
 * @spec F-5, F-6, F-8, F-9, K-1
 */
export function judge(seen: Case, evidence: Evidence): Judged {
  const said = saidIn(evidence)
  if (incomparable(seenOf(seen.purse), said)) return alarmed(seen, said)
  const purse = noted(seen.purse, said)
  const { open } = seen
  if (open === undefined || !isFenced(purse, seen.present) || !isAbout(evidence, open)) {
    return { purse, open, writes: purse === seen.purse ? [] : [putPurse(purse)] }
  }
  const decision = decided(open, evidence, seen.now)
  return decision === 'send-abort'
    ? undone({ ...seen, purse }, open)
    : close({ ...seen, purse }, { ...open, decision, amount: moved(open, evidence) }, evidence)
}

function alarmed(seen: Case, said: Link): Judged {
  const facts = { known: spelled(seenOf(seen.purse)), said: spelled(said) }
  return { open: seen.open, ...blockFor(seen.purse, 'statements-not-comparable', facts, seen.now) }
}

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

/** A sweep takes what there is, and the RESULT says how much that was. @spec P-3 */
function moved(open: OperationRow, evidence: Evidence): Money {
  if (open.kind !== 'sweep' || evidence.outcome !== 'applied') return open.amount
  assert(evidence.amount !== undefined, 'a sweep is closed by a RESULT, which has the amount')
  return evidence.amount
}

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
      ...closingEntries(operation).map((row): Write => ({ write: 'entry', row })),
      ...consequences(seen, operation),
      ...overdrawn,
    ],
  }
}

/** The entries that a closed operation has made; none while it is open. */
export function closingEntries(operation: OperationRow): readonly Entry[] {
  if (operation.closed === undefined) return []
  const posted = postedOperation(operation, operation.closed.at)
  if (operation.decision === 'commit') return committed(posted)
  return isOwedBack(operation) ? [takenBack(posted)] : voided(posted)
}

/** A pay that its chip has made and nobody has honoured: it is void, and owed to the purse. @spec F-12 */
export const isOwedBack = ({ kind, decision, closed }: OperationRow): boolean =>
  kind === 'pay' && decision === 'void' && closed?.outcome === 'applied' && closed.source === 'fence'

/** Fs falls; the totals follow the chip's: a reversed pay was debited and credited. */
function afterClosing(purse: PurseRow, operation: OperationRow, outcome: Outcome): PurseRow {
  const credited = outcome === 'reversed' || (outcome === 'applied' && adds(operation))
  const debited = outcome === 'reversed' || (outcome === 'applied' && !adds(operation))
  return {
    ...purse,
    flag: false,
    closedEpoch: operation.epoch,
    closedNumber: operation.number,
    credits: total(purse.credits + (credited ? operation.amount : 0n)),
    debits: total(purse.debits + (debited ? operation.amount : 0n)),
  }
}

const adds = ({ kind }: OperationRow): boolean => kind === 'load' || kind === 'refund'

/** What follows for whoever waits for the operation: the store, the load request, the refund's debt. */
function consequences(seen: Case, operation: OperationRow): Write[] {
  if (operation.kind === 'pay') {
    const owed: Write[] = isOwedBack(operation) ? [{ write: 'order', row: owedBack(operation, seen.now) }] : []
    return [tellStore(operation, seen.now), ...owed]
  }
  const { openOrder, openLoad } = seen
  if (openOrder === undefined) return []
  return openLoad === undefined
    ? [afterRefund(openOrder, operation)]
    : afterLoad(openOrder, openLoad, operation, seen.now)
}

/** What the purse is owed for such a pay; no store is charged for it. */
function owedBack({ purse, amount, currency, reference, digest }: OperationRow, at: number): OrderRow {
  const sale = { store: undefined, transaction: undefined }
  const order = orderOwedBack(reference)
  return { order, purse, kind: 'refund', amount, currency, stage: 'waiting', ...sale, inputDigest: digest, at }
}

/** The order's name, from the pay's reference. */
export function orderOwedBack(reference: Bytes): OrderId {
  const name = reference.slice(0, ID_BYTES)
  name[0] = (name[0] ?? 0) & 0x7f
  return id<OrderId>(hex(name))
}

/** A refund that did not arrive stays a debt, and gets a new number. @spec F-5 */
const afterRefund = (order: OrderRow, { decision }: OperationRow): Write => ({
  write: 'order',
  row: { ...order, stage: decision === 'commit' ? 'done' : 'waiting' },
})

/** A load that did not arrive goes back to where its money came from. @spec F-5, F-7 */
function afterLoad(order: OrderRow, load: LoadRow, { decision }: OperationRow, now: number): Write[] {
  if (decision === 'commit') {
    return [
      { write: 'order', row: { ...order, stage: 'done' } },
      { write: 'load', row: { ...load, stage: 'loaded' } },
    ]
  }
  return [
    { write: 'order', row: { ...order, stage: 'given-back' } },
    { write: 'load', row: { ...load, stage: 'giving-back' } },
    tellGiveBack(load.load, now),
  ]
}

/** An operation as the ledger sees it. */
export function postedOperation(operation: OperationRow, at: number): PostedOperation {
  const { purse, epoch, number, kind, amount, currency, store } = operation
  return { purse, epoch, number, kind, amount, currency, at, ...(store && { store }) }
}

const putPurse = (row: PurseRow): Write => ({ write: 'purse', row })
