/** What every book must answer, whatever it is made of. */
import type { TransactionNumber } from '@kozeni/protocol/number'
import { expect, test } from 'vitest'
import type { Book } from './book.ts'
import { offerOf, PAID } from './offers.contract.ts'
import type { Sale } from './sale.ts'

/** @param open  an empty book each time */
export function bookContract(name: string, open: () => Promise<Book>): void {
  const withBook = (title: string, body: (book: Book) => Promise<void>): void =>
    test(`${name}: ${title}`, async () => {
      const book = await open()
      try {
        await body(book)
      } finally {
        await book.close()
      }
    })

  withBook('a hundred sales at once have the sequences 1 to 100, and each is found again', async book => {
    const sales = await Promise.all(Array.from({ length: 100 }, () => book.sell(offerOf)))
    expect(sales.map(sale => sale.transaction.sequence).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 1),
    )
    for (const sale of sales) expect(await book.find(sale.number)).toEqual(sale)
  })

  withBook('what was never sold is not found, decided or given', async book => {
    const { number } = offerOf(1)
    expect(await book.find(number)).toBeUndefined()
    expect(await book.decide(number, PAID)).toMatchObject({ refusal: { code: 'not-found' } })
    expect(await book.give(number)).toBeUndefined()
  })

  withBook('of any number of decisions at once exactly one says hand over', async book => {
    const { number } = await book.sell(offerOf)
    const settled = await Promise.all(Array.from({ length: 50 }, () => book.decide(number, PAID)))
    expect(settled.filter(one => one.ok && one.value.handOver)).toHaveLength(1)
    expect(settled.every(one => one.ok && one.value.sale.state === 'paid')).toBe(true)
  })

  withBook('the first word stands: another verdict or operation is refused', async book => {
    const { number } = await book.sell(offerOf)
    await book.decide(number, { ...PAID, verdict: 'not-paid' })
    for (const other of [PAID, { ...PAID, verdict: 'not-paid' as const, operation: '1'.repeat(32) }])
      expect(await book.decide(number, other)).toMatchObject({ refusal: { code: 'sale-differs' } })
    expect(await book.find(number)).toMatchObject({ state: 'not-paid' })
  })

  withBook('a paid sale is owed until it is given, and an open or unpaid one never', async book => {
    const [paid, unpaid, open] = [await book.sell(offerOf), await book.sell(offerOf), await book.sell(offerOf)]
    await book.decide(paid.number, PAID)
    await book.decide(unpaid.number, { ...PAID, verdict: 'not-paid' })
    const owed = async (): Promise<TransactionNumber[]> => (await book.owed()).map((sale: Sale) => sale.number)
    expect(await owed()).toEqual([paid.number])
    expect(await book.give(unpaid.number)).toBeUndefined()
    expect(await book.give(open.number)).toBeUndefined()
    expect(await book.give(paid.number)).toMatchObject({ given: true })
    expect(await book.give(paid.number)).toMatchObject({ given: true })
    expect(await owed()).toEqual([])
    expect((await book.decided()).map(sale => sale.number)).toEqual([paid.number, unpaid.number])
  })

  withBook('below the floor nothing new is decided; what was decided before keeps its answer', async book => {
    const [early, late] = [await book.sell(offerOf), await book.sell(offerOf)]
    await book.decide(early.number, PAID)
    await book.raise({ floor: 2 })
    await book.raise({ floor: 1, reported: 1 })
    expect(await book.epochs()).toEqual({ floor: 2, reported: 1 })
    expect(await book.decide(late.number, PAID)).toMatchObject({ refusal: { code: 'epoch-past' } })
    expect(await book.decide(early.number, PAID)).toMatchObject({ value: { handOver: false } })
    expect(await book.decide(late.number, { ...PAID, epoch: 2 })).toMatchObject({ value: { handOver: true } })
  })
}
