/**
 * A lost purse (F-11). Its chip cannot be asked any more, so the book alone decides, after every till has had the time to
 * upload: what was ever granted to the purse counts as on the chip, what is left of it is swept off on paper, and moves to
 * the holder's own account as any sweep's does (P-3). Below zero the issuer has lost it. Retired for ever: whatever the
 * chip says later changes nothing.
 */
import type { LoadId, OrderId, PurseId } from '@kozeni/base/ids'
import { type Money, money, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { sweepReference } from '@kozeni/protocol/reference'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { withLoss } from './alarm.ts'
import {
  type Book,
  type Command,
  type Decision,
  type OperationRow,
  type OrderRow,
  type PurseRow,
  type Seen,
  unchanged,
  type Write,
} from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import { close, type Judged } from './evidence.ts'
import { storesWord } from './fence.ts'
import { holdClaims } from './hold.ts'
import { type Intent, intentOf } from './intent.ts'
import { checkWanted, isChecked } from './load-check.ts'
import { open } from './opening.ts'
import { tellCheck, tellLost, tellStore } from './outbox.ts'
import type { Policy } from './policy.ts'
import { isFenced } from './restore.ts'

/**
 * The operator's order: the purse is blocked and nothing opens on it any more; a pay that is open is not paid. Until it is
 * paid out the order can be taken back; the block stays then.
 *
 * @refuses not-found · purse-not-active · purse-retired
 * @spec    F-11
 */
export const reportLost = (policy: Policy, purse: PurseId, isLost: boolean): Command<Result<PurseRow, Refusal>> => ({
  keys: { purse },
  decide: seen => {
    const { purse: before } = seen
    if (before === undefined) return unchanged(no(refusal('not-found')))
    if (before.stage === 'retired') return unchanged(no(refusal('purse-retired')))
    if ((before.stage === 'lost') === isLost) return unchanged(ok(before))
    if (before.stage === 'lost') return foundAgain(before)
    if (before.stage !== 'active' && before.stage !== 'leaving')
      return unchanged(no(refusal('purse-not-active', { stage: before.stage })))
    return lost(policy, { ...seen, purse: before })
  },
})

function foundAgain(before: PurseRow): Decision<Result<PurseRow, Refusal>> {
  const row: PurseRow = { ...before, stage: 'active', lostAt: undefined }
  return { answer: ok(row), writes: [{ write: 'purse', row }] }
}

type Case = Seen & { readonly purse: PurseRow }

function lost(policy: Policy, seen: Case): Decision<Result<PurseRow, Refusal>> {
  const { purse: before, now } = seen
  const settings = before.blocked ? before.settings : before.settings + 1
  const row: PurseRow = { ...before, stage: 'lost', lostAt: now, blocked: true, settings }
  return {
    answer: ok(row),
    writes: [{ write: 'purse', row }, ...notPaid(seen), tellLost(before.purse, payableAt(policy, now))],
  }
}

/** VOID for an open pay is final. One from before a restore may have been paid, as its store knows. @spec F-8, F-12 */
function notPaid({ open: pay, present, now }: Case): Write[] {
  if (pay?.kind !== 'pay' || pay.decision !== 'open' || pay.epoch < present.epoch) return []
  const row: OperationRow = { ...pay, decision: 'void' }
  return [{ write: 'operation', row }, tellStore(row, now)]
}

/** Every till has uploaded by then, or has stopped selling. */
export const payableAt = ({ maxOfflineMs, lostMarginMs }: Policy, lostAt: number): number =>
  lostAt + maxOfflineMs + lostMarginMs

/** A restored book has forgotten receipts: tills and stores are given the same time to bring them again. @spec F-12 */
const lostSince = (lostAt: number, purse: PurseRow, present: EpochRow): number =>
  isFenced(purse, present) ? lostAt : Math.max(lostAt, present.since)

/** How far the procedure has come: `more` steps, the purse's held `claims`, or nothing left to do. */
export type LostStep = 'more' | 'claims' | 'done'

/**
 * One step: what is open is closed, then what waits is granted, one by one, then the rest is swept and the purse retired.
 *
 * @param order     the oldest that waits, as it was just seen
 * @param noClaims  its claims that were held are charged or freed (hold.ts)
 * @refuses purse-not-lost · lost-too-soon · store-unfenced · funding-unknown
 * @spec    F-6, F-11
 */
export const settleLost = (
  means: { readonly crypto: Crypto; readonly policy: Policy },
  purse: PurseId,
  order: OrderId | undefined,
  noClaims: boolean,
): Command<Result<LostStep, Refusal>> => ({
  keys: { purse, ...(order && { load: loadOf(order) }) },
  decide: seen => {
    const { purse: row } = seen
    if (row === undefined) return unchanged(no(refusal('not-found')))
    if (row.stage === 'retired' && row.lostAt !== undefined) return unchanged(ok('done'))
    if (row.stage !== 'lost' || row.lostAt === undefined) return unchanged(no(refusal('purse-not-lost')))
    const at = payableAt(means.policy, lostSince(row.lostAt, row, seen.present))
    if (seen.now < at) return unchanged(no(refusal('lost-too-soon', { at: new Date(at).toISOString() })))
    if (seen.open !== undefined) return closed({ ...seen, purse: row }, seen.open)
    if (seen.waiting?.order !== order) return unchanged(ok('more'))
    const check = checkWanted(seen)
    if (check !== undefined) return { answer: no(refusal('funding-unknown')), writes: [check] }
    if (seen.waiting !== undefined) return granted(means.crypto, { ...seen, purse: row }, seen.waiting)
    return noClaims ? retired(means.crypto, { ...seen, purse: row }) : unchanged(ok('claims'))
  },
})

/** A load's order bears the load's own name; a refund's finds no load. */
const loadOf = (order: OrderId): LoadId => order as OrderId & LoadId

/** What was to be added counts as added, each once, if a restored book's money is still there; a pay is what it was decided to be; a sweep has taken nothing. */
function closed(seen: Case, row: OperationRow): Decision<Result<LostStep, Refusal>> {
  const { openLoad: load, present, now } = seen
  if (load !== undefined && !isChecked(load, present))
    return { answer: no(refusal('funding-unknown')), writes: [tellCheck(load.load, now)] }
  if (row.kind === 'load' || row.kind === 'refund') return stepped(close(seen, { ...row, decision: 'commit' }, APPLIED))
  if (row.kind === 'sweep') return stepped(close(seen, { ...row, decision: 'void' }, NOTHING))
  const word = row.epoch < seen.present.epoch && row.decision === 'open' ? storesWord(seen, row) : 'void'
  if (word === undefined) return unchanged(no(refusal('store-unfenced')))
  return stepped(close(seen, { ...row, decision: word }, word === 'commit' ? APPLIED : NOTHING))
}

const APPLIED = { source: 'lost', outcome: 'applied' } as const
const NOTHING = { source: 'lost', outcome: 'none' } as const

const stepped = ({ writes }: Judged): Decision<Result<LostStep, Refusal>> => ({ answer: ok('more'), writes })

function granted(crypto: Crypto, seen: Case, waiting: OrderRow): Decision<Result<LostStep, Refusal>> {
  const amount = money(waiting.amount - waiting.delivered)
  const parts = { openOrder: { ...waiting, stage: 'open' as const }, openLoad: seen.load }
  return stepped(onPaper(crypto, { ...seen, ...parts }, intentOf(crypto, waiting, amount), amount))
}

function retired(crypto: Crypto, seen: Case): Decision<Result<LostStep, Refusal>> {
  const { purse: before, now } = seen
  const left = before.credits - before.debits
  const purse: PurseRow = { ...before, stage: 'retired' }
  if (left > 0n) {
    const intent: Intent = { kind: 'sweep', amount: ZERO, reference: sweepReference(crypto, purse.purse) }
    return { ...stepped(onPaper(crypto, { ...seen, purse }, intent, money(left))), answer: ok('done') }
  }
  const { purse: row, writes } = withLoss(purse, now)
  return { answer: ok('done'), writes: [...writes, { write: 'purse', row }] }
}

/** An operation that is opened and closed in one, without its chip. */
function onPaper(crypto: Crypto, seen: Case, intent: Intent, amount: Money): Judged {
  const opening = open(crypto, seen.purse, intent, seen.now)
  const decision: OperationRow = { ...opening.operation, decision: 'commit', amount }
  const done = close({ ...seen, purse: opening.purse }, decision, APPLIED)
  return { ...done, writes: [...opening.writes, ...done.writes] }
}

/**
 * Pays out what is left of a lost purse; harmless to repeat, at any step.
 *
 * @refuses purse-not-lost · lost-too-soon · store-unfenced · funding-unknown
 * @spec    F-11
 */
export async function payOutLost(
  means: { readonly book: Book; readonly crypto: Crypto; readonly policy: Policy },
  purse: PurseId,
  noClaims = false,
): Promise<Result<LostStep, Refusal>> {
  const { waiting } = await means.book.look({ purse })
  const step = await means.book.run(settleLost(means, purse, waiting?.order, noClaims))
  if (!step.ok || step.value === 'done') return step
  if (step.value === 'claims') await holdClaims(means, purse, true)
  return payOutLost(means, purse, noClaims || step.value === 'claims')
}
