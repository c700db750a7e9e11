/** What every book must do, whatever it is kept in: rows come back as they went, and no two commands share a moment. */
import { type LoadId, type OrderId, type PurseId, type StoreId } from '@kozeni/base/ids'
import type { Entry } from '@kozeni/ledger/entry'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Decision, type Keys, RowTaken, type Seen, type Write } from './book.ts'
import { type BookUnderTest, command, name, put } from './book-commands.contract.ts'
import { FIRST_EPOCH } from './book-epoch.ts'
import { momentsContract } from './book-moments.contract.ts'
import { receiptsContract } from './book-receipts.contract.ts'
import { anyRow, type RowOf, rowOf } from './book-rows.contract.ts'
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

  momentsContract(on)
  receiptsContract(on)
}

const sorted = (entries: readonly Entry[]): readonly Entry[] =>
  entries.toSorted((a, b) => (entryName(a) < entryName(b) ? -1 : 1))
