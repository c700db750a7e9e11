/** What every book must do, whatever it is kept in: rows come back as they went, and no two commands share a moment. */
import { type AccountId, type LoadId, type OrderId, type PurseId, type StoreId } from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { purseFloat, storePayable } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import { settled } from '@kozeni/ledger/posting'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Book,
  type Command,
  type Decision,
  type Keys,
  RowTaken,
  type Seen,
  unchanged,
  type Write,
} from './book.ts'
import { type BookUnderTest, command, keep, name, put, times } from './book-commands.contract.ts'
import { FIRST_EPOCH } from './book-epoch.ts'
import { receiptsContract } from './book-receipts.contract.ts'
import { anyRow, type RowOf, receiptOf, rowOf } from './book-rows.contract.ts'
import { entryName } from './book-writes.ts'

const publishing = ({ hotlistAfter }: Seen, row: RowOf<'hotlist'>): Decision<'published' | 'overtaken'> =>
  hotlistAfter === undefined
    ? { answer: 'published', writes: [{ write: 'hotlist', row }] }
    : { answer: 'overtaken', writes: [] }

type Unnamed =
  | 'receipt'
  | 'loss'
  | 'hold'
  | 'entry'
  | 'settlement'
  | 'hotlist'
  | 'epoch'
  | 'honoured'
  | 'found'
  | 'alarm'
  | 'outbox'
type SeenKind = Exclude<Write['write'], Unnamed>

/** How a row of each kind is named, and found again. */
const found: {
  readonly [K in SeenKind]: {
    readonly keys: (row: RowOf<K>) => Keys
    readonly fields: readonly (keyof RowOf<K>)[]
    readonly row: (seen: Seen, row: RowOf<K>) => RowOf<K> | undefined
  }
} = {
  account: { keys: ({ account }) => ({ account }), fields: ['account'], row: seen => seen.account },
  device: { keys: ({ device }) => ({ device }), fields: ['device'], row: seen => seen.device },
  chip: { keys: ({ chip }) => ({ chip }), fields: ['chip'], row: seen => seen.chip },
  store: { keys: ({ store }) => ({ store }), fields: ['store'], row: seen => seen.store },
  terminal: { keys: ({ terminal }) => ({ terminal }), fields: ['terminal'], row: seen => seen.terminal },
  purse: { keys: ({ purse }) => ({ purse }), fields: ['purse'], row: seen => seen.purse },
  operation: {
    keys: ({ purse, epoch, number }) => ({ purse, operation: { epoch, number } }),
    fields: ['purse', 'epoch', 'number'],
    row: seen => seen.operation,
  },
  load: { keys: ({ purse, load }) => ({ purse, load }), fields: ['purse', 'load'], row: seen => seen.load },
  order: { keys: ({ purse, order }) => ({ purse, order }), fields: ['purse', 'order'], row: seen => seen.order },
  proposal: { keys: ({ proposal }) => ({ proposal }), fields: ['proposal'], row: seen => seen.proposal },
  move: { keys: ({ move }) => ({ move }), fields: ['move'], row: seen => seen.move },
  number: {
    keys: ({ purse, store, transaction }) => ({ purse, number: { store, transaction } }),
    fields: ['purse', 'store', 'transaction'],
    row: seen => seen.number,
  },
  return: {
    keys: ({ purse, seq }) => ({ purse, returned: seq }),
    fields: ['purse', 'seq'],
    row: seen => seen.returned,
  },
}

