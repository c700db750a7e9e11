/**
 * The contract between a chip and the programs that run on it: what a module must export, and all that it may import.
 * A program sees its own memory, its own store and the host's cryptography, nothing else (C-5).
 *
 * Pointers and lengths are i32 into the module's one page of 64 KiB; a pointer out of it stops the program. Everything
 * here has its counterpart on a Java Card 3.0.5.
 */

export const HOST_MODULE = 'host'

/** Parameters, and whether it answers an i32. All values are i32. */
export interface HostFunction {
  readonly parameters: number
  readonly answers: boolean
}

export const HOST_FUNCTIONS = {
  /** (page, into) → size, or −1 when that page was never written. Traps, and the chip is defective, when both its copies are broken. */
  storeRead: { parameters: 2, answers: true },
  /** (page, from, size): one page, atomically: after a power cut the old page stands, or the new. Pages 0…63, at most 512 bytes each. */
  storeWrite: { parameters: 3, answers: false },
  /** (into, size) */
  random: { parameters: 2, answers: false },
  /** (from, size, into): 32 bytes. */
  sha256: { parameters: 3, answers: false },
  /** (key, keySize, from, size, into): HMAC-SHA-256, 32 bytes. */
  hmac: { parameters: 5, answers: false },
  /** (key, counter, at, size): AES-128-CTR in place; key and first counter block 16 bytes each. */
  ctr: { parameters: 4, answers: false },
  /** (privateInto, publicInto): a new P-256 key, 32 and 65 bytes. */
  makeKey: { parameters: 2, answers: false },
  /** (private, from, size, into): 64 bytes, low s, over SHA-256 of the message. */
  sign: { parameters: 4, answers: false },
  /** (public, from, size, signature) → 1 when it is good. */
  verify: { parameters: 4, answers: true },
  /** (private, public, into) → 1, and 32 bytes, when the point is one. */
  agree: { parameters: 3, answers: true },
} as const satisfies Record<string, HostFunction>

export type HostFunctionName = keyof typeof HOST_FUNCTIONS

/**
 * `buffer() → pointer` of IO_BYTES for commands and responses. `select() → size` of the answer to SELECT, after which
 * sessions are over. `process(size) → size`: a whole command APDU (CLA INS P1 P2, then Lc as two bytes, then data)
 * becomes data and status word. `personalise(size) → size`: the same for one STORE DATA group, only ever called for a
 * command of the card manager's secure channel. `removable() → 1` when the program may be deleted or replaced (C-5).
 * `version() → number` of the record's layout: an upgrade keeps the store only to an equal or higher one.
 */
export const PROGRAM_EXPORTS = {
  buffer: { parameters: 0, answers: true },
  select: { parameters: 0, answers: true },
  process: { parameters: 1, answers: true },
  personalise: { parameters: 1, answers: true },
  removable: { parameters: 0, answers: true },
  version: { parameters: 0, answers: true },
} as const satisfies Record<string, HostFunction>

export type ProgramExportName = keyof typeof PROGRAM_EXPORTS

/** Bytes of the buffer for commands and responses. */
export const IO_BYTES = 2048

/** Store pages that one program has, and the most that one holds. */
export const STORE_PAGES = 64
export const STORE_PAGE_BYTES = 512
