/** What the suites of book.contract.ts run on a book: commands that write whatever they see, under names of their own. */
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type Id, type PurseId } from '@kozeni/base/ids'
import { including, NO_RANGES } from '@kozeni/base/ranges'
import type { Entry } from '@kozeni/ledger/entry'
import type { Book, Command, Decision, Keys, Seen, Write } from './book.ts'
import { type RowOf, rowOf } from './book-rows.contract.ts'
import type { Views } from './views.ts'

export interface BookUnderTest {
  readonly book: Book
  /** Another process's book of the same rows, or the same book where there can be no other. */
  readonly other: Book
  readonly views: Views
  entries(): Promise<readonly Entry[]>
  close(): Promise<void>
}

const dice = new SeededDice(20)
export const name = <T extends Id>(): T => freshId<T>(dice)
export const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** A command that writes whatever it sees. */
export const command = <A>(keys: Keys, decide: (seen: Seen) => Decision<A>): Command<A> => ({ keys, decide })
export const put = (keys: Keys, ...writes: Write[]): Command<void> =>
  command(keys, () => ({ answer: undefined, writes }))

/** Writes receipts of one purse, and notes them in its row; the purse is made where there is none. */
export const keep = (...rows: RowOf<'receipt'>[]): Command<void> => {
  const purse = rows[0]?.purse ?? name<PurseId>()
  const seqs = rows.map(({ seq }) => seq)
  return command({ purse, receipts: seqs, sales: rows }, seen => ({
    answer: undefined,
    writes: [
      { write: 'purse', row: noting(seen.purse ?? rowOf('purse', { purse, taken: NO_RANGES }), seqs) },
      ...rows.map((row): Write => ({ write: 'receipt', row })),
    ],
  }))
}

export const noting = (purse: RowOf<'purse'>, seqs: readonly number[]): RowOf<'purse'> => ({
  ...purse,
  taken: seqs.reduce(including, purse.taken),
})
