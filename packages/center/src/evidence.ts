/**
 * What a chip's authentic statement proves, and what closes an operation (PROTOCOL §3). Only evidence closes; there is
 * one handler for all of it (F-6), whoever brought it: a RESULT, a receipt, a fence.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, equal } from '@kozeni/base/bytes'
import { type Money, type Total, total } from '@kozeni/base/money'
import { committed, type PostedOperation, voided } from '@kozeni/ledger/posting'
import { comparePlaces, type Outcome } from '@kozeni/protocol/operation'
import { blockFor, blockIfOverdrawn } from './alarm.ts'
import type { EvidenceSource, LoadRow, OperationRow, OrderRow, PurseRow, Seen, Write } from './book.ts'
import { tellGiveBack, tellStore } from './outbox.ts'

/** One authentic statement of a purse's chip. */
export interface Evidence {
  readonly source: Exclude<EvidenceSource, 'lost'>
  readonly epoch: number
  readonly number: number
  readonly digest: Bytes
  readonly outcome: Outcome
  /** What the operation moved, where the statement says it (RESULT). */
  readonly amount: Money | undefined
  readonly credits: Total
  readonly debits: Total
  readonly seq: number
}

/** The purse and what is to be written, after the evidence. */
export interface Judged {
  readonly purse: PurseRow
  readonly open: OperationRow | undefined
  readonly writes: readonly Write[]
}

type Case = Pick<Seen, 'open' | 'openOrder' | 'openLoad' | 'now'> & { readonly purse: PurseRow }

/**
 * Takes one statement in. Pure, and harmless to repeat: a statement that is behind proves nothing.
 *
 * @spec F-5, F-6, F-8, F-9, K-1
 */
export function judge(seen: Case, evidence: Evidence): Judged {
  const clash = incomparable(seen.purse, evidence)
  if (clash) return alarmed(seen, evidence)
  const purse = noted(seen.purse, evidence)
  const { open } = seen
  if (open === undefined || !isAbout(evidence, open)) {
    return { purse, open, writes: purse === seen.purse ? [] : [putPurse(purse)] }
  }
  const decision = decided(open, evidence, seen.now)
  return decision === 'send-abort'
    ? undone({ ...seen, purse }, open)
    : closed({ ...seen, purse }, { ...open, decision, amount: moved(open, evidence) }, evidence)
}

/** Of any two statements of one purse, one is ≤ the other in each of seq, credits and debits. @spec K-1 */
function incomparable(purse: PurseRow, said: Evidence): boolean {
  const ahead = said.seq > purse.seenSeq || said.credits > purse.seenCredits || said.debits > purse.seenDebits
  const behind = said.seq < purse.seenSeq || said.credits < purse.seenCredits || said.debits < purse.seenDebits
  return ahead && behind
}

function alarmed(seen: Case, said: Evidence): Judged {
  const facts = {
    known: `seq ${seen.purse.seenSeq}, credits ${seen.purse.seenCredits}, debits ${seen.purse.seenDebits}`,
    said: `seq ${said.seq}, credits ${said.credits}, debits ${said.debits}`,
  }
  return { open: seen.open, ...blockFor(seen.purse, 'statements-not-comparable', facts, seen.now) }
}

const highest = (a: Total, b: Total): Total => (a > b ? a : b)

/** The purse with the highest that its chip has shown; the same row when that is nothing new. */
function noted(purse: PurseRow, said: Evidence): PurseRow {
  const seenCredits = highest(purse.seenCredits, said.credits)
  const seenDebits = highest(purse.seenDebits, said.debits)
  const seenSeq = Math.max(purse.seenSeq, said.seq)
  const known = seenCredits === purse.seenCredits && seenDebits === purse.seenDebits && seenSeq === purse.seenSeq
  return known ? purse : { ...purse, seenCredits, seenDebits, seenSeq }
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

function closed(seen: Case, decision: OperationRow, { source, outcome }: Evidence): Judged {
  const operation: OperationRow = { ...decision, closed: { at: seen.now, source, outcome } }
  const { purse, writes: overdrawn } = blockIfOverdrawn(afterClosing(seen.purse, operation, outcome), seen.now)
  const posted = postedOperation(operation, seen.now)
  const entries = operation.decision === 'commit' ? committed(posted) : voided(posted)
  return {
    purse,
    open: undefined,
    writes: [
      putPurse(purse),
      { write: 'operation', row: operation },
      ...entries.map((row): Write => ({ write: 'entry', row })),
      ...consequences(seen, operation),
      ...overdrawn,
    ],
  }
}

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
  if (operation.kind === 'pay') return [tellStore(operation, seen.now)]
  const { openOrder, openLoad } = seen
  if (openOrder === undefined) return []
  return openLoad === undefined
    ? [afterRefund(openOrder, operation)]
    : afterLoad(openOrder, openLoad, operation, seen.now)
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
