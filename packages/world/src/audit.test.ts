/**
 * The auditor against somebody who may write to the database: one edit by SQL to a sound book, and the auditor names the
 * row, and by how much it is wrong. Every edit is taken back before the next.
 */
import { idFromNumber, idNumber, type PurseId } from '@kozeni/base/ids'
import { postgresArchive, snapshotOf, withPostgresArchive } from '@kozeni/center/archive-postgres'
import { rangesOf } from '@kozeni/center/archive-postgres-range'
import { type AuditReport, audit, auditPurses, type PartReport } from '@kozeni/center/audit'
import { freshDatabase } from '@kozeni/center/postgres-for-tests'
import { openPool, type Session, withSession } from '@kozeni/center/postgres-session'
import { builtPurse } from '@kozeni/program/compile-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Scene, setScene } from './audit-scene-for-tests.ts'
import { type PostgresTown, postgresTown } from './town-postgres.ts'

/** `$name` stands for a row of the scene: in SQL as a number, in what is named as it is spelled. */
interface Tampering {
  readonly title: string
  readonly sql: string
  /** A finding's row; behind it, where there is one, the amount that is there less the one that should be. */
  readonly names: string
}

const ENTRIES: readonly Tampering[] = [
  {
    title: 'an entry moves 5 more than the pay that caused it',
    sql: 'update entry set amount = amount + 5 where subject_id = $anna and cause = 4 and second = 2',
    names: 'entry ($anna, committed, 1, 2) +5',
  },
  {
    title: 'an entry moves 7 less than the debits that caused it',
    sql: 'update entry set amount = amount - 7 where subject_id = $store and cause = 15 and first = $b1',
    names: 'entry ($store, collected, #b1, 2) -7',
  },
  {
    title: 'an entry credits the issuer’s fees instead of the store',
    sql: 'update entry set credit_kind = 7, credit_owner = 0 where subject_id = $anna and cause = 4 and second = 2',
    names: 'entry ($anna, committed, 1, 2) 0',
  },
  {
    title: 'an entry is in another currency',
    sql: 'update entry set currency = 840 where subject_id = $anna and cause = 1 and first = $loaded',
    names: 'entry ($anna, captured, #loaded, 0) 0',
  },
  {
    title: 'an entry is dated back to before the base date',
    sql: 'update entry set at_ms = at_ms - 86400000 where subject_id = $store and cause = 15 and first = $b1',
    names: 'entry ($store, collected, #b1, 2)',
  },
  {
    title: 'an entry is gone',
    sql: 'delete from entry where subject_id = $store and cause = 15 and first = $b3',
    names: 'entry ($store, collected, #b3, 1) -60',
  },
  {
    title: 'an entry is there that nothing caused',
    sql: `insert into entry select subject_id, cause, first, 99, debit_kind, debit_owner, credit_kind, credit_owner, 900,
      currency, at_ms from entry where subject_id = $anna and cause = 4 and second = 2`,
    names: 'entry ($anna, committed, 1, 99) +900',
  },
  {
    title: 'a loss to fraud is booked for a store, and no receipt is its cause',
    sql: `insert into entry select subject_id, 12, 8, 9, 8, 0, 6, $store, 450, currency, at_ms
      from entry where subject_id = $anna and cause = 4 and second = 2`,
    names: 'entry ($anna, fraud-paid, 8, 9) +450',
  },
  {
    title: 'a claim is held, and nothing was posted for it',
    sql: `insert into hold (purse_id, seq, store_id, amount, currency, stage, at_ms)
      select $anna, 1, $store, 700, currency, 1, at_ms from entry where subject_id = $anna and cause = 4 and second = 2`,
    names: 'entry ($anna, claim-withheld, 1, 0) -700',
  },
  {
    title: 'a claim of more than its debit is charged to its store',
    sql: `insert into hold (purse_id, seq, store_id, amount, currency, stage, at_ms, charged_at_ms)
      select $anna, 4, $store, 90, currency, 3, at_ms, at_ms from entry
      where subject_id = $anna and cause = 4 and second = 2`,
    names: 'hold ($anna, 4) +30',
  },
  {
    title: 'a purse is said to have a claim that is held',
    sql: 'update purse set holds = 1 where purse_id = $anna',
    names: 'purse $anna',
  },
  {
    title: 'an entry is moved to another purse',
    sql: 'update entry set subject_id = $ben where subject_id = $anna and cause = 4 and second = 2',
    names: 'entry ($ben, committed, 1, 2) +1200',
  },
  {
    title: 'an entry is moved to a purse that does not exist',
    sql: 'update entry set subject_id = 42 where subject_id = $anna and cause = 4 and second = 2',
    names: 'entry (000000000000002a, committed, 1, 2) +1200',
  },
  {
    title: 'what a batch moves is moved to a store that does not exist',
    sql: 'update entry set subject_id = 42 where subject_id = $store and cause = 15 and first = $b1',
    names: 'entry (000000000000002a, collected, #b1, 2) +740',
  },
  {
    title: 'an entry is of a batch that does not exist',
    sql: 'update entry set first = first + 1 where subject_id = $store and cause = 15 and first = $b3',
    names: 'entry ($store, collected, #b3, 1) -60',
  },
  {
    title: 'an entry counts one receipt more than its batch has',
    sql: 'update entry set second = second + 1 where subject_id = $store and cause = 15 and first = $b1',
    names: 'entry ($store, collected, #b1, 3) +740',
  },
  {
    title: 'a payout is made larger after it was settled',
    sql: 'update entry set amount = amount + 100 where subject_id = $store and cause = 10',
    names: 'entry ($store, paid-out, 1, 0) +100',
  },
]

