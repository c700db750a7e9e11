/** What every book must do with receipts, whatever it is kept in: a part of book.contract.ts. */
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { NO_RANGES } from '@kozeni/base/ranges'
import fc from 'fast-check'
import { expect } from 'vitest'
import { type Book, unchanged } from './book.ts'
import { type BookUnderTest, command, keep, name, noting, put, times } from './book-commands.contract.ts'
import { anyRow, type RowOf, receiptOf, rowOf } from './book-rows.contract.ts'

export function receiptsContract(on: (sentence: string, check: (under: BookUnderTest) => Promise<void>) => void): void {
  on('any receipt comes back as it went: while it is held, and when it is booked', async ({ book }) => {
    await fc.assert(
      fc.asyncProperty(anyRow.receipt, async row => {
        const look = async () => (await book.look({ purse: row.purse, receipts: [row.seq] })).receipts.get(row.seq)
        for (const standing of ['held', 'booked'] as const) {
          await book.run(keep({ ...row, standing }))
          expect(await look()).toEqual({ ...row, standing })
        }
      }),
      { numRuns: 25 },
    )
  })

  on('every receipt of a purse is found by its seq, in whatever order they came', async ({ book, other }) => {
    const purse = name<PurseId>()
    const seqs = times(140, i => ((i * 57) % 140) + (i < 70 ? 1 : 1001))
    const rows = seqs.map(seq => receiptOf({ purse, seq, sale: seq, kind: 'debit', standing: 'booked' }))
    for (let i = 0; i < rows.length; i += 7) await (i % 2 === 0 ? book : other).run(keep(...rows.slice(i, i + 7)))
    const { receipts } = await book.look({ purse, receipts: [...seqs, 999] })
    expect(receipts).toEqual(new Map(rows.map(row => [row.seq, row])))
  })

  on('a receipt that is booked is never changed', async ({ book }) => {
    const row = receiptOf({ purse: name(), standing: 'booked' })
    await book.run(keep(row))
    await expect(book.run(keep({ ...row, standing: 'held' }))).rejects.toThrow('is never changed')
  })

  on('what is booked together is posted together: each store’s debits, and its voids', async ({ book, entries }) => {
    const [purse, store, another] = [name<PurseId>(), name<StoreId>(), name<StoreId>()]
    const row = (seq: number, kind: 'debit' | 'void', amount: bigint, of: StoreId) =>
      receiptOf({ purse, seq, sale: seq, kind, amount: money(amount), store: of, standing: 'booked' })
    await book.run(
      keep(
        row(1, 'debit', 300n, store),
        row(2, 'debit', 200n, store),
        row(3, 'void', 200n, store),
        row(4, 'debit', 50n, another),
        { ...row(5, 'debit', 70n, store), standing: 'held' },
      ),
    )
    const posted = (await entries()).map(({ subject, cause, second, amount }) => ({ subject, cause, second, amount }))
    expect(posted).toHaveLength(3)
    expect(posted).toContainEqual({ subject: store, cause: 'collected', second: 2n, amount: 500n })
    expect(posted).toContainEqual({ subject: store, cause: 'collected-voids', second: 1n, amount: 200n })
    expect(posted).toContainEqual({ subject: another, cause: 'collected', second: 1n, amount: 50n })
  })

  on('a receipt of nothing is kept as any, and nothing is posted for it', async ({ book, entries }) => {
    const [purse, store] = [name<PurseId>(), name<StoreId>()]
    const row = (seq: number, kind: 'debit' | 'void', amount: bigint, standing: 'booked' | 'held' = 'booked') =>
      receiptOf({ purse, store, seq, sale: seq, kind, amount: money(amount), standing })
    const rows = [row(1, 'debit', 0n), row(2, 'void', 0n), row(3, 'debit', 0n, 'held')]
    await book.run(keep(...rows))
    const { receipts } = await book.look({ purse, receipts: [1, 2, 3] })
    expect([...receipts.values()]).toEqual(rows)
    expect(await entries()).toEqual([])
    await book.run(keep(row(4, 'debit', 0n), row(5, 'debit', 50n)))
    expect(await entries()).toMatchObject([{ cause: 'collected', second: 1n, amount: 50n }])
  })

  on('a terminal’s sale is the first debit booked for it: a void is none, nor what is held', async ({ book }) => {
    const [terminal, purse] = [name<TerminalId>(), name<PurseId>()]
    const sales = [{ terminal, sale: 12 }]
    const receipt = (seq: number, fields: Partial<RowOf<'receipt'>>) =>
      receiptOf({ purse, seq, terminal, sale: 12, kind: 'debit', standing: 'booked', ...fields })
    await book.run(keep(receipt(1, { kind: 'void' }), receipt(2, { standing: 'held' })))
    expect((await book.look({ sales })).sales.size).toBe(0)
    await book.run(keep(receipt(3, {})))
    await book.run(keep(receipt(4, {})))
    expect([...(await book.look({ sales })).sales.values()]).toEqual([receipt(3, {})])
  })

  on('of two purses that pay one sale, one has paid it', async ({ book, other }) => {
    const terminal = name<TerminalId>()
    const pay = (by: Book, sale: number) => {
      const purse = name<PurseId>()
      return by.run(
        command({ purse, sales: [{ terminal, sale }] }, seen => {
          const standing = seen.sales.size === 0 ? 'booked' : 'held'
          const row = receiptOf({ purse, seq: 1, terminal, sale, kind: 'debit', standing })
          return {
            answer: standing === 'booked' ? 'paid' : 'paid by another',
            writes: [
              { write: 'purse', row: noting(rowOf('purse', { purse, taken: NO_RANGES }), [1]) },
              { write: 'receipt', row },
            ],
          }
        }),
      )
    }
    const races = await Promise.all(times(50, sale => Promise.all([pay(book, sale), pay(other, sale)])))
    for (const race of races) expect(race.sort()).toEqual(['paid', 'paid by another'])
  })

  on('a receipt is booked once, by whichever of two processes', async ({ book, other }) => {
    const purse = name<PurseId>()
    await book.run(put({ purse }, { write: 'purse', row: rowOf('purse', { purse, taken: NO_RANGES }) }))
    const collect = (by: Book, seq: number) => {
      const row = receiptOf({ purse, seq, sale: seq, standing: 'booked' })
      return by.run(
        command({ purse, receipts: [seq], sales: [row] }, ({ purse: found, receipts }) =>
          found === undefined || receipts.has(seq)
            ? unchanged('already booked')
            : {
                answer: 'booked',
                writes: [
                  { write: 'purse', row: noting(found, [seq]) },
                  { write: 'receipt', row },
                ],
              },
        ),
      )
    }
    const races = await Promise.all(times(40, seq => Promise.all([collect(book, seq), collect(other, seq)])))
    for (const race of races) expect(race.sort()).toEqual(['already booked', 'booked'])
  })
}
