/**
 * What was collected before, in bulk: every purse is born with one receipt that is booked, as the center would have booked
 * it: its bytes with a true MAC in a batch, a row that leads to it, its sale, and what its store is owed for it.
 */
import { NO_BYTES } from '@kozeni/base/bytes'
import { idNumber } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { extended, RECORD_BYTES, readTrail, writeRecord } from '@kozeni/center/book-postgres-trail'
import { CLAIM, ENTRY } from '@kozeni/center/book-tables'
import { type BatchPart, RECEIPT_BATCH } from '@kozeni/center/book-tables-receipt'
import { claimOf } from '@kozeni/center/book-writes'
import type { Table } from '@kozeni/center/postgres-table'
import type { Vault } from '@kozeni/center/vault'
import { debitsCollected } from '@kozeni/ledger/posting'
import type { Client } from 'pg'
import { store, storeOf, TERMINALS, terminal } from './names.ts'
import { JPY, PRICE, receiptOf } from './receipts.ts'

/** Purses of one batch. */
export const PIECE = 5000

/** One batch of the first receipts of the purses from `first` to `last`; its name is the first's number. */
export interface Piece {
  readonly first: number
  readonly last: number
}

/** Puts the batch, what it moves, and which sales it pays. Their purses' rows are population.ts's. */
export async function addBatch(client: Client, part: BatchPart): Promise<void> {
  const { store, batch, at, firstSale, lastSale } = part
  const count = 1 + lastSale - firstSale
  const entry = debitsCollected({ store, batch, count, amount: total(PRICE * BigInt(count)), currency: JPY, at })
  const claim = claimOf(entry)
  await put(client, RECEIPT_BATCH, part)
  await put(client, ENTRY, entry)
  if (claim !== undefined) await put(client, CLAIM, { ...entry, ...claim, window: 0 })
  await client.query(SOLD, [idNumber(part.terminal), firstSale, lastSale])
}

/** A piece has one terminal, and as sales the purses' own numbers. */
export function batchOf(vault: Vault, { first, last }: Piece): BatchPart {
  const at = TERMINALS + 1 + (Math.floor(first / PIECE) % TERMINALS)
  const batch = BigInt(first)
  const records = new Uint8Array((1 + last - first) * RECORD_BYTES)
  for (let by = first; by <= last; by++) {
    const index = by - first
    const { links } = extended(readTrail(NO_BYTES), { batch, part: 0, index }, 1)
    writeRecord(records, index, receiptOf(vault, { by, at, seq: 1, sale: by, isSigned: false }), links)
  }
  const where = { terminal: terminal(at), store: store(storeOf(at)) }
  return { batch, part: 0, ...where, firstSale: first, lastSale: last, at: Date.now(), records }
}

const put = <Row>(client: Client, table: Table<Row>, row: Row): Promise<unknown> =>
  client.query(
    `insert into ${table.name} (${table.list}) select * from unnest(${table.arrays})`,
    table.parameters([row]),
  )

const SOLD = `
  insert into terminal_sales (terminal_id, sold) values ($1, int4send($2::int) || int4send($3::int))
  on conflict (terminal_id) do update set sold = terminal_sales.sold || excluded.sold`