/** The bytes of Anna's first receipt begin her first batch; each record has a receipt of 193 bytes and its links. */
const RECEIPTS: readonly Tampering[] = [
  {
    title: 'the amount that a chip signed is raised by 256',
    sql: flipped(19, 1),
    names: 'receipt ($anna, 1)',
  },
  {
    title: 'the amount that a chip signed is raised by 256: its batch moves as much less, and so does its purse',
    sql: flipped(19, 1),
    names: 'entry ($store, collected, #b1, 2) -256',
  },
  {
    title: 'the seq that a chip signed is another, so that it may come again',
    sql: flipped(16, 8),
    names: 'purse $anna',
  },
  {
    title: 'a receipt is given to another sale',
    sql: flipped(33, 8),
    names: 'receipt ($anna, 1)',
  },
  {
    title: 'a receipt is said to be of a purse that does not exist',
    sql: flipped(4, 1),
    names: 'receipt ($stranger, 1) +700',
  },
  {
    title: 'a receipt’s bytes are cut off',
    sql: 'update receipt_batch set records = substring(records for octet_length(records) - 40) where batch_id = $b3',
    names: 'batch #b3',
  },
  {
    title: 'a receipt’s bytes are no receipt any more',
    sql: flipped(0, 0x55),
    names: 'batch #b1',
  },
  {
    title: 'a batch is gone',
    sql: 'delete from receipt_batch where batch_id = $b3',
    names: 'entry ($store, collected, #b3, 1) +60',
  },
  {
    title: 'a batch is gone: its purse says that its receipt is here',
    sql: 'delete from receipt_batch where batch_id = $b3',
    names: 'purse $anna +60',
  },
  {
    title: 'a batch is given to another store',
    sql: 'update receipt_batch set store_id = 77 where batch_id = $b3',
    names: 'entry ($store, collected, #b3, 1) +60',
  },
  {
    title: 'a receipt is not to be found any more by its purse',
    sql: `update purse set trail = '' where purse_id = $anna`,
    names: 'purse $anna',
  },
  {
    title: 'a receipt is said to have never come, so that it may come again',
    sql: `update purse set taken = '' where purse_id = $anna`,
    names: 'purse $anna',
  },
]

/** One byte of Anna's first record turned over. */
function flipped(at: number, bits: number): string {
  return `update receipt_batch set records = set_byte(records, ${at}, get_byte(records, ${at}) # ${bits}) where batch_id = $b1`
}

