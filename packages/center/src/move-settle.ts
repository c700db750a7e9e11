/**
 * Brings what sweeps have taken to the purse that the holder goes to (P-3): for the mover, and for whoever asks after it.
 * What can owe it to a purse now does; the rest stays on the holder's own account.
 */
import type { Book, PurseRow } from './book.ts'
import type { MoveRow } from './book-move.ts'
import { arrive } from './move.ts'
import type { Views } from './views.ts'

/** @returns the move as it stands afterwards; on its way while its holder has named no purse that can be owed it */
export async function bringMove(book: Book, move: MoveRow): Promise<MoveRow> {
  if (move.stage === 'owed') return move
  const { purse: from } = await book.look({ purse: move.from })
  if (from?.movingTo === undefined) return move
  const arrived = await book.run(arrive(move.move, from.movingTo))
  return arrived.ok ? arrived.value : move
}

/** All that was swept off a purse, after what can be brought was brought. @spec P-3 */
export async function settleMoves(
  { book, views }: { readonly book: Book; readonly views: Pick<Views, 'moves'> },
  from: Pick<PurseRow, 'purse'>,
): Promise<readonly MoveRow[]> {
  const moves = await views.moves(from.purse)
  return await Promise.all(moves.map(move => bringMove(book, move)))
}
