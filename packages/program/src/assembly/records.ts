// The last twenty debits and voids, each in a page of its own (C-2). Record `seq` stands in page seq mod 21, so the page
// that the next one overwrites is none of the twenty; a record above head.seq was torn and is not there.
import { load32, putBytes, same, writeFrom } from './bytes.ts'
import { head } from './head.ts'
import { sha256, storeRead, storeWrite } from './host.ts'
import { DIGEST_BYTES, NAME_BYTES, PSEUDONYM_BYTES, Receipt } from './layout.ts'
import { RECORD_PAGE, RECORD_PAGES, RECORDS } from './pages.ts'

/** The record in hand: body, signature, MAC. */
export const RECORD: usize = memory.data(Receipt.SIGNED_SIZE)

const HASH: usize = memory.data(DIGEST_BYTES)

/** seq 4 ‖ amount 4 ‖ pseudonym 4 of the last record: what the next one witnesses (D-2). */
export const WITNESS: usize = memory.data(4 + 4 + PSEUDONYM_BYTES)
export const WITNESS_BYTES = 4 + 4 + PSEUDONYM_BYTES

function pageOf(seq: u32): i32 {
  return RECORD_PAGE + ((seq % RECORD_PAGES) as i32)
}

/** Takes record `seq` in hand; false when it is not within reach. */
export function readRecord(seq: u32): bool {
  if (seq === 0 || seq > head.seq || head.seq - seq >= RECORDS) return false
  return storeRead(pageOf(seq), RECORD) === Receipt.SIGNED_SIZE
}

/** Not there until the head says so. */
export function writeRecord(seq: u32): void {
  storeWrite(pageOf(seq), RECORD, Receipt.SIGNED_SIZE)
}

/** Takes the newest record of this terminal and sale in hand, of one kind or, for 0, of either. */
export function findRecord(terminal: usize, sale: u32, kind: u32): bool {
  for (let back: u32 = 0; back < RECORDS; back++) {
    if (readRecord(head.seq - back) && isOf(terminal, sale) && (kind === 0 || recordKind() === kind)) return true
  }
  return false
}

function isOf(terminal: usize, sale: u32): bool {
  return load32(RECORD + Receipt.SALE) === sale && same(RECORD + Receipt.TERMINAL, terminal, NAME_BYTES)
}

export function recordKind(): u32 {
  return load<u8>(RECORD + Receipt.KIND)
}

/** Zeros before the first record. */
export function takeWitness(): void {
  memory.fill(WITNESS, 0, WITNESS_BYTES)
  if (!readRecord(head.seq)) return
  sha256(RECORD + Receipt.TERMINAL, NAME_BYTES, HASH)
  writeFrom(WITNESS)
  putBytes(RECORD + Receipt.SEQ, 4)
  putBytes(RECORD + Receipt.AMOUNT, 4)
  putBytes(HASH, PSEUDONYM_BYTES)
}