const OPERATIONS: readonly Tampering[] = [
  {
    title: 'an operation’s amount is raised',
    sql: 'update operation set amount = amount + 1 where purse_id = $anna and number = 2',
    names: 'operation ($anna, 1, 2)',
  },
  {
    title: 'an operation’s amount is raised: its number is then wrong by as much, the other way',
    sql: 'update operation set amount = amount + 1 where purse_id = $anna and number = 2',
    names: 'number ($store, #number) -1',
  },
  {
    title: 'a pay is of nothing any more',
    sql: 'update operation set amount = 0 where purse_id = $anna and number = 2',
    names: 'operation ($anna, 1, 2)',
  },
  {
    title: 'a pay is to nobody any more',
    sql: 'update operation set store_id = null where purse_id = $anna and number = 2',
    names: 'operation ($anna, 1, 2)',
  },
  {
    title: 'a paid sale is decided void',
    sql: 'update operation set decision = 3 where purse_id = $anna and number = 2',
    names: 'operation ($anna, 1, 2)',
  },
  {
    title: 'what the chip applied is said to be cancelled, though a later receipt of the chip says otherwise',
    sql: 'update operation set decision = 3, closed_outcome = 2 where purse_id = $anna and number = 5',
    names: 'operation ($anna, 1, 5)',
  },
  {
    title: 'what the chip reversed is said to be applied',
    sql: 'update operation set closed_outcome = 1 where purse_id = $anna and number = 3',
    names: 'operation ($anna, 1, 3)',
  },
  {
    title: 'an operation’s digest is another',
    sql: 'update operation set digest = sha256(digest) where purse_id = $anna and number = 5',
    names: 'operation ($anna, 1, 5)',
  },
  {
    title: 'an operation’s reference is another',
    sql: `update operation set reference = substring(sha256(reference) for 16) where purse_id = $anna and number = 1`,
    names: 'operation ($anna, 1, 1)',
  },
  {
    title: 'a load is said to belong to another order',
    sql: 'update operation set order_id = $waiting where purse_id = $anna and number = 1',
    names: 'operation ($anna, 1, 1)',
  },
  {
    title: 'an operation is gone',
    sql: 'delete from operation where purse_id = $anna and number = 3',
    names: 'operation ($anna, 1, 3)',
  },
  {
    title: 'the last operation is gone, and a receipt of the chip still tells of it',
    sql: 'delete from operation where purse_id = $anna and number = 5',
    names: 'operation ($anna, 1, 5)',
  },
  {
    title: 'a closed operation is open again',
    sql: `update operation set decision = 1, closed_at_ms = null, closed_source = null, closed_outcome = null
      where purse_id = $anna and number = 2`,
    names: 'operation ($anna, 1, 2)',
  },
  {
    title: 'an open pay is decided to be paid, with nothing to prove it',
    sql: 'update operation set decision = 2 where purse_id = $ben and number = 2',
    names: 'operation ($ben, 1, 2)',
  },
  {
    title: 'a pay is closed as applied a day after its session',
    sql: `update operation set closed_at_ms = closed_at_ms + 86400000 where purse_id = $anna and number = 2`,
    names: 'operation ($anna, 1, 2)',
  },
]

const PURSES: readonly Tampering[] = [
  {
    title: 'a purse is credited 1000',
    sql: 'update purse set credits = credits + 1000 where purse_id = $ben',
    names: 'purse $ben +1000',
  },
  {
    title: 'a purse’s debits are lowered by 60',
    sql: 'update purse set debits = debits - 60 where purse_id = $anna',
    names: 'purse $anna -60',
  },
  {
    title: 'a purse’s booked amount is lowered by 700',
    sql: 'update purse set booked_amount = booked_amount - 700 where purse_id = $anna',
    names: 'purse $anna -700',
  },
  {
    title: 'a purse’s booked count is one less',
    sql: 'update purse set booked_count = booked_count - 1 where purse_id = $anna',
    names: 'purse $anna -1',
  },
  {
    title: 'a purse’s flag is up and nothing is open',
    sql: 'update purse set flag = true where purse_id = $anna',
    names: 'purse $anna',
  },
  {
    title: 'a purse’s number runs ahead of its operations',
    sql: 'update purse set number = number + 1 where purse_id = $anna',
    names: 'purse $anna',
  },
  {
    title: 'a purse’s closed place is one too early',
    sql: 'update purse set closed_number = closed_number - 1 where purse_id = $anna',
    names: 'purse $anna',
  },
  {
    title: 'a purse is in another currency',
    sql: 'update purse set currency = 840 where purse_id = $anna',
    names: 'purse $anna',
  },
  {
    title: 'a purse is gone',
    sql: 'delete from purse where purse_id = $ben',
    names: 'entry ($ben, captured, #waiting, 0) +500',
  },
  {
    title: 'what a purse was given is gone, and the purse with it',
    sql: 'delete from issuance where purse_id = $ben',
    names: 'entry ($ben, captured, #waiting, 0) +500',
  },
  {
    title: 'more is said to be written off a purse',
    sql: 'update issuance set written_off = written_off + 300 where purse_id = $anna',
    names: 'purse $anna +300',
  },
  {
    title: 'a purse is said to have been written off once more than it was',
    sql: 'update issuance set write_offs = write_offs + 1 where purse_id = $anna',
    names: 'purse $anna',
  },
]

