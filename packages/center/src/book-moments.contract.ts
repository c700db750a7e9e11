/** What every book must do when several write at once, whatever it is kept in: a part of book.contract.ts. */
import { type AccountId, type PurseId, type StoreId } from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { purseFloat, storePayable } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import { settled } from '@kozeni/ledger/posting'
import { expect } from 'vitest'
import { type Book, type Command, RowTaken, unchanged, type Write } from './book.ts'
import { type BookUnderTest, command, keep, name, put, times } from './book-commands.contract.ts'
import { type RowOf, receiptOf, rowOf } from './book-rows.contract.ts'

export function momentsContract(on: (sentence: string, check: (under: BookUnderTest) => Promise<void>) => void): void {
  on('two hundred commands that each add one to a purse lose none', async ({ book, other }) => {
    const purse = name<PurseId>()
    await book.run(put({ purse }, { write: 'purse', row: rowOf('purse', { purse, credits: total(0n) }) }))
    const answers = await Promise.all(times(200, i => (i % 2 === 0 ? book : other).run(addOne(purse))))
    expect(new Set(answers).size).toBe(200)
    expect((await book.look({ purse })).purse?.credits).toBe(200n)
  })

  on('what a purse was given loses no change either, beside changes of what happens to it', async ({ book, other }) => {
    const purse = name<PurseId>()
    await book.run(
      put({ purse }, { write: 'purse', row: rowOf('purse', { purse, credits: total(0n), settings: 0, keyFloor: 0 }) }),
    )
    const next = command({ purse }, seen => {
      if (seen.purse === undefined) throw new Error('no such purse')
      const { settings, keyFloor } = seen.purse
      const row = { ...seen.purse, settings: settings + 1, keyFloor: keyFloor + 1 }
      return { answer: settings, writes: [{ write: 'purse', row }] }
    })
    const commands = times(200, i => (i % 4 < 2 ? addOne(purse) : next))
    await Promise.all(commands.map((each, i) => (i % 2 === 0 ? book : other).run<bigint | number>(each)))
    expect((await book.look({ purse })).purse).toMatchObject({ credits: 100n, settings: 100, keyFloor: 100 })
  })

  on('what many read and few change loses no change either', async ({ book, other }) => {
    const store = name<StoreId>()
    await book.run(put({ store }, { write: 'store', row: rowOf('store', { store, generation: 0 }) }))
    const next = command({ store }, seen =>
      seen.store === undefined
        ? unchanged(0)
        : {
            answer: seen.store.generation,
            writes: [{ write: 'store' as const, row: { ...seen.store, generation: seen.store.generation + 1 } }],
          },
    )
    await Promise.all(times(60, i => (i % 2 === 0 ? book : other).run(next)))
    expect((await book.look({ store })).store?.generation).toBe(60)
  })

  on('a command whose decision throws changes nothing and hurts no neighbour', async ({ book }) => {
    const purses = times(60, () => name<PurseId>())
    const asked = purses.map((purse, i) =>
      book.run(
        command({ purse }, () => {
          if (i % 3 === 0) throw new Error(`no ${i}`)
          return { answer: i, writes: [{ write: 'purse', row: rowOf('purse', { purse }) }] }
        }),
      ),
    )
    const settledAll = await Promise.allSettled(asked)
    settledAll.forEach((each, i) => {
      expect(each.status).toBe(i % 3 === 0 ? 'rejected' : 'fulfilled')
    })
    const seen = await Promise.all(purses.map(purse => book.look({ purse })))
    expect(seen.map(({ purse }) => purse === undefined)).toEqual(purses.map((_, i) => i % 3 === 0))
  })

  on('a command that cannot be written hurts no neighbour', async ({ book, entries }) => {
    const store = name<StoreId>()
    const blind = () =>
      book.run(put({ store }, ...settled(windowOf(store)).map((row): Write => ({ write: 'entry', row }))))
    const purses = times(40, () => name<PurseId>())
    const [first, second, ...others] = await Promise.allSettled([
      blind(),
      blind(),
      ...purses.map(purse => book.run(put({ purse }, { write: 'purse', row: rowOf('purse', { purse }) }))),
    ])
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected'])
    expect(others.every(({ status }) => status === 'fulfilled')).toBe(true)
    expect((await entries()).length).toBe(2)
  })

  on('an entry is posted once: whoever posts it again, unseen, is told so', async ({ book, other, entries }) => {
    const stores = times(20, () => name<StoreId>())
    const post = (by: Book, store: StoreId) =>
      by.run(put({ store }, ...settled(windowOf(store)).map((row): Write => ({ write: 'entry', row }))))
    const answers = await Promise.allSettled(stores.flatMap(store => [post(book, store), post(other, store)]))
    const refused = answers.filter(each => each.status === 'rejected')
    expect(refused.length).toBe(20)
    for (const each of refused) expect(each.reason).toBeInstanceOf(RowTaken)
    expect((await entries()).length).toBe(40)
  })

  on(
    'of two who race for one number, one gets it and the other decides on what the winner wrote',
    async ({ book, other }) => {
      const store = name<StoreId>()
      const take = (by: Book, transaction: string) => {
        const purse = name<PurseId>()
        const row = rowOf('number', { store, transaction, purse })
        return by.run(
          command({ purse, number: { store, transaction } }, ({ number }) =>
            number === undefined
              ? { answer: 'mine', writes: [{ write: 'number', row }] }
              : unchanged(number.purse === purse ? 'twice' : 'theirs'),
          ),
        )
      }
      const races = await Promise.all(
        times(50, i => Promise.all([take(book, `n${i}`), take(other, `n${i}`), take(book, `n${i}`)])),
      )
      for (const race of races) expect(race.sort()).toEqual(['mine', 'theirs', 'theirs'])
    },
  )

  on('of two who make one account, one makes it', async ({ book, other }) => {
    const make = (by: Book, account: AccountId) =>
      by.run(
        command({ account }, seen =>
          seen.account === undefined
            ? { answer: 'made', writes: [{ write: 'account', row: rowOf('account', { account }) }] }
            : unchanged('there'),
        ),
      )
    const accounts = times(30, () => name<AccountId>())
    const races = await Promise.all(accounts.map(account => Promise.all([make(book, account), make(other, account)])))
    for (const race of races) expect(race.sort()).toEqual(['made', 'there'])
  })

  on('the book’s time is one for a command, and does not go back', async ({ book }) => {
    const purse = name<PurseId>()
    const instants = await Promise.all(times(50, () => book.run(command({ purse }, ({ now }) => unchanged(now)))))
    expect(instants).toEqual(instants.toSorted((a, b) => a - b))
  })

  on('a store’s unsettled sums are sales, voids and refunds before an instant', async ({ book }) => {
    const [store, purse] = [name<StoreId>(), name<PurseId>()]
    const post = (cause: Entry['cause'], first: bigint, amount: bigint, at: number, owed: 'up' | 'down'): Write => {
      const [debit, credit] =
        owed === 'up' ? [purseFloat(purse), storePayable(store)] : [storePayable(store), purseFloat(purse)]
      return {
        write: 'entry',
        row: rowOf('entry', { subject: purse, cause, first, second: 0n, debit, credit, amount: money(amount), at }),
      }
    }
    await book.run(
      put(
        { purse },
        post('committed', 1n, 100n, 10, 'up'),
        post('committed', 2n, 250n, 20, 'up'),
        post('fraud-paid', 4n, 5n, 16, 'up'),
        post('refund-ordered', 9n, 40n, 17, 'down'),
      ),
    )
    const receipt = (seq: number, amount: bigint, at: number, kind: 'debit' | 'void' = 'debit') =>
      receiptOf({ purse, seq, sale: seq, kind, amount: money(amount), at, store, standing: 'booked' })
    await book.run(keep(receipt(1, 70n, 10), receipt(2, 30n, 10), receipt(3, 30n, 16, 'void'), receipt(4, 90n, 20)))
    const sums = { onlineCount: 1, online: 100n, offlineCount: 3, offline: 75n, refunds: 40n, last: undefined }
    expect((await book.look({ unsettled: { store, until: 20 } })).unsettled).toEqual(sums)
    expect((await book.look({ unsettled: { store: name(), until: 20 } })).unsettled).toMatchObject({ online: 0n })
  })

  on(
    'every sale is in one settlement window, however sales and windows get in each other’s way',
    async ({ book, other }) => {
      const store = name<StoreId>()
      const sell = (by: Book) => {
        const purse = name<PurseId>()
        return by.run(
          command({ purse }, ({ now }) => ({
            answer: undefined,
            writes: [{ write: 'entry', row: saleEntry(purse, store, now) }],
          })),
        )
      }
      const sales = times(150, i => sell(i % 2 === 0 ? book : other))
      const windows: RowOf<'settlement'>[] = []
      for (let i = 0; i < 4; i++) windows.push(await (i % 2 === 0 ? book : other).run(settleAll(store)))
      await Promise.all(sales)
      windows.push(await book.run(settleAll(store)))
      expect(windows.map(row => row.window)).toEqual([1, 2, 3, 4, 5])
      expect(windows.reduce((sum, row) => sum + row.onlineCount, 0)).toBe(150)
      expect(windows.reduce((sum, row) => sum + row.online, 0n)).toBe(150n * 3n)
      const { unsettled } = await book.look({ unsettled: { store, until: FAR } })
      expect(unsettled).toMatchObject({ onlineCount: 0, online: 0n, last: windows.at(-1) })
    },
  )

  on('what is due is told once by one of several, and again when it was not told', async ({ book, other }) => {
    const tasks = times(30, i => rowOf('outbox', { name: `task ${i}`, due: i }))
    await book.run(put({}, ...tasks.map((row): Write => ({ write: 'outbox', row }))))
    const [mine, theirs] = [await book.due(10, 60_000), await other.due(100, 60_000)]
    expect(mine).toEqual(tasks.slice(0, 10))
    expect(theirs).toEqual(tasks.slice(10))
    expect(await book.due(100, 60_000)).toEqual([])
    await Promise.all([book.told('task 3', 5), book.told('task 5', 6), other.told('task 4'), book.told('task 6')])
    expect(await book.due(100, 0)).toEqual([
      { ...tasks[3], due: 5 },
      { ...tasks[5], due: 6 },
    ])
    await book.told('task 5')
    await book.run(put({}, { write: 'outbox', row: rowOf('outbox', { name: 'task 3', due: 1 }) }))
    expect(await book.due(100, 0)).toEqual([rowOf('outbox', { name: 'task 3', due: 1 })])
  })
}

