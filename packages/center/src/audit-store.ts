/** The audit of one store's settlements: each statement adds up, follows the one before, and was posted as it says. */
import { settled } from '@kozeni/ledger/posting'
import type { StoreFile } from './archive.ts'
import { compareEntries, type Finding } from './audit-entry.ts'
import type { SettlementRow } from './book.ts'

/** What the store has sold and given back in all, by the entries of all purses. */
export interface StoreSums {
  online: bigint
  offline: bigint
  refunds: bigint
}

/** @spec K-4 */
export function auditStore({ store, settlements, entries }: StoreFile, sold: StoreSums): Finding[] {
  const expected = settlements.flatMap(row => settled({ ...row, window: BigInt(row.window), at: row.until }))
  const inOrder = [...settlements].sort((a, b) => a.window - b.window)
  return [
    ...compareEntries(expected, entries),
    ...inOrder.flatMap((row, i) => auditStatement(row, inOrder[i - 1])),
    ...(['online', 'offline', 'refunds'] as const).flatMap(part => {
      const taken = settlements.reduce((all, row) => all + row[part], 0n)
      return taken <= sold[part]
        ? []
        : [disagrees(`store ${store.store}`, `its statements hold more ${part} than it has`, sold[part], taken)]
    }),
  ]
}

function auditStatement(row: SettlementRow, before: SettlementRow | undefined): Finding[] {
  const name = `settlement (${row.store}, ${row.window})`
  const due = (before?.carried ?? 0n) + row.online + row.offline - row.refunds
  const paid = row.fee + row.net + row.carried
  const follows = row.window === (before?.window ?? 0) + 1
  return [
    ...(due === paid ? [] : [disagrees(name, 'the statement does not add up', due, paid)]),
    ...(follows
      ? []
      : [disagrees(name, 'it does not follow the one before', BigInt((before?.window ?? 0) + 1), BigInt(row.window))]),
  ]
}

const disagrees = (row: string, says: string, expected: bigint, found: bigint): Finding => ({
  row,
  says,
  expected: String(expected),
  found: String(found),
  difference: found - expected,
  invariant: 'INV-ACCOUNTED',
})