const OWED: readonly Tampering[] = [
  {
    title: 'a load that was given back is said to be captured',
    sql: 'update load set stage = 3 where load_id = $cancelled',
    names: 'load $cancelled',
  },
  {
    title: 'a load that was done is said to be on its way back',
    sql: 'update load set stage = 5 where load_id = $loaded',
    names: 'load $loaded',
  },
  {
    title: 'a load’s amount is raised by 200',
    sql: 'update load set amount = amount + 200 where load_id = $waiting',
    names: 'load $waiting +200',
  },
  {
    title: 'an order waits for 9 more than was captured',
    sql: 'update "order" set amount = amount + 9 where order_id = $waiting',
    names: 'order $waiting +9',
  },
  {
    title: 'an order that was done waits again',
    sql: 'update "order" set stage = 1 where order_id = $loaded',
    names: 'order $loaded',
  },
  {
    title: 'an order that waits is said to be done',
    sql: 'update "order" set stage = 3 where order_id = $waiting',
    names: 'order $waiting',
  },
  {
    title: 'an order that waits is said to be done: its holder is owed 500 all the same',
    sql: 'update "order" set stage = 3 where order_id = $waiting',
    names: 'purse $ben +500',
  },
  {
    title: 'an order of a load is gone',
    sql: 'delete from "order" where order_id = $waiting',
    names: 'load $waiting',
  },
  {
    title: 'a refund that the store ordered is gone',
    sql: 'delete from "order" where order_id = $owed',
    names: 'entry ($anna, refund-ordered, #owed, 0) +100',
  },
  {
    title: 'a refund that was delivered is made larger',
    sql: 'update "order" set amount = amount + 30 where order_id = $delivered',
    names: 'order $delivered +30',
  },
  {
    title: 'a refund that waits is of another sale',
    sql: `update "order" set transaction = 'another' where order_id = $owed`,
    names: 'order $owed',
  },
  {
    title: 'less is said to be refunded of a sale, so that it can be refunded again',
    sql: `update number set refunded = refunded - 200 where transaction = '$number'`,
    names: 'number ($store, #number) -200',
  },
  {
    title: 'a number’s amount is raised, so that more can be refunded',
    sql: `update number set amount = amount + 5000 where transaction = '$number'`,
    names: 'number ($store, #number) +5000',
  },
  {
    title: 'a number is gone, so that it can be paid again',
    sql: `delete from number where transaction = '$number'`,
    names: 'number ($store, #number)',
  },
  {
    title: 'a number names another operation',
    sql: `update number set number = 3 where transaction = '$number'`,
    names: 'number ($store, #number)',
  },
]

