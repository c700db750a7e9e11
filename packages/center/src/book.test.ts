import { setTimeout as pause } from 'node:timers/promises'
import { StillClock } from '@kozeni/base/clock'
import { SeededDice } from '@kozeni/base/dice'
import { type AccountId, freshId, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { including, NO_RANGES } from '@kozeni/base/ranges'
import type { Entry } from '@kozeni/ledger/entry'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { withPostgresArchive } from './archive-postgres.ts'
import { bookContract } from './book.contract.ts'
import { AnswerLost, type Book, type Command, type Keys, type Seen, unchanged } from './book.ts'
import type { BookUnderTest } from './book-commands.contract.ts'
import { MemoryBook } from './book-memory.ts'
import { PostgresBook } from './book-postgres.ts'
import type { SaleName } from './book-receipt.ts'
import { receiptOf, rowOf } from './book-rows.contract.ts'
import { migrate } from './migrate.ts'
import { freshDatabase } from './postgres-for-tests.ts'
import { MIGRATIONS } from './schema.ts'
import { MemoryViews } from './views-memory.ts'
import { PostgresViews } from './views-postgres.ts'

bookContract('memory', async () => {
  const book = new MemoryBook(new StillClock(1_800_000_000_000))
  const entries = async (): Promise<Entry[]> => [...book.tables.entry.values()]
  return { book, other: book, views: new MemoryViews(book), entries, close: async () => {} }
})

let migrated: Promise<string> | undefined

/** A database with all tables and no rows. */
async function emptyBook(): Promise<string> {
  migrated ??= freshDatabase().then(async url => {
    await migrate(url)
    return url
  })
  return await freshDatabase(await migrated)
}

async function postgres(options: { readonly lockOneByOne?: boolean } = {}): Promise<BookUnderTest> {
  const url = await emptyBook()
  const [book, other] = [new PostgresBook({ url, ...options }), new PostgresBook({ url, ...options })]
  const views = new PostgresViews({ url })
  return {
    book,
    other,
    views,
    entries: () => entriesIn(url),
    close: async () => {
      await Promise.all([book.close(), other.close(), views.close()])
    },
  }
}

const entriesIn = (url: string): Promise<readonly Entry[]> =>
  withPostgresArchive(url, async archive => {
    const entries: Entry[] = []
    for await (const file of archive.purses()) entries.push(...file.entries)
    for await (const file of archive.batches()) entries.push(...file.entries)
    for await (const file of archive.stores()) entries.push(...file.entries)
    for await (const entry of archive.strays()) entries.push(entry)
    return entries
  })

bookContract('PostgreSQL', postgres)

const dice = new SeededDice(8)
const row = { write: 'purse' } as const

test('PostgreSQL: rows can be locked one a statement, as Citus wants it, and nothing is lost', async () => {
  const { book, other, close } = await postgres({ lockOneByOne: true })
  const purses = Array.from({ length: 10 }, () => freshId<PurseId>(dice))
  await Promise.all(purses.map(purse => book.run(creating(purse))))
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? book : other).run(adding(purses[i % 10] ?? freshId(dice)))),
  )
  const credits = await Promise.all(purses.map(async purse => (await book.look({ purse })).purse?.credits))
  expect(credits).toEqual(purses.map(() => 20n))
  await close()
})

test('PostgreSQL: of two processes that have both read before either writes, the second decides again', async () => {
  const url = await emptyBook()
  const [one, two] = [new PostgresBook({ url }), new PostgresBook({ url })]
  const sale = { terminal: freshId<TerminalId>(dice), sale: 1 }
  const number = { store: freshId<StoreId>(dice), transaction: 'N' }
  const account = freshId<AccountId>(dice)
  const paying = (by: Book) => by.run(payingSale(freshId(dice), sale))
  const opening = (by: Book) => by.run(takingNumber(freshId(dice), number))
  const joining = (by: Book) => by.run(makingAccount(account))
  for (const race of [paying, opening, joining]) {
    const answers = await heldBack(url, 2, () => [race(one), race(two)])
    expect(answers.toSorted((a, b) => a.localeCompare(b))).toEqual(['first', 'second'])
  }
  await Promise.all([one.close(), two.close()])
})

test('PostgreSQL: connections cut in the middle lose only what was not answered, and repeating it makes it whole', async () => {
  const url = await emptyBook()
  const book = new PostgresBook({ url })
  const purses = Array.from({ length: 50 }, () => freshId<PurseId>(dice))
  await Promise.all(purses.map(purse => book.run(creating(purse))))
  const outcomes = { answered: 0, lost: 0 }
  const collect = async (purse: PurseId, seq: number): Promise<void> => {
    try {
      await book.run(collecting(purse, seq))
      outcomes.answered++
    } catch (error) {
      expect(error).toBeInstanceOf(AnswerLost)
      outcomes.lost++
      await collect(purse, seq)
    }
  }
  const killer = cutConnections(url, 12)
  for (let seq = 1; seq <= 40; seq++) await Promise.all(purses.map(purse => collect(purse, seq)))
  await killer
  expect(outcomes.answered).toBe(2000)
  const seen = await Promise.all(purses.map(purse => book.look({ purse })))
  for (const { purse } of seen) expect(purse?.bookedCount).toBe(40)
  await book.close()
})

