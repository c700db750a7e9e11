import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { idFromNumber, type OrderId, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { including, NO_RANGES, type Ranges } from '@kozeni/base/ranges'
import { bank, funding, inDoubt, inTransit, purseFloat, storePayable } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Archive } from './archive.ts'
import { withPostgresArchive } from './archive-postgres.ts'
import type { Book, Command, Keys, Write } from './book.ts'
import { MemoryBook } from './book-memory.ts'
import { PostgresBook } from './book-postgres.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { receiptOf, rowOf } from './book-rows.contract.ts'
import { migrate } from './migrate.ts'
import { freshDatabase } from './postgres-for-tests.ts'
import { liabilities, type Page, type PageQuery, type Views } from './views.ts'
import { MemoryViews } from './views-memory.ts'
import { PostgresViews } from './views-postgres.ts'

const PURSES = [1n, 2n, 3n].map(number => idFromNumber<PurseId>(number))
const STORE = idFromNumber<StoreId>(10n)
const [FIRST = idFromNumber<PurseId>(1n)] = PURSES

/** One purse's little history; several things bear one instant, as they do when commands go in a group. */
function historyOf(purse: PurseId, i: number): { keys: Keys; writes: Write[] } {
  const order = (number: bigint, at: number): Write => ({
    write: 'order',
    row: rowOf('order', { order: idFromNumber<OrderId>(number * 10n + BigInt(i)), purse, stage: 'waiting', at }),
  })
  const operation = (number: number, openedAt: number, closedAt?: number): Write => ({
    write: 'operation',
    row: rowOf('operation', {
      purse,
      epoch: 1,
      number,
      openedAt,
      decision: closedAt === undefined ? 'open' : 'commit',
      closed: closedAt === undefined ? undefined : { at: closedAt, source: 'result', outcome: 'applied' },
    }),
  })
  const writes: Write[] = [
    {
      write: 'purse',
      row: rowOf('purse', { purse, blocked: i !== 1, stage: i === 0 ? 'retired' : 'active', ...BOOKED }),
    },
    order(7n, 200),
    order(8n, 100),
    operation(1, 100, 150),
    operation(2, 150, 200),
    operation(3, 200),
    { write: 'receipt', row: receipt(purse, 1, { at: 150, standing: 'held' }) },
    { write: 'receipt', row: receipt(purse, 2, { at: 300 + i }) },
    { write: 'alarm', row: rowOf('alarm', { subject: purse, what: 'rolled-back', at: 150, facts: { n: `${i}` } }) },
    { write: 'alarm', row: rowOf('alarm', { subject: purse, what: 'receipts-differ', at: 150 + i, facts: {} }) },
    ...entriesOf(purse).map((row): Write => ({ write: 'entry', row })),
  ]
  return { keys: { purse, sales: [receipt(purse, 2, {})] }, writes }
}

/** What the purses' rows say of the one debit that is booked. */
const BOOKED = {
  bookedAmount: total(120n),
  bookedCount: 1,
  voidedAmount: total(0n),
  taken: [1, 2].reduce<Ranges>(including, NO_RANGES),
  currency: currency('JPY'),
}

const receipt = (purse: PurseId, seq: number, fields: Partial<ReceiptRow>): ReceiptRow =>
  receiptOf({ purse, seq, sale: seq, kind: 'debit', amount: money(120n), store: STORE, standing: 'booked', ...fields })

const entriesOf = (subject: PurseId): Entry[] =>
  [
    { cause: 'captured', debit: funding, credit: inTransit(subject), amount: 900n, at: 100 },
    { cause: 'opened', debit: inTransit(subject), credit: inDoubt(subject), amount: 500n, at: 100 },
    { cause: 'committed', debit: inDoubt(subject), credit: purseFloat(subject), amount: 500n, at: 150 },
  ].map(fields =>
    rowOf('entry', { subject, first: 1n, second: 1n, ...fields, amount: money(fields.amount) } as Partial<Entry>),
  )

async function live(book: Book): Promise<void> {
  const write = (keys: Keys, writes: readonly Write[]) =>
    book.run({ keys, decide: () => ({ answer: undefined, writes }) })
  await write({ store: STORE }, [{ write: 'store', row: rowOf('store', { store: STORE }) }])
  for (const [i, purse] of PURSES.entries()) {
    const { keys, writes } = historyOf(purse, i)
    await write(keys, writes)
  }
  for (const number of [20n, 21n, 22n]) {
    const terminal = idFromNumber<TerminalId>(number)
    await write({ terminal }, [{ write: 'terminal', row: rowOf('terminal', { terminal, stolen: number !== 21n }) }])
  }
  for (const until of [250, 400, 500]) await book.run(settling(until))
}

const settling = (until: number) => ({
  keys: { store: STORE, unsettled: { store: STORE, until } },
  decide: ({ unsettled }: Awaited<ReturnType<Book['look']>>) => {
    const { last, ...sums } = unsettled ?? { last: undefined }
    const row = rowOf('settlement', { store: STORE, window: (last?.window ?? 0) + 1, until, ...sums })
    const paid = rowOf('entry', {
      subject: STORE,
      cause: 'paid-out',
      first: BigInt(row.window),
      second: 0n,
      debit: storePayable(STORE),
      credit: bank,
      amount: money(10n),
      at: until,
    })
    const writes: Write[] = [
      { write: 'settlement', row },
      { write: 'entry', row: paid },
    ]
    return { answer: undefined, writes }
  },
})

