/** What every journal must do, whatever it writes on. */
import { currency } from '@kozeni/base/currency'
import { money } from '@kozeni/base/money'
import type { Crypto } from '@kozeni/protocol/crypto'
import { expect, test } from 'vitest'
import type { Entry } from './entry.ts'
import { type Journal, placeAfter } from './journal.ts'

const nobody = { listed: [], unlisted: [] }

/** Entries of several shapes. */
export const someEntries: readonly Entry[] = [
  { entry: 'intended', at: 10, sale: 1, amount: money(120n), currency: currency('JPY') },
  { entry: 'refused', at: 11, sale: 1, deed: 'debit', code: 'balance-too-low' },
  { entry: 'hotlist', at: 12, version: 3, since: 0, made: 9, purses: nobody, terminals: nobody },
  { entry: 'offered', at: 13, sales: [1, 2] },
]

/** @param reopen  closes `before` when there is one, and opens what it wrote */
export function journalContract(crypto: Crypto, reopen: (before?: Journal) => Promise<Journal>): void {
  test('a journal gives back what was written, in order and chained, also after a restart', async () => {
    let journal = await reopen()
    for (const entry of someEntries) await journal.append(entry)
    journal = await reopen(journal)
    expect(journal.entries().map(({ entry }) => entry)).toEqual(someEntries)
    expect(journal.entries().map(({ position }) => position)).toEqual([1, 2, 3, 4])
    for (const [i, placed] of journal.entries().entries())
      expect(placed).toEqual(placeAfter(crypto, journal.entries()[i - 1], placed.entry))
    await journal.close()
  })

  test('entries appended at once stand in the order of the calls', async () => {
    const journal = await reopen()
    const before = journal.entries().length
    await Promise.all(someEntries.map(entry => journal.append(entry)))
    expect(
      journal
        .entries()
        .slice(before)
        .map(({ entry }) => entry),
    ).toEqual(someEntries)
    await journal.close()
  })
}