export function bookContract(title: string, open: () => Promise<BookUnderTest>): void {
  const on = (sentence: string, check: (under: BookUnderTest) => Promise<void>): void =>
    test(`${title}: ${sentence}`, async () => {
      const under = await open()
      try {
        await check(under)
      } finally {
        await under.close()
      }
    })

  const comesBack = <K extends SeenKind>(kind: K) =>
    on(`any ${kind} comes back as it went, and so does the one that replaces it`, async ({ book }) => {
      const { keys, fields, row: rowIn } = found[kind]
      await fc.assert(
        fc.asyncProperty(anyRow[kind], anyRow[kind], async (first, other) => {
          const second = { ...other, ...Object.fromEntries(fields.map(field => [field, first[field]])) }
          for (const row of [first, second]) {
            await book.run(put(keys(first), { write: kind, row } as Write))
            expect(rowIn(await book.look(keys(first)), first)).toEqual(row)
          }
        }),
        { numRuns: 25 },
      )
    })
  for (const kind of Object.keys(found) as SeenKind[]) comesBack(kind)

  on('a hotlist version comes back as it went, and no version is followed by two', async ({ book, views }) => {
    const rows = fc
      .sample(anyRow.hotlist, { numRuns: 20, seed: 4 })
      .map((row, i) => ({ ...row, follows: 3 * i, version: 3 * i + 3 }))
    for (const row of rows) {
      await book.run(put({ hotlistAfter: row.follows }, { write: 'hotlist', row }))
      expect((await book.look({ hotlistAfter: row.follows })).hotlistAfter).toEqual(row)
    }
    expect(await views.hotlists(0)).toEqual(rows)
    expect(await views.hotlists(30)).toEqual(rows.slice(10))
    const both = [61, 62].map(version =>
      book.run(command({ hotlistAfter: 60 }, seen => publishing(seen, rowOf('hotlist', { follows: 60, version })))),
    )
    expect((await Promise.all(both)).toSorted()).toEqual(['overtaken', 'published'])
  })

  on(
    'what was judged of a purse comes back with the hotlists that concern it, and only when it is asked for',
    async ({ book }) => {
      const [row, other] = fc.sample(anyRow.loss, { numRuns: 2, seed: 4 })
      if (row === undefined || other === undefined) throw new Error('two rows')
      const { purse } = row
      const changes = [[], [purse], [other.purse]].flatMap(listed => [
        { listed, unlisted: [] },
        { listed: [], unlisted: listed },
      ])
      const versions = changes.map((purses, i) => ({
        ...rowOf('hotlist', { follows: 2 * i, version: 2 * i + 2, at: i }),
        purses,
      }))
      for (const version of versions)
        await book.run(put({ hotlistAfter: version.follows }, { write: 'hotlist', row: version }))
      const second = { ...row, digest: row.digest - 1n, listing: { version: 4, until: 5 } }
      for (const one of [row, second, other])
        await book.run(put({ purse: one.purse, sales: [one] }, { write: 'loss', row: one }))
      const { fraud } = await book.look({ purse, fraud: true })
      expect(fraud?.losses.toSorted((a, b) => Number(b.digest - a.digest))).toEqual([row, second])
      expect(fraud?.listings).toEqual(versions.slice(2, 4))
      expect((await book.look({ purse })).fraud).toBeUndefined()
      await expect(book.run(put({ purse, sales: [row] }, { write: 'loss', row }))).rejects.toThrow(RowTaken)
    },
  )

  on(
    'claims that are held for a void come back with what was judged, each once, and as they are changed',
    async ({ book }) => {
      const rows = fc.sample(anyRow.hold, { numRuns: 3, seed: 4 }).map((row, i) => ({ ...row, seq: i + 1 }))
      const [first, second, other] = rows
      if (first === undefined || second === undefined || other === undefined) throw new Error('three rows')
      const { purse } = first
      const mine = [first, { ...second, purse }]
      for (const row of [...mine, other]) await book.run(put({ purse: row.purse }, { write: 'hold', row }))
      expect((await book.look({ purse, fraud: true })).fraud?.holds).toEqual(mine)
      await expect(book.run(put({ purse }, { write: 'hold', row: first }))).rejects.toThrow(RowTaken)
      const charged = { ...first, stage: 'charged' as const, chargedAt: 8 }
      await book.run(put({ purse, fraud: true }, { write: 'hold', row: charged }))
      const restored = { ...charged, stage: 'restored' as const, endedAt: 9 }
      await book.run(put({ purse, fraud: true }, { write: 'hold', row: restored }))
      expect((await book.look({ purse, fraud: true })).fraud?.holds).toEqual([restored, mine[1]])
    },
  )

  on('any entry comes back as it went', async ({ book, entries }) => {
    const rows = fc.sample(anyRow.entry, { numRuns: 60, seed: 3 })
    await Promise.all(rows.map(row => book.run(put({ purse: row.subject as PurseId }, { write: 'entry', row }))))
    expect(sorted(await entries())).toEqual(sorted(rows))
  })

  on('any alarm and any settlement comes back as it went', async ({ book, views }) => {
    for (const row of fc.sample(anyRow.alarm, { numRuns: 30, seed: 4 })) {
      await book.run(put({}, { write: 'alarm', row }))
      const { rows } = await views.alarms({ limit: 500, after: undefined })
      expect(rows).toContainEqual(row)
    }
    for (const row of fc.sample(anyRow.settlement, { numRuns: 30, seed: 5 })) {
      await book.run(put({ unsettled: { store: row.store, until: row.until } }, { write: 'settlement', row }))
      expect(await views.statement(row.store, row.window)).toEqual(row)
    }
  })

  on(
    'a book begins in epoch 1; the newest is the present one, and its heartbeats never fall',
    async ({ book, other }) => {
      expect((await book.look({})).present).toEqual(FIRST_EPOCH)
      const [second, third] = [rowOf('epoch', { epoch: 2, beat: 7 }), rowOf('epoch', { epoch: 3, beat: 4 })]
      await book.run(put({}, { write: 'epoch', row: third }))
      await book.run(put({}, { write: 'epoch', row: second }))
      expect((await other.look({})).present).toEqual(third)
      await book.run(put({}, { write: 'epoch', row: { ...third, beat: 9 } }))
      await other.run(put({}, { write: 'epoch', row: { ...third, beat: 8 } }))
      expect((await book.look({})).present).toEqual({ ...third, beat: 9 })
    },
  )

  on(
    'after a restore a store’s word comes with its number, and with the open pay of an older epoch',
    async ({ book }) => {
      const word = rowOf('honoured', {})
      const { store: owner, transaction } = word
      const [store, number] = [rowOf('store', { store: owner }), { store: owner, transaction }]
      const pay = rowOf('operation', { kind: 'pay', ...number, epoch: 1, decision: 'open', closed: undefined })
      const purse = rowOf('purse', { purse: pay.purse })
      await book.run(put({ store: owner }, { write: 'store', row: store }))
      await book.run(put({ purse: pay.purse }, { write: 'purse', row: purse }, { write: 'operation', row: pay }))
      const words = async () => {
        const seen = await book.look({ purse: pay.purse, number })
        return [seen.honoured, seen.openHonoured, seen.openStore]
      }
      await book.run(put({ number }, { write: 'honoured', row: word }))
      expect(await words()).toEqual([undefined, undefined, undefined])
      await book.run(put({}, { write: 'epoch', row: rowOf('epoch', { epoch: 2 }) }))
      expect(await words()).toEqual([word, word, store])
      await expect(book.run(put({}, { write: 'honoured', row: word }))).rejects.toThrow(RowTaken)
    },
  )

  on(
    'the ring’s operations are shown to whoever names them; what was found, and the waiting load, after a restore',
    async ({ book }) => {
      const load = rowOf('load', {})
      const { purse } = load
      const order = rowOf('order', { order: load.load as LoadId & OrderId, purse, kind: 'load', stage: 'waiting' })
      const operation = rowOf('operation', { purse, epoch: 1, number: 4 })
      const found = rowOf('found', { purse, epoch: 1, number: 5 })
      const writes: Write[] = [
        { write: 'load', row: load },
        { write: 'order', row: order },
        { write: 'operation', row: operation },
        { write: 'found', row: found },
      ]
      await book.run(put({ purse }, ...writes))
      const shown = async () => {
        const seen = await book.look({ purse, ring: [operation, found] })
        return [[...seen.ring.values()], seen.found, seen.waitingLoad]
      }
      expect(await shown()).toEqual([[operation], [], undefined])
      await book.run(put({}, { write: 'epoch', row: rowOf('epoch', { epoch: 2 }) }))
      expect(await shown()).toEqual([[operation], [found], load])
      await book.run(put({ purse }, { write: 'found', row: { ...found, standing: 'settled' } }))
      expect((await book.look({ purse })).found).toEqual([{ ...found, standing: 'settled' }])
    },
  )

  on('whoever changes a row that it was given changes nobody else’s', async ({ book }) => {
    const row = rowOf('account', {})
    await book.run(put({ account: row.account }, { write: 'account', row }))
    const seen = await book.look({ account: row.account })
    seen.account?.secretDigest.fill(0xff)
    expect((await book.look({ account: row.account })).account).toEqual(rowOf('account', {}))
  })

  on(
    'a purse is shown with its open operation, that one’s order and load, and its next waiting order: refunds first, then the oldest',
    async ({ book }) => {
      const [purse, order] = [name<PurseId>(), name<OrderId>()]
      const load = order as OrderId & LoadId
      const place = { epoch: 1, number: 4_000_000_000 }
      const openOperation = rowOf('operation', { purse, ...place, order, closed: undefined, decision: 'open' })
      const closedOperation = rowOf('operation', {
        purse,
        epoch: 1,
        number: 1,
        decision: 'void',
        closed: { at: 9, source: 'fence', outcome: 'none' },
      })
      const orders = [3, 1, 2].map(at => rowOf('order', { order: name(), purse, kind: 'move', stage: 'waiting', at }))
      const openOrder = rowOf('order', { order, purse, stage: 'open', at: 0 })
      const openLoad = rowOf('load', { load, purse })
      const rows: Write[] = [
        { write: 'operation', row: closedOperation },
        { write: 'operation', row: openOperation },
        ...[...orders, openOrder].map((row): Write => ({ write: 'order', row })),
        { write: 'load', row: openLoad },
      ]
      await book.run(put({ purse }, ...rows))
      const seen = await book.look({ purse, operation: { epoch: 1, number: 1 } })
      expect(seen).toMatchObject({ open: openOperation, openOrder, openLoad, waiting: orders[1] })
      const refund = rowOf('order', { order: name(), purse, kind: 'refund', stage: 'waiting', at: 4 })
      await book.run(put({ purse }, { write: 'order', row: refund }))
      expect((await book.look({ purse })).waiting).toEqual(refund)
      expect(seen.operation).toEqual(closedOperation)
      expect((await book.look({ purse: name() })).waiting).toBeUndefined()
    },
  )

  on(
    'a purse has one open operation: it may close one and open the next in one go, and never two',
    async ({ book }) => {
      const purse = name<PurseId>()
      const operation = (number: number) =>
        rowOf('operation', { purse, epoch: 1, number, decision: 'open', closed: undefined })
      const closed = (row: RowOf<'operation'>): Write => ({
        write: 'operation',
        row: { ...row, decision: 'commit', closed: { at: 1, source: 'result', outcome: 'applied' } },
      })
      await book.run(put({ purse }, { write: 'operation', row: operation(1) }))
      await expect(book.run(put({ purse }, { write: 'operation', row: operation(2) }))).rejects.toThrow(RowTaken)
      await book.run(put({ purse }, { write: 'operation', row: operation(2) }, closed(operation(1))))
      expect((await book.look({ purse })).open).toEqual(operation(2))
    },
  )

  on('a number is shown with the operation that it opened', async ({ book }) => {
    const [purse, store] = [name<PurseId>(), name<StoreId>()]
    const operation = rowOf('operation', { purse, epoch: 2, number: 7 })
    const number = rowOf('number', { store, transaction: 'A1', purse, epoch: 2, number: 7 })
    const keys = { purse, number: { store, transaction: 'A1' } }
    await book.run(put(keys, { write: 'operation', row: operation }, { write: 'number', row: number }))
    const seen = await book.look({ number: keys.number })
    expect([seen.number, seen.numbered]).toEqual([number, operation])
  })

  on('two hundred commands that each add one to a purse lose none', async ({ book, other }) => {
    const purse = name<PurseId>()
    await book.run(put({ purse }, { write: 'purse', row: rowOf('purse', { purse, credits: total(0n) }) }))
    const answers = await Promise.all(times(200, i => (i % 2 === 0 ? book : other).run(addOne(purse))))
    expect(new Set(answers).size).toBe(200)
    expect((await book.look({ purse })).purse?.credits).toBe(200n)
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
    await book.told('task 3', 5)
    await other.told('task 4')
    expect(await book.due(100, 0)).toEqual([{ ...tasks[3], due: 5 }])
    await book.run(put({}, { write: 'outbox', row: rowOf('outbox', { name: 'task 3', due: 1 }) }))
    expect(await book.due(100, 0)).toEqual([rowOf('outbox', { name: 'task 3', due: 1 })])
  })

  receiptsContract(on)
}

const sorted = (entries: readonly Entry[]): readonly Entry[] =>
  entries.toSorted((a, b) => (entryName(a) < entryName(b) ? -1 : 1))

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
