import { idFromNumber, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { runsOf } from '@kozeni/base/ranges'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { withPostgresArchive } from './archive-postgres.ts'
import { auditBatch } from './audit-batch.ts'
import type { PurseRow } from './book.ts'
import { PostgresBook } from './book-postgres.ts'
import { receiptOf, rowOf } from './book-rows.contract.ts'
import { NUMBER, OPERATION } from './book-tables.ts'
import { WHOLE_PURSE } from './book-tables-purse.ts'
import { RECEIPT } from './book-tables-receipt.ts'
import { migrate } from './migrate.ts'
import { freshDatabase } from './postgres-for-tests.ts'
import type { Table } from './postgres-table.ts'
import { MIGRATIONS } from './schema.ts'

const purse = idFromNumber<PurseId>(1n)
const store = idFromNumber<StoreId>(2n)
const terminal = idFromNumber<TerminalId>(3n)

/** A debit, a debit and its void, a gap, a debit that is held. */
const RECEIPTS = [
  receiptOf({ purse, seq: 1, kind: 'debit', standing: 'booked', terminal, store, sale: 1, at: 100 }),
  receiptOf({ purse, seq: 2, kind: 'debit', standing: 'booked', terminal, store, sale: 2, at: 200 }),
  receiptOf({ purse, seq: 3, kind: 'void', standing: 'booked', terminal, store, sale: 2, at: 200 }),
  receiptOf({ purse, seq: 5, kind: 'debit', standing: 'held', terminal, store, sale: 1, at: 300 }),
]

test('receipts that were booked one by one are found in batches, and what they moved is the same', async () => {
  const url = await freshDatabase()
  await migrate(url, MIGRATIONS.slice(0, 8))
  await before(url)
  expect(await migrate(url)).toEqual({ ok: true, value: MIGRATIONS.length - 8 })
  const book = new PostgresBook({ url })
  const sales = [{ terminal, sale: 1 }]
  const seen = await book.look({ purse, receipts: [1, 2, 3, 4, 5], sales, unsettled: { store, until: 250 } })
  await book.close()
  expect([...seen.receipts.values()]).toEqual(RECEIPTS)
  expect(seen.sales.size).toBe(1)
  expect(runsOf(seen.purse?.taken ?? new Uint8Array(0))).toEqual([
    [1, 3],
    [5, 5],
  ])
  const amount = RECEIPTS[0]?.amount
  expect(seen.purse?.voidedAmount).toBe(amount)
  expect(seen.unsettled).toMatchObject({ offlineCount: 2, offline: amount })
  await withPostgresArchive(url, async archive => {
    const lost: number[] = []
    for await (const file of archive.purses()) lost.push(file.lost)
    expect(lost).toEqual([0])
    for await (const file of archive.batches()) expect(auditBatch(file)).toEqual([])
  })
})

test('sales that the issuer had paid for are among those that are paid, beside what was booked', async () => {
  const url = await freshDatabase()
  await migrate(url, MIGRATIONS.slice(0, 19))
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`
    insert into terminal_sales values (3, '\\x0000000100000005'), (4, '\\x0000000100000002');
    insert into loss select 1, sale, sale, kind, 5, 392, terminal_id, sale, 2, '\\x00', bearer, 1, 0, null, null, 100
      from (values (3, 7, 1, 1), (5, 1, 1, 1), (3, 9, 2, 1), (3, 11, 1, 2)) as of (terminal_id, sale, kind, bearer)`)
  await migrate(url)
  const { rows } = await client.query<{ sold: Buffer }>('select sold from terminal_sales order by terminal_id')
  await client.end()
  expect(rows.map(({ sold }) => runsOf(new Uint8Array(sold)))).toEqual([
    [
      [1, 5],
      [7, 7],
    ],
    [[1, 2]],
    [[1, 1]],
  ])
})

test('an end to a version of the purses’ keys is about no purse, and everything else but a posting is about one', async () => {
  const url = await freshDatabase()
  await migrate(url)
  const book = new PostgresBook({ url })
  const row = rowOf('proposal', { what: 'revocation', about: undefined, facts: { version: '1' } })
  const put = (each: typeof row) =>
    book.run<undefined>({
      keys: { proposal: each.proposal },
      decide: () => ({ answer: undefined, writes: [{ write: 'proposal', row: each }] }),
    })
  await put(row)
  expect((await book.look({ proposal: row.proposal })).proposal).toEqual(row)
  await expect(put({ ...row, proposal: idFromNumber(9n), what: 'order' })).rejects.toThrow('proposal_of_purse_check')
  await book.close()
})

