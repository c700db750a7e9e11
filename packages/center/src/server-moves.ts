/** Moving to another purse, for the caller's own purses; others are not found. */
import type { Answer } from '@kozeni/api/route'
import type { getMove } from '@kozeni/api/routes-move'
import type { PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { PurseRow } from './book.ts'
import type { MoveRow } from './book-move.ts'
import type { Center } from './center.ts'
import { leave, orderOfMove } from './move.ts'
import { settleMoves } from './move-settle.ts'
import { timeOf } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'
import { ownPurse } from './server-own.ts'

/** Leaving a purse, and how far that has come. */
export const moveHandlers = (center: Center): Pick<Handlers, 'leavePurse' | 'getMove'> => ({
  leavePurse: async ({ caller, params, body }) => {
    const own = await ownPurse(center, caller.device.account, params.purse)
    if (!own.ok) return own
    const to = await destination(center, body.to)
    if (!to.ok) return to
    const left = await center.book.run(leave(params.purse, to.value))
    return left.ok ? ok(await moveAnswer(center, left.value)) : left
  },

  getMove: async ({ caller, params }) => {
    const own = await ownPurse(center, caller.device.account, params.purse)
    return own.ok ? ok(await moveAnswer(center, own.value)) : own
  },
})

async function destination({ book }: Center, to: PurseId | undefined): Promise<Result<PurseRow | undefined, Refusal>> {
  if (to === undefined) return ok(undefined)
  const { purse } = await book.look({ purse: to })
  return purse === undefined ? no(refusal('not-found')) : ok(purse)
}

async function moveAnswer(center: Center, purse: PurseRow): Promise<Answer<typeof getMove>> {
  const { stage, credits, debits, currency, movingTo } = purse
  const moves = await settleMoves(center, purse)
  return {
    purse: purse.purse,
    stage,
    value: String(credits - debits),
    currency,
    ...(movingTo && { to: movingTo }),
    moves: await Promise.all(moves.map(move => partAnswer(center, move))),
  }
}

async function partAnswer({ book }: Center, row: MoveRow): Promise<Answer<typeof getMove>['moves'][number]> {
  const { order } = await book.look({ order: orderOfMove(row.move) })
  return {
    move: row.move,
    amount: String(row.amount),
    delivered: String(order?.delivered ?? 0n),
    ...(row.to && { to: row.to }),
    at: timeOf(row.at),
  }
}
