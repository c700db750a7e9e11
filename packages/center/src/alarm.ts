/** What an operator must see, and what it does to the purse: it is blocked, by settings that reach its chip and the tills. */
import { total } from '@kozeni/base/money'
import { countOf } from '@kozeni/base/ranges'
import { lossRegained, writtenOff } from '@kozeni/ledger/posting'
import { comparePlaces } from '@kozeni/protocol/operation'
import type { PurseRow, Write } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import { FIRST_EPOCH } from './book-epoch.ts'

/** The purse, blocked if it was not, and the writes that say so and why. @spec K-1, C-6 */
export function blockFor(
  purse: PurseRow,
  what: AlarmRow['what'],
  facts: AlarmRow['facts'],
  at: number,
): { readonly purse: PurseRow; readonly writes: readonly Write[] } {
  const blocked = purse.blocked ? purse : { ...purse, blocked: true, settings: purse.settings + 1 }
  const row: AlarmRow = { subject: purse.purse, what, facts, at }
  return {
    purse: blocked,
    writes: [
      { write: 'purse', row: blocked },
      { write: 'alarm', row },
    ],
  }
}

/** What of a purse's row says what its chip has been given and has taken. */
type Taken = Pick<
  PurseRow,
  | 'stage'
  | 'flag'
  | 'taken'
  | 'credits'
  | 'debits'
  | 'epoch'
  | 'number'
  | `seen${'Seq' | 'Credits' | 'Epoch' | 'Number'}`
>

/**
 * More booked out of a chip than was ever put into it: a clone, a rolled-back chip, or one that was opened. Nobody can be charged
 * with it, so it is the issuer's loss at once. While records are missing, what the chip says that it was given counts: a void
 * of which only the totals tell has given value back (K-2). So it does where a restore may have lost what it was given (F-12).
 * Of a retired purse nothing more is waited for.
 *
 * @spec K-1, K-3, F-12
 */
export function overdraftOf(purse: Taken): bigint {
  const mayBeGiven = purse.stage !== 'retired' && (countOf(purse.taken) < purse.seenSeq || mayHaveLost(purse))
  const given = mayBeGiven && purse.seenCredits > purse.credits ? purse.seenCredits : purse.credits
  return purse.debits > given ? purse.debits - given : 0n
}

/**
 * Its chip has shown operations that the book does not know, or the one that the book has open, which nothing closes before
 * its fence; or the purse was fenced since the first epoch.
 */
function mayHaveLost(purse: Taken): boolean {
  const ahead = comparePlaces({ epoch: purse.seenEpoch, number: purse.seenNumber }, purse)
  return ahead > 0 || (ahead === 0 && purse.flag) || purse.epoch > FIRST_EPOCH.epoch
}

/** The purse with its loss as it stands now: what it has more or less of is posted, by a number of its own, so each unit once. */
export function withLoss(purse: PurseRow, at: number): ReturnType<typeof blockFor> {
  const loss = overdraftOf(purse)
  const more = loss - purse.writtenOff
  if (more === 0n) return { purse, writes: [] }
  const row: PurseRow = { ...purse, writtenOff: total(loss), writeOffs: purse.writeOffs + 1 }
  const posted = { purse: row.purse, number: purse.writeOffs, currency: row.currency, at }
  const entry =
    more > 0n ? writtenOff({ ...posted, amount: total(more) }) : lossRegained({ ...posted, amount: total(-more) })
  return {
    purse: row,
    writes: [
      { write: 'purse', row },
      { write: 'entry', row: entry },
    ],
  }
}

/** Writes the loss off, and blocks a purse that shows one. @spec K-1, K-3 */
export function blockIfOverdrawn(before: PurseRow, at: number): ReturnType<typeof blockFor> {
  const { purse, writes } = withLoss(before, at)
  if (purse.writtenOff === 0n || purse.blocked) return { purse, writes }
  const facts = { credits: String(purse.credits), debits: String(purse.debits) }
  const blocked = blockFor(purse, 'debits-above-credits', facts, at)
  return { purse: blocked.purse, writes: [...writes, ...blocked.writes] }
}
