/** The audit of one purse's claims that are held for voids that have not come: each is that of a booked debit, and waits rightly. */
import type { PurseFile } from './archive.ts'
import { compared, type Finding } from './audit-finding.ts'
import type { HoldRow } from './book-hold.ts'
import { charged, isWaiting } from './hold.ts'

/** @spec K-2 */
export function auditHolds({ purse, holds, receipts }: PurseFile): Finding[] {
  const waiting = holds.filter(isWaiting).length
  const says = 'it has another number of claims that wait for a void'
  return [
    ...compared({ row: `purse ${purse.purse}`, says, invariant: 'INV-ACCOUNTED' }, waiting, purse.holds),
    ...holds.flatMap(row => auditHold(row, receipts)),
  ]
}

function auditHold(row: HoldRow, receipts: PurseFile['receipts']): Finding[] {
  const claimed = { row: `hold (${row.purse}, ${row.seq})`, invariant: 'INV-ACCOUNTED' } as const
  const debit = receipts.find(({ seq, kind, standing }) => seq === row.seq && kind === 'debit' && standing === 'booked')
  const behind = receipts.some(({ seq }) => seq === row.seq + 1)
  return [
    ...compared({ ...claimed, says: 'it is not the claim of its debit' }, debit?.amount ?? 0n, row.amount),
    ...compared({ ...claimed, says: 'its debit is another store’s' }, debit?.store, row.store),
    ...(isWaiting(row) && behind
      ? compared({ ...claimed, says: 'it waits for a record that is here' }, 'freed or restored', row.stage)
      : []),
  ]
}

/** What the purse was credited for voids that have not come. */
export const chargedIn = (holds: readonly HoldRow[]): bigint => holds.reduce((sum, row) => sum + charged(row), 0n)