test('PostgreSQL: the book’s day can be moved, for tests', async () => {
  const url = await emptyBook()
  const book = new PostgresBook({ url, now: now => now + 86_400_000 })
  expect((await book.look({})).now).toBeGreaterThan(Date.now() + 86_000_000)
  await book.close()
})

test('PostgreSQL: an asked book that is closed answers first', async () => {
  const url = await emptyBook()
  const book = new PostgresBook({ url })
  const purse = freshId<PurseId>(dice)
  const answers = [book.run(creating(purse)), ...Array.from({ length: 20 }, () => book.run(adding(purse)))]
  await book.close()
  expect((await Promise.all(answers)).at(-1)).toBe(20n)
})

test('a database is brought up to date once, by however many at once, and a newer one is left alone', async () => {
  const url = await freshDatabase()
  const applied = await Promise.all([migrate(url), migrate(url), migrate(url)])
  const counts = applied.map(each => (each.ok ? each.value : Number.NaN))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(MIGRATIONS.length)
  const newer = [
    ...MIGRATIONS,
    { number: MIGRATIONS.length + 1, sql: 'create table later (later_id bigint primary key)' },
  ]
  expect(await migrate(url, newer)).toEqual({ ok: true, value: 1 })
  const refusal = { code: 'database-newer', found: MIGRATIONS.length + 1, known: MIGRATIONS.length }
  expect(await migrate(url)).toEqual({ ok: false, refusal })
})

test('a migration that fails leaves nothing behind', async () => {
  const url = await freshDatabase()
  const broken = [{ number: 1, sql: 'create table half (half_id bigint primary key); select no_such_column' }]
  await expect(migrate(url, broken)).rejects.toThrow('no_such_column')
  expect(await migrate(url)).toEqual({ ok: true, value: MIGRATIONS.length })
})

const creating = (purse: PurseId) => ({
  keys: { purse },
  decide: () => ({
    answer: 0n,
    writes: [
      {
        ...row,
        row: rowOf('purse', { purse, credits: total(0n), bookedCount: 0, debits: total(0n), taken: NO_RANGES }),
      },
    ],
  }),
})

const adding = (purse: PurseId) => ({
  keys: { purse },
  decide: (seen: Seen) => {
    if (seen.purse === undefined) throw new Error('no such purse')
    const credits = total(seen.purse.credits + 1n)
    return { answer: credits as bigint, writes: [{ ...row, row: { ...seen.purse, credits } }] }
  },
})

const collecting = (purse: PurseId, seq: number): Command<'booked' | 'already-booked'> => {
  const row = receiptOf({ purse, seq, kind: 'void', standing: 'booked' })
  return {
    keys: { purse, receipts: [seq] },
    decide: seen => {
      if (seen.purse === undefined) throw new Error('no such purse')
      if (seen.receipts.has(seq)) return unchanged('already-booked')
      const after = { ...seen.purse, bookedCount: seen.purse.bookedCount + 1, taken: including(seen.purse.taken, seq) }
      return {
        answer: 'booked',
        writes: [
          { write: 'receipt', row },
          { write: 'purse', row: after },
        ],
      }
    },
  }
}

/** Ends the book's connections `times` times, a few milliseconds apart, wherever each of them stands. */
async function cutConnections(url: string, times: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (let i = 0; i < times; i++) {
    await pause(17)
    await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'kozeni book'`,
    )
  }
  await client.end()
}

const payingSale = (purse: PurseId, sale: SaleName): Command<string> => ({
  keys: { purse, sales: [sale] },
  decide: seen => {
    const standing = seen.sales.size === 0 ? 'booked' : 'held'
    const paid = receiptOf({ purse, seq: 1, kind: 'debit', standing, ...sale })
    return {
      answer: standing === 'booked' ? 'first' : 'second',
      writes: [
        { write: 'receipt', row: paid },
        { write: 'purse', row: rowOf('purse', { purse, taken: including(NO_RANGES, 1) }) },
      ],
    }
  },
})

const takingNumber = (purse: PurseId, number: NonNullable<Keys['number']>): Command<string> => ({
  keys: { purse, number },
  decide: seen =>
    seen.number === undefined
      ? { answer: 'first', writes: [{ write: 'number', row: rowOf('number', { ...number, purse }) }] }
      : unchanged('second'),
})

const makingAccount = (account: AccountId): Command<string> => ({
  keys: { account },
  decide: seen =>
    seen.account === undefined
      ? { answer: 'first', writes: [{ write: 'account', row: rowOf('account', { account }) }] }
      : unchanged('second'),
})

/** Lets nobody write before `count` want to: they have all read by then. */
async function heldBack<A>(url: string, count: number, start: () => Promise<A>[]): Promise<A[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query('lock table terminal_sales, number, account in share mode')
  const answers = start()
  const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
  while ((await client.query(waiting)).rowCount !== count) {
    await pause(5)
    await client.query('select pg_stat_clear_snapshot()')
  }
  await client.query('commit')
  await client.end()
  return await Promise.all(answers)
}
