/**
 * What may open on a purse and what is opened for it (PROTOCOL §3), and what time decides of what is open. Fs rises in
 * opening.ts, and falls only in evidence.ts.
 */
import { type Money, money, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { sweepReference } from '@kozeni/protocol/reference'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { OperationRow, OrderRow, PurseRow, Seen, Write } from './book.ts'
import { withinSession } from './evidence.ts'
import { mayHaveCome } from './found.ts'
import { intentOf } from './intent.ts'
import { checkWanted } from './load-check.ts'
import { type Opening, open } from './opening.ts'
import { tellStore } from './outbox.ts'
import { findWaiting } from './put-back.ts'
import { isFenced } from './restore.ts'

/**
 * Whether an operation may open on this purse now; at most one is open (F-10).
 *
 * @refuses not-found · purse-not-active · purse-retired · purse-unfenced · operation-open
 */
export function mayOpen({ purse, present }: Pick<Seen, 'purse' | 'present'>): Result<PurseRow, Refusal> {
  if (purse === undefined) return no(refusal('not-found'))
  if (purse.stage === 'retired') return no(refusal('purse-retired'))
  if (purse.stage !== 'active') return no(refusal('purse-not-active', { stage: purse.stage }))
  if (!isFenced(purse, present)) return no(refusal('purse-unfenced', { epoch: present.epoch }))
  if (purse.flag) return no(refusal('operation-open', { epoch: purse.epoch, number: purse.number }))
  return ok(purse)
}

/**
 * Opens what is the center's own to open, if nothing else is open: the purse's next waiting order, for what is owed
 * rolls forward at any contact (F-7); and for a purse that its holder leaves, then, a sweep of what is there (P-3).
 */
export function openWaiting(crypto: Crypto, seen: Seen): Opening | undefined {
  const { purse, waiting, present, now } = seen
  if (purse === undefined || purse.flag || !isInUse(purse) || !isFenced(purse, present)) return undefined
  const unsure = waiting !== undefined && mayHaveCome({ ...seen, purse }, waiting)
  return (
    (unsure ? undefined : waiting && openOrder(crypto, { ...seen, purse }, waiting)) ?? openSweep(crypto, purse, now)
  )
}

/** A blocked purse is not loaded; a refund reaches it all the same. Whoever opens it knows that the chip has not had it. */
export function openOrder(
  crypto: Crypto,
  { purse, now }: Pick<Seen, 'now'> & { readonly purse: PurseRow },
  waiting: OrderRow,
): Opening | undefined {
  if (purse.blocked && waiting.kind !== 'refund') return undefined
  const amount = deliverable(purse, waiting)
  if (amount === ZERO) return undefined
  const opening = open(crypto, purse, intentOf(crypto, waiting, amount), now)
  const row: OrderRow = { ...waiting, stage: 'open' }
  return { ...opening, writes: [...opening.writes, { write: 'order', row }] }
}

/** All that is missing; of what may come in parts, as much as the chip was last seen to have room for. @spec F-5 */
function deliverable({ limits, ...purse }: PurseRow, { amount, delivered, inParts }: OrderRow): Money {
  const missing = amount - delivered
  if (!inParts) return money(missing)
  const room = limits.maximumValue - valueSeen(purse)
  return money(room < 0n ? 0n : room < missing ? room : missing)
}

const openSweep = (crypto: Crypto, purse: PurseRow, now: number): Opening | undefined =>
  purse.stage === 'leaving' && valueSeen(purse) > 0n
    ? open(crypto, purse, { kind: 'sweep', amount: ZERO, reference: sweepReference(crypto, purse.purse) }, now)
    : undefined

/** What the chip held when it was last heard. */
const valueSeen = ({ seenCredits, seenDebits }: Pick<PurseRow, 'seenCredits' | 'seenDebits'>): bigint =>
  seenCredits - seenDebits

/** Its chip is heard and told: also of a lost purse that turns up before it is paid out, so that its block arrives. */
export const isListenedTo = (purse: PurseRow): boolean => isInUse(purse) || purse.stage === 'lost'

/** Whether the purse's chip and the center talk: also while its holder leaves it. */
export const isInUse = ({ stage }: PurseRow): boolean => stage === 'active' || stage === 'leaving'

/**
 * Decides VOID for a pay whose session is over: final, and the store may be told at once; the chip is told at its next
 * contact. Nothing else is closed by a clock; and a pay from before a restore may have been paid since, as its store
 * knows (fence.ts).
 *
 * @spec F-6, F-8, F-12
 */
export function expire(
  open: OperationRow,
  { present, now }: Pick<Seen, 'present' | 'now'>,
): { readonly operation: OperationRow; readonly writes: readonly Write[] } {
  if (open.kind !== 'pay' || open.decision !== 'open' || withinSession(open, now) || open.epoch < present.epoch)
    return { operation: open, writes: [] }
  const operation: OperationRow = { ...open, decision: 'void' }
  return { operation, writes: [{ write: 'operation', row: operation }, tellStore(operation, now)] }
}

/**
 * What happens to a purse before its chip is told anything: time decides, then what waits is opened, or found to be on
 * the chip already.
 *
 * @spec F-7, F-8
 */
export function leadOn(
  crypto: Crypto,
  seen: Seen & { readonly purse: PurseRow },
): { readonly purse: PurseRow; readonly open: OperationRow | undefined; readonly writes: readonly Write[] } {
  const timed = seen.open && expire(seen.open, seen)
  const found = findWaiting(crypto, seen)
  if (found !== undefined)
    return { purse: found.purse, open: timed?.operation, writes: [...(timed?.writes ?? []), ...found.writes] }
  const check = checkWanted(seen)
  if (check !== undefined)
    return { purse: seen.purse, open: timed?.operation, writes: [...(timed?.writes ?? []), check] }
  const opening = openWaiting(crypto, { ...seen, open: timed?.operation })
  return {
    purse: opening?.purse ?? seen.purse,
    open: opening?.operation ?? timed?.operation,
    writes: [...(timed?.writes ?? []), ...(opening?.writes ?? [])],
  }
}
