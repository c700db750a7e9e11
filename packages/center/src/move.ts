/**
 * Moving to another purse of the same holder (P-3). The holder leaves a purse: sweeps take what is on its chip into the
 * holder's own account, and what each sweep has taken is owed to another purse of that account and rolls forward to it,
 * or back to the purse it came from; never to nobody. An empty purse that was left is retired, for ever.
 */
import { idFromBytes, type MoveId, type OrderId, type PurseId } from '@kozeni/base/ids'
import { ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { moved } from '@kozeni/ledger/posting'
import type { Outcomes } from '@kozeni/protocol/message'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Command, type OperationRow, type OrderRow, type PurseRow, unchanged, type Write } from './book.ts'
import type { MoveRow } from './book-move.ts'
import { tellMove } from './outbox.ts'

/**
 * The holder's order to leave a purse for another of the same account, or for one that is to be named later; naming the
 * purse itself means to stay. An absolute order: a later one replaces it, for all that is not owed to a purse yet.
 *
 * @param to  a purse in use, as the book has it
 * @refuses   not-found · purse-not-active · purse-retired · currency-differs
 * @spec      P-3
 */
export const leave = (from: PurseId, to: PurseRow | undefined): Command<Result<PurseRow, Refusal>> => ({
  keys: { purse: from },
  decide: ({ purse }) => {
    if (purse === undefined) return unchanged(no(refusal('not-found')))
    const reason = whyNotLeave(purse, to)
    if (reason !== undefined) return unchanged(no(reason))
    const stays = to?.purse === from
    const stage = purse.stage === 'retired' ? 'retired' : stays ? 'active' : 'leaving'
    const row: PurseRow = { ...purse, stage, movingTo: to?.purse }
    return { answer: ok(row), writes: [{ write: 'purse', row }] }
  },
})

/** Of a purse that was left and is retired, what is still on its way may be sent elsewhere. */
function whyNotLeave(purse: PurseRow, to: PurseRow | undefined): Refusal | undefined {
  const left = purse.stage === 'retired' && purse.credits === purse.debits
  if (purse.stage === 'retired' && !left) return refusal('purse-retired')
  if (purse.stage !== 'active' && purse.stage !== 'leaving' && !left) return refusal('purse-not-active')
  if (to === undefined) return undefined
  if (to.account !== purse.account) return refusal('not-found')
  if (to.currency !== purse.currency) return refusal('currency-differs', { currency: to.currency })
  if (to.purse === purse.purse) return left ? refusal('purse-retired') : undefined
  return to.stage === 'active' ? undefined : refusal('purse-not-active', { stage: to.stage })
}

/** What a sweep that was applied has taken: on the holder's own account, until a purse is owed it. Nothing for nothing. */
export function moveOf(sweep: OperationRow, { account }: PurseRow, now: number): Write[] {
  if (sweep.decision !== 'commit' || sweep.amount === ZERO) return []
  const { purse, epoch, number, amount, currency } = sweep
  const move = moveNamed(sweep)
  const row: MoveRow = {
    move,
    account,
    from: purse,
    epoch,
    number,
    amount,
    currency,
    stage: 'in-transit',
    to: undefined,
    at: now,
  }
  return [{ write: 'move', row }, tellMove(move, now)]
}

/** A sweep's digest names what it has taken: there is one digest to a sweep. */
export const moveNamed = ({ digest }: Pick<OperationRow, 'digest'>): MoveId => idFromBytes<MoveId>(digest)

/** A move's order bears the move's own name: so it is owed to one purse, whoever asks. */
export const orderOfMove = (move: MoveId): OrderId => move as MoveId & OrderId
export const moveOfOrder = (order: OrderId): MoveId => order as OrderId & MoveId

/**
 * What is on its way becomes a debt to this purse, which load operations bring. Harmless to repeat; a move that is owed
 * already stays owed to whom it is.
 *
 * @refuses not-found · purse-not-active · purse-retired · currency-differs
 * @spec    P-3, F-7
 */
export const arrive = (move: MoveId, to: PurseId): Command<Result<MoveRow, Refusal>> => ({
  keys: { purse: to, move, order: orderOfMove(move) },
  decide: ({ purse, move: before, now }) => {
    if (before === undefined || purse === undefined) return unchanged(no(refusal('not-found')))
    if (before.stage === 'owed') return unchanged(ok(before))
    const reason = whyNotArrive(before, purse)
    if (reason !== undefined) return unchanged(no(reason))
    const row: MoveRow = { ...before, stage: 'owed', to }
    const order = orderFor(row, to, now)
    return {
      answer: ok(row),
      writes: [
        { write: 'move', row },
        { write: 'order', row: order },
        { write: 'entry', row: moved({ ...row, purse: to, at: now }) },
      ],
    }
  },
})

function whyNotArrive(move: MoveRow, to: PurseRow): Refusal | undefined {
  if (to.account !== move.account) return refusal('not-found')
  if (to.currency !== move.currency) return refusal('currency-differs', { currency: to.currency })
  if (to.stage === 'retired') return refusal('purse-retired')
  return to.stage === 'active' ? undefined : refusal('purse-not-active', { stage: to.stage })
}

const orderFor = ({ move, amount, currency }: MoveRow, purse: PurseId, at: number): OrderRow => ({
  order: orderOfMove(move),
  purse,
  kind: 'move',
  amount,
  delivered: ZERO,
  inParts: true,
  currency,
  stage: 'waiting',
  store: undefined,
  transaction: undefined,
  inputDigest: new Uint8Array(32),
  at,
})

/**
 * Whether a purse that was left can be retired: nothing is open or owed to it, its chip has just said that it is empty,
 * confirmed, and that all its receipts are acknowledged, and the book has seen all that the chip has done.
 *
 * @spec P-3, C-5
 */
export function isLeft(purse: PurseRow, waiting: OrderRow | undefined, said: Outcomes | undefined): boolean {
  if (purse.stage !== 'leaving' || purse.flag || waiting !== undefined || said === undefined || said.flag) return false
  const empty = said.credits === said.debits
  const acknowledged = said.offlineAmount === said.acknowledgedAmount && said.offlineCount === said.acknowledgedCount
  const known = said.credits === purse.credits && said.debits === purse.debits
  return empty && acknowledged && known
}
