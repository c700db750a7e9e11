/**
 * Purses, stores and terminals in bulk: rows as the center would have made them, each purse with its first receipt
 * collected (collected.ts).
 */
import { hex } from '@kozeni/base/bytes'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { addBatch, batchOf, PIECE } from './collected.ts'
import type { Measured } from './database.ts'
import { BEYOND_PURSES, nameInSql, STORES, TERMINALS } from './names.ts'
import { CHIP_KEY, LOADED, PRICE } from './receipts.ts'

/**
 * Makes the purses numbered from `from` to `to`, piece by piece, so that no transaction is long.
 *
 * @param onProgress  told how many there are, after each piece
 */
export async function addPurses(
  database: Measured,
  vault: Vault,
  { from, to }: { readonly from: number; readonly to: number },
  onProgress: (purses: number) => void,
): Promise<void> {
  for (let first = from; first <= to; first += PIECE) {
    const piece = { first, last: Math.min(to, first + PIECE - 1) }
    const bounds = [piece.first, piece.last]
    const purses = database.client.query(PURSES, bounds).then(() => database.client.query(ISSUANCES, bounds))
    const batch = batchOf(vault, piece) // made here while PostgreSQL makes the purses
    await purses
    await addBatch(database.client, batch)
    onProgress(piece.last)
  }
  await database.client.query('vacuum (analyze) purse, issuance, receipt_batch')
}

/** A hundred stores, and two thousand terminals in them. */
export async function addStores(database: Measured): Promise<void> {
  await database.client.query(`
    insert into store (store_id, name, currency, public_key, generation, fee_basis_points, webhook_secret)
    select ${nameInSql(`${BEYOND_PURSES} + i`)}, 'store ' || i, 392, '', 1, 100, '' from generate_series(1, ${STORES}) as i`)
  await database.client.query(`
    insert into terminal (terminal_id, store_id, public_key, stolen)
    select ${nameInSql('i')}, ${nameInSql(`${BEYOND_PURSES} + i % ${STORES} + 1`)}, '', false from generate_series(1, ${2 * TERMINALS}) as i`)
}

const NUMBERED = `(select i, ${nameInSql('i')} as name from generate_series($1::int, $2::int) as i) as numbered`

/** taken: seq 1 alone. trail: the record in the batch that is named by the piece's first number. */
const PURSES = `
  insert into purse (
    purse_id, currency, stage, epoch, number, closed_epoch, closed_number, flag, blocked, credits, debits, seen_credits,
    seen_debits, seen_seq, seen_epoch, booked_amount, booked_count, taken, trail)
  select name, 392, 3, 1, 0, 1, 0, false, false, ${LOADED}, ${PRICE}, ${LOADED},
    ${PRICE}, 1, 1, ${PRICE}, 1, int4send(1) || int4send(1),
    int8send($1::int) || int4send(i - $1::int) || decode(repeat('00', 12), 'hex') || int4send(1) || int4send(1)
  from ${NUMBERED}`

const ISSUANCES = `
  insert into issuance (
    purse_id, chip_id, device_id, account_id, chip_class, reserved_until_ms, public_key, key_version, settings,
    settings_seen, maximum_value, maximum_debit, lower_amount, upper_amount, lower_count, upper_count, pin_above)
  select name, name, name, name, 1, 0, decode('${hex(crypto.publicKey(CHIP_KEY))}', 'hex'), 1, 1,
    1, 4000000000, 4000000000, 4000000000, 4000000000, 4000000, 4000000, 4000000000
  from ${NUMBERED}`