const FAR = 8_000_000_000_000

const addOne = (purse: PurseId): Command<bigint> =>
  command({ purse }, seen => {
    if (seen.purse === undefined) throw new Error('no such purse')
    const credits = total(seen.purse.credits + 1n)
    return { answer: credits, writes: [{ write: 'purse', row: { ...seen.purse, credits } }] }
  })

const windowOf = (store: StoreId) => ({
  store,
  window: 1n,
  fee: money(3n),
  net: money(97n),
  currency: rowOf('store', {}).currency,
  at: 1,
})

const saleEntry = (purse: PurseId, store: StoreId, at: number): Entry =>
  rowOf('entry', {
    subject: purse,
    cause: 'committed',
    first: 1n,
    second: 1n,
    debit: purseFloat(purse),
    credit: storePayable(store),
    amount: money(3n),
    at,
  })

const settleAll = (store: StoreId): Command<RowOf<'settlement'>> =>
  command({ unsettled: { store, until: FAR } }, ({ unsettled }) => {
    if (unsettled === undefined) throw new Error('it was asked for')
    const { last, ...sums } = unsettled
    const row = rowOf('settlement', { store, window: (last?.window ?? 0) + 1, until: FAR, ...sums })
    return { answer: row, writes: [{ write: 'settlement', row }] }
  })
