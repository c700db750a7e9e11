/** The audit of one purse's receipts that no chip can be charged for: each is judged again by what was known of it. */
import { readReceipt } from '@kozeni/protocol/debit'
import type { PurseFile } from './archive.ts'
import { compared, type Finding } from './audit-finding.ts'
import { auditBytes, type Means, receiptRow } from './audit-receipt.ts'
import type { LossRow } from './book-loss.ts'
import { saleName } from './book-writes.ts'
import { bearerBy, bodyNumber } from './loss.ts'

/** @spec K-1, K-3 */
export function auditLosses(means: Means, file: PurseFile): Finding[] {
  return file.losses.flatMap(row => {
    const signed = readReceipt(row.whole)
    const name = receiptRow(row)
    const digest = signed && bodyNumber(means.crypto, signed.body)
    return [
      ...auditBytes(means, file.purse, row, signed).findings,
      ...compared({ row: name, says: 'its digest is not its body’s', invariant: 'INV-ONCE' }, digest, row.digest),
      ...(signed !== undefined && row.bearer === 'issuer' && !isOwed(file, row, signed.receipt.time)
        ? compared({ row: name, says: 'its loss is not the issuer’s', invariant: 'INV-ACCOUNTED' }, 'store', row.bearer)
        : []),
    ]
  })
}

/** A debit by when it was made; a void because its debit was paid. */
function isOwed({ losses, receipts }: PurseFile, row: LossRow, time: number): boolean {
  if (row.kind === 'debit') return bearerBy({ time }, row, row.listing) === 'issuer'
  const paid = [
    ...losses.filter(({ bearer }) => bearer === 'issuer'),
    ...receipts.filter(({ standing }) => standing === 'booked'),
  ]
  return paid.some(one => one.kind === 'debit' && one.seq === row.seq - 1 && saleName(one) === saleName(row))
}