const STORES: readonly Tampering[] = [
  {
    title: 'a settlement pays 500 more',
    sql: 'update settlement set net = net + 500 where store_id = $store',
    names: 'settlement ($store, 1) +500',
  },
  {
    title: 'a settlement’s fee is 3 less',
    sql: 'update settlement set fee = fee - 3 where store_id = $store',
    names: 'settlement ($store, 1) -3',
  },
  {
    title: 'a settlement pays what its fee should be: it adds up, and is not what was agreed',
    sql: 'update settlement set fee = fee - 3, net = net + 3 where store_id = $store',
    names: 'settlement ($store, 1) -3',
  },
  {
    title: 'a settlement carries a debt on that its store does not have',
    sql: 'update settlement set carried = -40 where store_id = $store',
    names: 'settlement ($store, 1) -40',
  },
  {
    title: 'a settlement tells of more on-line sales, and still adds up',
    sql: 'update settlement set online = online + 10, refunds = refunds + 10 where store_id = $store',
    names: 'settlement ($store, 1) +10',
  },
  {
    title: 'a settlement counts one off-line sale less',
    sql: 'update settlement set offline_count = offline_count - 1 where store_id = $store',
    names: 'settlement ($store, 1) -1',
  },
  {
    title: 'a settlement is of another window',
    sql: 'update settlement set settled_window = 2 where store_id = $store',
    names: 'settlement ($store, 2)',
  },
  {
    title: 'a settlement begins later',
    sql: 'update settlement set from_ms = until_ms where store_id = $store',
    names: 'settlement ($store, 1)',
  },
  {
    title: 'a settlement is gone',
    sql: 'delete from settlement where store_id = $store',
    names: 'settlement ($store, 1)',
  },
  {
    title: 'a store’s rate is changed after it was settled by it',
    sql: 'update store set fee_basis_points = 0 where store_id = $store',
    names: 'settlement ($store, 1) +28',
  },
  {
    title: 'what waits to be settled is 90 more than was sold',
    sql: 'update claim set amount = amount + 90 where subject_id = $store and cause = 15 and first = $b3',
    names: 'claim ($store, $store, collected, #b3, 1) +90',
  },
  {
    title: 'a refund is no longer taken from what a store is owed',
    sql: 'delete from claim where subject_id = $anna and cause = 8 and first = $owed',
    names: 'claim ($store, $anna, refund-ordered, #owed, 0) +100',
  },
  {
    title: 'a sale is owed to another store',
    sql: 'update claim set store_id = 77 where subject_id = $store and cause = 15 and first = $b3',
    names: 'claim ($store, $store, collected, #b3, 1) -60',
  },
  {
    title: 'a sale that was paid out waits to be settled again',
    sql: 'update claim set settled_window = 0 where subject_id = $store and cause = 15 and first = $b1',
    names: 'settlement ($store, 1) +740',
  },
  {
    title: 'a store is owed something by nobody',
    sql: `insert into claim select store_id, 0, at_ms, 42, cause, 4, 0, part, 640, currency, 1
      from claim where subject_id = $anna and cause = 4`,
    names: 'claim ($store, 000000000000002a, committed, 4, 0) +640',
  },
  {
    title: 'a store is owed something for a batch that does not exist',
    sql: `insert into claim select store_id, 0, at_ms, subject_id, cause, 4, 1, part, 640, currency, 1
      from claim where subject_id = $store and cause = 15 and first = $b3`,
    names: 'claim ($store, $store, collected, 4, 1) +640',
  },
  {
    title: 'an on-line sale is settled as an off-line one',
    sql: 'update claim set part = 2 where subject_id = $anna and cause = 4',
    names: 'claim ($store, $anna, committed, 1, 2) 0',
  },
]

let url: string
let town: PostgresTown
let scene: Scene
/** Anna's batches: two debits; the void of the second; and a debit. */
let batches: readonly string[]

beforeAll(async () => {
  url = await freshDatabase()
  town = await postgresTown(url, 60, await builtPurse())
  scene = await setScene(town)
  batches = await batchNames()
})

/** The names of the batches, oldest first. */
async function batchNames(): Promise<string[]> {
  const pool = openPool({ url, connections: 1, name: 'whoever looks' })
  try {
    const select = 'select batch_id from receipt_batch order by batch_id'
    const [answer] = await withSession(pool, session => session.all([select]))
    return (answer?.rows ?? []).map(([cell]) => String(cell))
  } finally {
    await pool.end()
  }
}

afterAll(() => town?.close())

