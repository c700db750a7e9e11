/** The audit of one store's settlements: each adds up, follows the one before, took its claims, and was posted as it says. */
import { settled } from '@kozeni/ledger/posting'
import type { StoreFile } from './archive.ts'
import { compareEntries, undated } from './audit-entry.ts'
import { type Claimed, compared, type Finding } from './audit-finding.ts'
import type { StoreRow } from './book.ts'
import type { SettlementRow } from './book-settlement.ts'
import { NO_SUMS, type Sums } from './book-writes.ts'

/** @spec K-4 */
export function auditStore({ store, settlements, taken, entries }: StoreFile): Finding[] {
  const expected = settlements.flatMap(row => settled({ ...row, window: BigInt(row.window), at: row.until }))
  const inOrder = settlements.toSorted((a, b) => a.window - b.window)
  const claims = new Map(taken.map(window => [window.window, window]))
  const windows = new Set(settlements.map(({ window }) => window))
  return [
    ...compareEntries(expected.map(undated), entries),
    ...inOrder.flatMap((row, i) => auditStatement(store, row, inOrder[i - 1])),
    ...inOrder.flatMap(row => auditTaken(row, claims.get(row.window) ?? NO_SUMS)),
    ...taken
      .filter(({ window }) => window !== 0 && !windows.has(window))
      .flatMap(({ window }) =>
        compared(about({ ...store, window }, 'claims were taken by it, and it is missing'), 'a row', 'no such row'),
      ),
  ]
}

const about = ({ store, window }: Pick<SettlementRow, 'store' | 'window'>, says: string): Claimed => ({
  row: `settlement (${store}, ${window})`,
  says,
  invariant: 'INV-ACCOUNTED',
})

/** The store's rate is set when it joins, and never changed: every fee is by it. */
function auditStatement(store: StoreRow, row: SettlementRow, before: SettlementRow | undefined): Finding[] {
  const gross = row.online + row.offline
  const due = (before?.carried ?? 0n) + gross - row.refunds
  const fee = gross <= 0n ? 0n : (gross * BigInt(store.feeBasisPoints)) / 10_000n
  const rate = `its fee is not ${store.feeBasisPoints} hundredths of a percent, as its store has agreed`
  return [
    ...compared(about(row, 'the statement does not add up'), due, row.fee + row.net + row.carried),
    ...compared(about(row, rate), fee, row.fee),
    ...compared(about(row, 'it carries on what it should pay'), due - row.fee > 0n ? 0n : due - row.fee, row.carried),
    ...compared(about(row, 'it does not follow the one before'), (before?.window ?? 0) + 1, row.window),
    ...compared(about(row, 'it does not begin where the one before ended'), before?.until ?? 0, row.from),
    ...compared(about(row, 'its currency is not its store’s'), store.currency, row.currency),
  ]
}

/** A window is the sum of the claims that it took, and of nothing else. */
function auditTaken(row: SettlementRow, claims: Sums): Finding[] {
  return (Object.keys(NO_SUMS) as Array<keyof Sums>).flatMap(part =>
    compared(about(row, `its ${part} is not what its claims make`), BigInt(claims[part]), BigInt(row[part])),
  )
}
