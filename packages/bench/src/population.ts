/**
 * Purses, stores and terminals in bulk, by SQL: rows as the center would have made them, with names that look as random
 * as real ones do. Looks first whether there is room.
 */
import { assert } from '@kozeni/base/assert'
import { hex } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { idFromNumber, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import type { Measured } from './database.ts'

/** Odd, so that no two numbers get one name. */
const SCATTER = 6364136223846793005n
const NAMES = 1n << 63n

const nameOf = (number: number): bigint => (BigInt(number) * SCATTER) % NAMES

/** Purses, stores and terminals are numbered from 1. */
export const purse = (number: number): PurseId => idFromNumber<PurseId>(nameOf(number))
export const terminal = (number: number): TerminalId => idFromNumber<TerminalId>(nameOf(number))
export const store = (number: number): StoreId => idFromNumber<StoreId>(nameOf(number))

const name = (number: string): string => `(((${number})::numeric * ${SCATTER}) % ${NAMES})::bigint`

export const STORES = 100
export const TERMINALS = 1000

/** What a purse costs on the disk, its index and its log included, with room to spare. */
const PURSE_BYTES = 1500

/** The loaded value of each, in minor units. */
export const LOADED = 1_000_000_000n

/** Makes the purses numbered from `from` to `to`, in pieces, so that no transaction is long. */
export async function addPurses(database: Measured, from: number, to: number): Promise<void> {
  const needed = (to - from + 1) * PURSE_BYTES
  assert((await database.freeBytes()) > needed, `${needed} bytes free for ${to - from + 1} purses`)
  for (let first = from; first <= to; first += 100_000)
    await database.client.query(PURSES, [first, Math.min(to, first + 99_999)])
  await database.client.query('vacuum (analyze) purse')
}

/** The storeOf of a terminal's number. */
export const storeOf = (terminal: number): number => (terminal % STORES) + 1

/** A hundred stores, and a thousand terminals in them. */
export async function addStores(database: Measured): Promise<void> {
  await database.client.query(`
    insert into store (store_id, name, currency, public_key, generation, fee_basis_points, webhook_secret)
    select ${name('i')}, 'store ' || i, 392, '', 1, 100, '' from generate_series(1, ${STORES}) as i`)
  await database.client.query(`
    insert into terminal (terminal_id, store_id, public_key, stolen)
    select ${name('i')}, ${name(`i % ${STORES} + 1`)}, '', false from generate_series(1, ${TERMINALS}) as i`)
}

/** All purses here have one chip key. */
export const CHIP_KEY = crypto.generate(new SeededDice(1))

const PURSES = `
  insert into purse (
    purse_id, chip_id, device_id, account_id, currency, chip_class, stage, reserved_until_ms, public_key, key_version,
    epoch, number, closed_epoch, closed_number, flag, credits, debits, seen_credits, seen_debits, seen_seq,
    booked_amount, booked_count, settings, settings_seen, blocked, maximum_value, maximum_debit, lower_amount,
    upper_amount, lower_count, upper_count, pin_above)
  select ${name('i')}, ${name('i')}, ${name('i')}, ${name('i')}, 392, 1, 3, 0, decode('${hex(crypto.publicKey(CHIP_KEY))}', 'hex'), 1,
    1, 0, 1, 0, false, ${LOADED}, 0, ${LOADED}, 0, 0,
    0, 0, 1, 1, false, 4000000000, 4000000000, 4000000000, 4000000000, 4000000, 4000000, 4000000000
  from generate_series($1::int, $2::int) as i`
