// How everything between this chip and one other is sealed: tag 16 ‖ ciphertext. The tag is HMAC-SHA-256, cut, over a
// header (F-15) and the body; it is also the first counter block. So the same body always makes the same bytes (C-3).
import { put8, putBytes, same, writeFrom } from './bytes.ts'
import { ctr, hmac } from './host.ts'
import { PURSE } from './issue.ts'
import { DIGEST_BYTES, Direction, Header, MAC_KEY_BYTES, NAME_BYTES, PROTOCOL_VERSION, TAG_BYTES } from './layout.ts'

/** Header, then the body in clear: what a tag is made over. */
export const TEXT: usize = memory.data(Header.SIZE + 512)
export const BODY: usize = TEXT + Header.SIZE

const TAG: usize = memory.data(DIGEST_BYTES)

/** Begins TEXT with a header; the pen then stands at BODY. */
export function beginText(type: u32, direction: u32, keyVersion: u32): void {
  writeFrom(TEXT)
  putHeader(type, direction, keyVersion)
}

/** Whether a plain header for this chip, of this type, stands at `at`. */
export function isAddressed(at: usize, type: u32): bool {
  beginText(type, Direction.TO_CHIP, 0)
  return same(at, TEXT, Header.SIZE)
}

export function putHeader(type: u32, direction: u32, keyVersion: u32): void {
  put8(PROTOCOL_VERSION)
  put8(type)
  put8(direction)
  putBytes(PURSE, NAME_BYTES)
  put8(keyVersion)
}

/**
 * Deciphers what stands at `sealed` into `body`, which is somewhere in TEXT, and checks the tag over TEXT up to the body's end.
 * `keys`: MAC key, then encryption key. The time depends on the size alone.
 */
export function unseal(sealed: usize, body: usize, size: i32, keys: usize): bool {
  memory.copy(body, sealed + TAG_BYTES, size)
  ctr(keys + MAC_KEY_BYTES, sealed, body, size)
  hmac(keys, MAC_KEY_BYTES, TEXT, ((body - TEXT) as i32) + size, TAG)
  return same(TAG, sealed, TAG_BYTES)
}

/** Seals the body, which is somewhere in TEXT, to `sealed`. @returns how many bytes that makes */
export function seal(sealed: usize, body: usize, size: i32, keys: usize): i32 {
  hmac(keys, MAC_KEY_BYTES, TEXT, ((body - TEXT) as i32) + size, TAG)
  memory.copy(sealed, TAG, TAG_BYTES)
  memory.copy(sealed + TAG_BYTES, body, size)
  ctr(keys + MAC_KEY_BYTES, TAG, sealed + TAG_BYTES, size)
  return TAG_BYTES + size
}
