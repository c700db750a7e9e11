/** The audit of one purse's moves: what sweeps have taken off it, and what is owed to it of what they took off others. */
import { ZERO } from '@kozeni/base/money'
import type { PurseFile } from './archive.ts'
import { type Claimed, compared, type Finding } from './audit-finding.ts'
import type { OperationRow, OrderRow } from './book.ts'
import type { MoveRow } from './book-move.ts'
import { operationName } from './book-writes.ts'
import { moveNamed, orderOfMove } from './move.ts'

const accounted = (row: string, says: string): Claimed => ({ row, says, invariant: 'INV-ACCOUNTED' })
const moveRow = ({ move }: Pick<MoveRow, 'move'>): string => `move ${move}`

/** @spec P-3 */
export function auditMoves(file: PurseFile): Finding[] {
  const { purse, operations, orders, moves } = file
  if (operations.length + orders.length + moves.length === 0) return []
  const sweeps = new Map(operations.filter(({ kind }) => kind === 'sweep').map(row => [operationName(row), row]))
  const known = new Set<string>(moves.map(({ move }) => move))
  const owing = new Map<string, OrderRow>(orders.map(row => [row.order, row]))
  const theirs = (row: MoveRow): boolean => row.account !== purse.account
  return [
    ...[...sweeps.values()].filter(hasTaken).flatMap(row => auditSweep(row, known)),
    ...moves.filter(row => row.from === purse.purse).flatMap(row => auditLeft(row, sweeps.get(placeOf(row)))),
    ...moves.filter(row => row.to === purse.purse).flatMap(row => auditOwed(row, owing.get(orderOfMove(row.move)))),
    ...moves
      .filter(theirs)
      .flatMap(row => compared(accounted(moveRow(row), 'it is another holder’s'), purse.account, row.account)),
    ...orders
      .filter(({ kind, order }) => kind === 'move' && !known.has(order))
      .flatMap(({ order }) =>
        compared(accounted(`order ${order}`, 'what it owes was swept off no purse'), 'a move', 'none'),
      ),
  ]
}

const placeOf = ({ from, epoch, number }: MoveRow): string => operationName({ purse: from, epoch, number })

const hasTaken = ({ closed, decision, amount }: OperationRow): boolean =>
  closed !== undefined && decision === 'commit' && amount > ZERO

function auditSweep(row: OperationRow, known: ReadonlySet<string>): Finding[] {
  const move = moveNamed(row)
  return known.has(move) ? [] : compared(accounted(moveRow({ move }), 'what was swept is missing'), row.amount, ZERO)
}

function auditLeft(row: MoveRow, sweep: OperationRow | undefined): Finding[] {
  const swept = sweep !== undefined && hasTaken(sweep) && moveNamed(sweep) === row.move ? sweep.amount : ZERO
  return [
    ...compared(accounted(moveRow(row), 'it is not what its sweep has taken'), swept, row.amount),
    ...compared(
      accounted(moveRow(row), 'it is owed to a purse or is on its way'),
      row.to ? 'owed' : 'in-transit',
      row.stage,
    ),
  ]
}

function auditOwed(row: MoveRow, order: OrderRow | undefined): Finding[] {
  const says = 'it is not what its order owes'
  return [
    ...compared(accounted(moveRow(row), says), order?.amount ?? ZERO, row.amount),
    ...compared(accounted(moveRow(row), 'its order is of another kind'), 'move', order?.kind ?? 'move'),
    ...compared(
      accounted(moveRow(row), 'its currency is not that of its order'),
      row.currency,
      order?.currency ?? row.currency,
    ),
  ]
}
