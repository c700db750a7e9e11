// Keys for one session from one agreement: SP 800-108 in counter mode with HMAC-SHA-256, as keys.ts has it.
import { pen, put8, put32, putBytes, putText, writeFrom } from './bytes.ts'
import { hmac } from './host.ts'
import { CHALLENGE_BYTES, CIPHER_KEY_BYTES, DIGEST_BYTES, MAC_KEY_BYTES } from './layout.ts'

const KEY_BITS = 8 * (MAC_KEY_BYTES + CIPHER_KEY_BYTES)
const FIXED: usize = memory.data(64)

/** @param into  two whole blocks of 32 bytes; the keys are the first 48 */
export function derive(secret: usize, label: string, context: usize, into: usize): void {
  deriveBlock(1, secret, label, context, into)
  deriveBlock(2, secret, label, context, into + DIGEST_BYTES)
}

function deriveBlock(number: u32, secret: usize, label: string, context: usize, into: usize): void {
  writeFrom(FIXED)
  put32(number)
  putText(label)
  put8(0)
  putBytes(context, CHALLENGE_BYTES)
  put32(KEY_BITS)
  hmac(secret, DIGEST_BYTES, FIXED, (pen - FIXED) as i32, into)
}