test('a sound book is sound for several auditors too, each with a share of the purses in one snapshot', async () => {
  const whole = await town.audit()
  const shared = await withPostgresArchive(url, async (archive, session) => {
    const snapshot = await snapshotOf(session)
    const parts = rangesOf(3).map(purses =>
      withPostgresArchive(url, share => auditPurses(town.means, share), { purses, snapshot }),
    )
    return audit(town.means, archive, Promise.all(parts))
  })
  expect(shared).toEqual(whole)
  expect(whole.counted.purses).toBeGreaterThan(1)
})

test('a sound book with everything in it is found sound, and every unit is where it should be', async () => {
  const { findings, ...report } = await town.audit()
  expect(findings).toEqual([])
  expect(report).toMatchObject({ unexplained: 0n, onChips: 4240n, inDoubt: 100n })
  expect(report.counted).toMatchObject({ purses: 2, operations: 7, receipts: 4, stores: 1 })
  expect(report.balances).toMatchObject({
    'purse-float': -4900n,
    collected: 760n,
    'in-doubt': -100n,
    'in-transit': -600n,
  })
  expect(Object.values(report.balances).reduce((sum, balance) => sum + balance, 0n)).toBe(0n)
})

describe.each([
  ['entries', ENTRIES],
  ['receipts', RECEIPTS],
  ['operations', OPERATIONS],
  ['purses', PURSES],
  ['what is owed', OWED],
  ['stores', STORES],
])('somebody writes to the database about %s, and the auditor names it:', (_, tamperings) => {
  test.each(tamperings)('$title', async ({ sql, names }) => {
    const { touched, report } = await tampered(filled(sql, number))
    expect(touched).toBe(1)
    expect(named(report)).toContain(filled(names, name))
  })
})

/** The same by auditors who share the purses among them, one after the other. */
async function shared(session: Session): Promise<AuditReport> {
  const parts: PartReport[] = []
  for (const range of rangesOf(3)) parts.push(await auditPurses(town.means, postgresArchive(session, range)))
  return audit(town.means, postgresArchive(session), Promise.resolve(parts))
}

/** What the auditor says after one edit, which is then taken back. */
async function tampered(sql: string): Promise<{ readonly touched: number | undefined; readonly report: AuditReport }> {
  const pool = openPool({ url, connections: 1, name: 'somebody with a password' })
  try {
    return await withSession(pool, async session => {
      const [, edit] = await session.all(['begin', sql])
      const report = await town.auditOf(postgresArchive(session))
      expect(new Set(named(await shared(session)))).toEqual(new Set(named(report)))
      await session.all(['rollback'])
      return { touched: edit?.count, report }
    })
  } finally {
    await pool.end()
  }
}

/** Each finding by its row, and by its row with its difference. */
const named = ({ findings }: AuditReport): string[] =>
  findings.flatMap(({ row, difference }) => [
    row,
    ...(difference === undefined ? [] : [`${row} ${difference > 0n ? '+' : ''}${difference}`]),
  ])

const filled = (text: string, spell: (word: string, sign: string) => string): string =>
  text.replaceAll(/([$#])([a-z]+[0-9]?)/g, (_, sign: string, word: string) => spell(word, sign))

function idOf(word: string) {
  const { anna, ben, store, loaded, cancelled, waiting, delivered, owed } = scene
  const ids = { anna: anna.purse, ben: ben.purse, store, loaded: loaded.load, cancelled: cancelled.load }
  const stranger = idFromNumber<PurseId>(idNumber(anna.purse) ^ (1n << 48n))
  const more = { stranger, waiting: waiting.load, delivered: delivered.order, owed: owed.order }
  return new Map(Object.entries({ ...ids, ...more })).get(word)
}

/** In SQL a name is a number; a store's number is its text. */
function number(word: string): string {
  const batch = /^b([1-3])$/.exec(word)?.[1]
  if (batch !== undefined) return batches[Number(batch) - 1] ?? ''
  const known = idOf(word)
  return known === undefined ? scene.sold.number : String(idNumber(known))
}

/** An operator reads names as names, but in an entry's two numbers as numbers. */
const name = (word: string, sign: string): string => (sign === '#' ? number(word) : (idOf(word) ?? word))
