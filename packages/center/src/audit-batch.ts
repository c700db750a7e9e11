/** The audit of one batch of booked receipts: what it moves is made again from the receipts' own bytes. */
import type { BatchFile } from './archive.ts'
import { compareClaims, compareEntries } from './audit-entry.ts'
import { compared, type Finding } from './audit-finding.ts'
import { postingsOf } from './book-writes.ts'

/** @spec K-1, K-4, INV-ACCOUNTED */
export function auditBatch({ batch, sums, broken, entries, claims }: BatchFile): Finding[] {
  const expected = postingsOf(batch, sums)
  const says = 'bytes of it are no receipts'
  return [
    ...compareEntries(expected, entries),
    ...compareClaims(expected, claims),
    ...compared({ row: `batch ${batch}`, says, invariant: 'INV-EVID' }, 0, broken),
  ]
}