let memory: Views
let postgres: Views
let url: string

beforeAll(async () => {
  url = await freshDatabase()
  await migrate(url)
  const books = { memory: new MemoryBook(new StillClock(1000)), postgres: new PostgresBook({ url }) }
  await live(books.memory)
  await live(books.postgres)
  await books.postgres.close()
  memory = new MemoryViews(books.memory)
  postgres = new PostgresViews({ url })
})

afterAll(async () => {
  await postgres.close()
})

/** Page after page, to the end. */
async function all<Row>(list: (page: PageQuery) => Promise<Page<Row>>, limit: number): Promise<Row[]> {
  const rows: Row[] = []
  for (let after: string | undefined; ; ) {
    const page = await list({ limit, after })
    expect(page.rows.length).toBeLessThanOrEqual(limit)
    rows.push(...page.rows)
    if (page.next === undefined) return rows
    after = page.next
  }
}

const lists: Readonly<Record<string, (views: Views) => (page: PageQuery) => Promise<Page<unknown>>>> = {
  'a purse’s story': views => page => views.story(FIRST, page),
  'all operations': views => page => views.operations({ open: undefined, purse: undefined }, page),
  'open operations': views => page => views.operations({ open: true, purse: undefined }, page),
  'closed operations of a purse': views => page => views.operations({ open: false, purse: FIRST }, page),
  'alarms, newest first': views => page => views.alarms(page),
  'a store’s statements, newest first': views => page => views.statements(STORE, page),
}

for (const [list, of] of Object.entries(lists)) {
  test(`${list}: the same in both books, whatever the size of a page, nothing left out and nothing twice`, async () => {
    const whole = await all(of(memory), 500)
    expect(whole.length).toBeGreaterThan(1)
    for (const limit of [1, 2, 3, 7, 500]) {
      expect(await all(of(memory), limit)).toEqual(whole)
      expect(await all(of(postgres), limit)).toEqual(whole)
    }
  })
}

test('what tills must not serve, what a purse waits for and one statement are the same in both books', async () => {
  const of = (views: Views) =>
    Promise.all([views.listed(), views.waiting(FIRST), views.statement(STORE, 2), views.statement(STORE, 9)])
  expect(await of(postgres)).toEqual(await of(memory))
  const [listed, waiting] = await of(postgres)
  expect([listed.purses.length, listed.terminals.length, waiting.map(order => order.at)]).toEqual([2, 2, [100, 200]])
})

test('a store’s tills may meet the purses that paid there lately: those met last come first, retired ones never', async () => {
  for (const limit of [1, 2, 3]) {
    const met = await memory.metLately(STORE, limit)
    expect(met).toEqual([PURSES[2], PURSES[1]].slice(0, limit))
    expect(await postgres.metLately(STORE, limit)).toEqual(met)
  }
  expect(await postgres.metLately(idFromNumber<StoreId>(11n), 5)).toEqual([])
})

test('balances sum to zero on every day, and say what was owed then', async () => {
  for (const until of [undefined, 100, 101, 151, 301, 1000]) {
    const balances = await postgres.balances(until)
    expect(balances).toEqual(await memory.balances(until))
    expect(balances.reduce((sum, { balance }) => sum + balance, 0n)).toBe(0n)
  }
  expect(liabilities(await postgres.balances(151))).toMatchObject([{ holders: 2700n, stores: 0n }])
  expect(liabilities(await postgres.balances())).toMatchObject([{ holders: 2340n, stores: 330n }])
  for (const owner of [FIRST, STORE]) expect(await postgres.balancesOf(owner)).toEqual(await memory.balancesOf(owner))
})

test('the archive has every purse and every store with all that is theirs, as of one instant', async () => {
  const read = async (archive: Archive) => {
    const found = { purses: 0, operations: 0, receipts: 0, entries: 0, orders: 0, settlements: 0, strays: 0 }
    for await (const file of archive.purses()) {
      found.purses++
      found.operations += file.operations.length
      found.receipts += file.receipts.length
      found.entries += file.entries.length
      found.orders += file.orders.length
      const late = new PostgresBook({ url })
      await late.run(lateReceipt(found.purses))
      await late.close()
    }
    for await (const file of archive.stores()) found.settlements += file.settlements.length
    for await (const _ of archive.strays()) found.strays++
    return found
  }
  const found = await withPostgresArchive(url, read)
  expect(found).toEqual({ purses: 3, operations: 9, receipts: 6, entries: 9, orders: 6, settlements: 3, strays: 0 })
})

/** A debit that is booked while the archive is read. */
const lateReceipt = (seq: number): Command<void> => ({
  keys: { purse: FIRST, sales: [receipt(FIRST, 100 + seq, {})] },
  decide: ({ purse }) => ({
    answer: undefined,
    writes: [
      ...(purse === undefined ? [] : [{ write: 'purse' as const, row: purse }]),
      { write: 'receipt', row: receipt(FIRST, 100 + seq, { at: 900 }) },
    ],
  }),
})
