import { concat, NO_BYTES } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { NO_RANGES } from '@kozeni/base/ranges'
import { receipt } from '@kozeni/protocol/debit'
import { receiptsOf } from '@kozeni/protocol/receipts'
import { expect, test } from 'vitest'
import type { PurseRow } from './book.ts'
import { put } from './book-commands.contract.ts'
import { PostgresBook } from './book-postgres.ts'
import { batchNames } from './book-postgres-batch.ts'
import { bookPlain } from './book-postgres-plain.ts'
import { plainAside } from './book-postgres-plain-aside.ts'
import type { ProvedUpload } from './book-receipt.ts'
import { rowOf } from './book-rows.contract.ts'
import { migrate } from './migrate.ts'
import { freshDatabase } from './postgres-for-tests.ts'
import { openPool, type Session, withSession } from './postgres-session.ts'

const JPY = currency('JPY')
const dice = new SeededDice(11)
const [store, terminal] = [freshId<StoreId>(dice), freshId<TerminalId>(dice)]
const url = await freshDatabase()
await migrate(url)

test('on a thread of its own what is plain is booked once, and what is brought again is left', async () => {
  const book = new PostgresBook({ url, plain: plainAside(url) })
  const purses = await loadedPurses(book, 3)
  const upload = uploadOf(purses, 4)
  expect(await book.bookPlain(upload)).toEqual(new Uint8Array(12).fill(1))
  expect(await book.bookPlain(upload)).toEqual(new Uint8Array(12))
  const seen = await Promise.all(purses.map(purse => book.look({ purse })))
  expect(seen.map(({ purse }) => [purse?.debits, purse?.bookedCount])).toEqual(purses.map(() => [40n, 4]))
  await book.close()
})

test('where the database is not to be reached a thread books nothing, and no receipt is lost for it', async () => {
  const book = new PostgresBook({ url, plain: plainAside('postgres://127.0.0.1:1/nowhere') })
  const purses = await loadedPurses(book, 1)
  expect(await book.bookPlain(uploadOf(purses, 4))).toEqual(new Uint8Array(4))
  expect((await book.look({ purse: purses[0] as PurseId })).purse?.bookedCount).toBe(0)
  await book.close()
})

test('receipts that another center books while this one decides on them are booked once', async () => {
  const book = new PostgresBook({ url })
  const purses = await loadedPurses(book, 2)
  const upload = uploadOf(purses, 4)
  const other = { ...upload, terminal: freshId<TerminalId>(dice), candidates: Uint8Array.of(1, 0, 1, 0, 0, 0, 0, 0) }
  const booked = await bookedWhile(upload, async () => {
    expect(await book.bookPlain(other)).toEqual(other.candidates)
  })
  expect(booked).toEqual([Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1)])
  const seen = await Promise.all(purses.map(purse => book.look({ purse })))
  expect(seen.map(({ purse }) => [purse?.debits, purse?.bookedCount])).toEqual([
    [20n, 2],
    [40n, 4],
  ])
  await book.close()
})

/** What is booked of the upload where this happens between its reading and its writing. */
async function bookedWhile(upload: ProvedUpload, change: () => Promise<void>): Promise<readonly Uint8Array[]> {
  const pool = openPool({ url, connections: 1, name: 'plain' })
  const options = { lockOneByOne: false, now: (now: number) => now, newBatch: batchNames(dice) }
  const booked = await withSession(pool, session => bookPlain(changing(session, change), [upload], options))
  await pool.end()
  return booked
}

/** The session, and what happens behind its back once it has read. */
function changing(session: Session, change: () => Promise<void>): Session {
  let trips = 0
  const all: Session['all'] = async statements => {
    const answers = await session.all(statements)
    if (trips++ === 0) await change()
    return answers
  }
  return Object.assign(Object.create(session), { all })
}

async function loadedPurses(book: PostgresBook, count: number): Promise<PurseId[]> {
  const purses = Array.from({ length: count }, () => freshId<PurseId>(dice))
  for (const purse of purses) await book.run(put({ purse }, { write: 'purse', row: loaded(purse) }))
  return purses
}

const NONE = total(0n)

const loaded = (purse: PurseId): PurseRow => ({
  ...rowOf('purse', {}),
  ...{ purse, stage: 'active', blocked: false, flag: false, currency: JPY, trail: NO_BYTES, holds: 0 },
  ...{ epoch: 1, number: 0, closedEpoch: 1, closedNumber: 0, taken: NO_RANGES, writtenOff: NONE, lostAt: undefined },
  ...{ credits: total(1000n), debits: NONE, seenCredits: total(1000n), seenDebits: NONE, seenSeq: 0 },
  ...{ seenEpoch: 0, seenNumber: 0, seenStage: 0, bookedAmount: NONE, bookedCount: 0, voidedAmount: NONE },
})

let sales = 0

/** Debits of ten, `each` of every purse, all of which may be plain. */
function uploadOf(purses: readonly PurseId[], each: number): ProvedUpload {
  const made = Array.from({ length: each }, (_, k) => k + 1).flatMap(seq => purses.map(purse => debit(purse, seq)))
  return { terminal, store, receipts: receiptsOf(made), candidates: new Uint8Array(made.length).fill(1) }
}

/** Signature and MAC are nothing: they were looked at before. */
const debit = (purse: PurseId, seq: number): Uint8Array =>
  concat(
    receipt.write({
      ...{ version: 1, type: 'receipt', direction: 'to-center', purse, keyVersion: 1, kind: 'debit', seq, time: 0 },
      ...{
        amount: money(10n),
        currency: JPY,
        terminal,
        sale: ++sales,
        credits: total(1000n),
        debits: total(10n * BigInt(seq)),
      },
      ...{ epoch: 1, number: 0, outcome: 'none', flag: false, digest: new Uint8Array(32), prevSeq: 0 },
      ...{ prevAmount: money(0n), prevTerminal: new Uint8Array(4) },
    }),
    new Uint8Array(64),
    new Uint8Array(16),
  )
