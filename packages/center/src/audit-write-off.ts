/** The audit of what one purse has taken more than it was ever given: it is written off, exactly, each change by its number. */
import { lossRegained, writtenOff } from '@kozeni/ledger/posting'
import { overdraftOf } from './alarm.ts'
import type { PurseFile } from './archive.ts'
import { type Expected, undated } from './audit-entry.ts'
import { compared, type Finding } from './audit-finding.ts'

/** As many as the purse says, one after the other; how much each was, only their sum tells. */
export const writeOffsIn = (file: PurseFile): Expected[] =>
  postedIn(file).map(entry => {
    const loss = { ...entry, purse: file.purse.purse, number: Number(entry.first), currency: file.purse.currency }
    return undated(entry.debit.kind === 'fraud-loss' ? writtenOff(loss) : lossRegained(loss))
  })

const postedIn = ({ purse, entries }: PurseFile) =>
  entries.filter(
    ({ cause, first, amount }) => cause === 'written-off' && first < BigInt(purse.writeOffs) && amount > 0n,
  )

/** @spec K-3, F-11 */
export function auditWriteOffs(file: PurseFile): Finding[] {
  const { purse } = file
  const claimed = { row: `purse ${purse.purse}`, invariant: 'INV-ACCOUNTED' } as const
  const posted = postedIn(file)
  const sum = posted.reduce((all, { debit, amount }) => (debit.kind === 'fraud-loss' ? all + amount : all - amount), 0n)
  return [
    ...compared(
      { ...claimed, says: 'what is written off is not what it took too much' },
      overdraftOf(purse),
      purse.writtenOff,
    ),
    ...compared({ ...claimed, says: 'what is written off is not what its entries make' }, sum, purse.writtenOff),
    ...compared({ ...claimed, says: 'write-offs of it are missing' }, purse.writeOffs, posted.length),
  ]
}
