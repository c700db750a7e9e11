// What lasts until the next SELECT and no longer: the challenge, who has introduced himself, and the PIN verified for
// one request. All of it is in memory only.
import { same } from './bytes.ts'
import { random } from './host.ts'
import { CHALLENGE_BYTES, CIPHER_KEY_BYTES, DIGEST_BYTES, MAC_KEY_BYTES, TerminalCertificate } from './layout.ts'

export const CHALLENGE: usize = memory.data(CHALLENGE_BYTES)

/** The certificate of the terminal that has introduced itself. */
export const TERMINAL: usize = memory.data(TerminalCertificate.SIZE)
export let introduced: bool = false

/** The holder's session: MAC key, then encryption key, and the number of the request that is next. */
export const SESSION_KEYS_BYTES = MAC_KEY_BYTES + CIPHER_KEY_BYTES
export const SESSION_KEYS: usize = memory.data(2 * DIGEST_BYTES)
export let greeted: bool = false
export let counter: u32 = 0

/** The one request that the PIN was typed for. */
const VERIFIED: usize = memory.data(DIGEST_BYTES)
export let verified: bool = false
/** Whether this session has given the PIN its tries back. */
export let triesRestored: bool = false

export function resetSession(): void {
  random(CHALLENGE, CHALLENGE_BYTES)
  introduced = false
  greeted = false
  verified = false
  triesRestored = false
}

export function introduce(yes: bool): void {
  introduced = yes
}

export function openHolder(yes: bool): void {
  greeted = yes
  counter = 0
}

export function countRequest(): void {
  counter++
}

export function verifyFor(digest: usize): void {
  memory.copy(VERIFIED, digest, DIGEST_BYTES)
  verified = true
}

/** A PIN is for one request: once used, or once another was wrong, it is gone (C-7). */
export function forgetVerified(): void {
  verified = false
}

export function isVerifiedFor(digest: usize): bool {
  return verified && same(VERIFIED, digest, DIGEST_BYTES)
}

export function restoreTries(): void {
  triesRestored = true
}
