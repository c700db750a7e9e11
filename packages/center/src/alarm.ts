/** What an operator must see, and what it does to the purse: it is blocked, by settings that reach its chip and the tills. */
import { countOf } from '@kozeni/base/ranges'
import type { PurseRow, Write } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'

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

/**
 * More booked out of a chip than was ever put into it: a clone, a rolled-back chip, or one that was opened. While records are
 * missing, what the chip says that it was given counts: a void of which only the totals tell has given value back (K-2).
 *
 * @spec K-1
 */
export function blockIfOverdrawn(purse: PurseRow, at: number): ReturnType<typeof blockFor> {
  const isMissing = countOf(purse.taken) < purse.seenSeq
  const given = isMissing && purse.seenCredits > purse.credits ? purse.seenCredits : purse.credits
  if (purse.debits <= given || purse.blocked) return { purse, writes: [] }
  const facts = { credits: String(purse.credits), debits: String(purse.debits) }
  return blockFor(purse, 'debits-above-credits', facts, at)
}