test('of purses that stood in one row nothing is lost when they stand in two, and what they may not be they still may not', async () => {
  const url = await freshDatabase()
  await migrate(url, MIGRATIONS.slice(0, 22))
  const client = new Client({ connectionString: url })
  await client.connect()
  const rows = [1n, 2n, 3n].map(number => ({
    ...PURSE_IN_FULL,
    purse: idFromNumber<PurseId>(number),
    settings: Number(number),
  }))
  for (const row of rows) await insertPurse(client, row)
  await migrate(url)
  const book = new PostgresBook({ url })
  const seen = await Promise.all(rows.map(row => book.look({ purse: row.purse })))
  await book.close()
  expect(seen.map(({ purse }) => purse)).toEqual(rows)
  for (const [change, check] of NOT_SO) await expect(client.query(`update ${change}`)).rejects.toThrow(check)
  await client.end()
})

test('more than was paid is not refunded, and an operation is closed wholly or not at all, and decided before', async () => {
  const url = await freshDatabase()
  await migrate(url)
  const client = new Client({ connectionString: url })
  await client.connect()
  const insert = async <Row>(table: Table<Row>, row: Row): Promise<void> => {
    await client.query(
      `insert into ${table.name} (${table.list}) select * from unnest(${table.arrays})`,
      table.parameters([row]),
    )
  }
  await insert(NUMBER, rowOf('number', {}))
  await insert(OPERATION, rowOf('operation', { closed: undefined, decision: 'open' }))
  await expect(client.query('update number set refunded = amount + 1')).rejects.toThrow('number_is_sound')
  for (const change of ['closed_at_ms = 1, decision = 2', 'closed_at_ms = 1, closed_source = 1, closed_outcome = 1'])
    await expect(client.query(`update operation set ${change}`)).rejects.toThrow('operation_is_sound')
  await client.query('update number set refunded = amount')
  await client.query('update operation set closed_at_ms = 1, closed_source = 1, closed_outcome = 1, decision = 2')
  await client.end()
})

const PURSE_IN_FULL = rowOf('purse', {
  ...{ epoch: 5, number: 6, closedEpoch: 3, closedNumber: 4, seenEpoch: 7, seenNumber: 8, seenStage: 9, seenFloor: 10 },
  ...{ holds: 11, keyFloor: 12, settingsSeen: 13, writeOffs: 14, lostAt: 15, movingTo: idFromNumber<PurseId>(16n) },
  ...{ publicKey: Uint8Array.of(17), certificate: Uint8Array.of(18), trail: Uint8Array.of(19), stage: 'lost' },
})

const NOT_SO = [
  ...[
    'credits',
    'debits',
    'seen_credits',
    'seen_debits',
    'seen_seq',
    'booked_amount',
    'booked_count',
    'voided_amount',
  ].map(column => [`purse set ${column} = -1`, 'never_negative'] as const),
  ...['maximum_value', 'maximum_debit', 'lower_amount', 'upper_amount', 'lower_count', 'upper_count', 'pin_above'].map(
    column => [`issuance set ${column} = -1`, 'never_negative'] as const,
  ),
  ['issuance set written_off = -1', 'never_negative'],
  ['issuance set chip_class = -1', 'word'],
  ['purse set stage = -1', 'word'],
  ['purse set purse_id = -purse_id', 'positive'],
  ['issuance set purse_id = -purse_id', 'positive'],
  ['purse set purse_id = 1', 'purse_pkey'],
  ['issuance set purse_id = 1', 'issuance_pkey'],
] as const

/** What a center had written before the ninth migration. */
async function before(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await insertPurse(client, rowOf('purse', { purse, closedEpoch: 0, epoch: 1 }))
  for (const row of RECEIPTS) {
    const places = RECEIPT.columns.map((_, i) => `$${i + 1}`).join()
    await client.query(`insert into receipt (${RECEIPT.list}) values (${places})`, RECEIPT.write(row).map(plain))
  }
  await client.query(`
    insert into sale select terminal_id, sale, purse_id, seq from receipt where standing = 1 and kind = 1;
    insert into entry select purse_id, 5 + kind, seq, 0,
      case kind when 1 then 5 else 6 end, case kind when 1 then purse_id else store_id end,
      case kind when 1 then 6 else 5 end, case kind when 1 then store_id else purse_id end, amount, currency, at_ms
      from receipt where standing = 1;
    insert into claim select store_id, 0, at_ms, purse_id, 5 + kind, seq, 0, 2, amount * (3 - 2 * kind), currency
      from receipt where standing = 1`)
  await client.end()
}

/** Into the one table that purses stood in, of those columns that it had. */
async function insertPurse(client: Client, row: PurseRow): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_name = 'purse'`,
  )
  const there = new Set(rows.map(({ name }) => name))
  const cells = WHOLE_PURSE.write(row)
  const given = new Map(
    WHOLE_PURSE.columns.map(({ name }, i) => [name, cells[i]] as const).filter(([name]) => there.has(name)),
  )
  await client.query(
    `insert into purse (${[...given.keys()].join()}) values (${[...given].map((_, i) => `$${i + 1}`).join()})`,
    [...given.values()].map(plain),
  )
}

const plain = (cell: unknown): unknown => (cell instanceof Uint8Array ? Buffer.from(cell) : cell)
