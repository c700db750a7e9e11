/**
 * Names for what a repeatable request makes: the same caller with the same key always means the same thing, so that a
 * repeated request finds what the first one made, on any server, without a table of keys.
 */
import { type Bytes, bigEndian, concat, utf8 } from '@kozeni/base/bytes'
import { type Id, idFromBytes } from '@kozeni/base/ids'
import type { Crypto } from '@kozeni/protocol/crypto'

/**
 * The first 63 bits of SHA-256(what ‖ caller ‖ key), each with its length before it.
 *
 * @param what  the kind of thing, so that one key may serve for one of each
 */
export function requestName<T extends Id>(crypto: Crypto, what: string, caller: string, key: string): T {
  const parts = [what, caller, key].map(utf8).flatMap(part => [bigEndian(part.length, 2), part])
  return idFromBytes<T>(crypto.sha256(concat(...parts)))
}

/** SHA-256 of the input's one spelling: keys sorted, no blanks. */
export const inputDigest = (crypto: Crypto, input: unknown): Bytes => crypto.sha256(utf8(JSON.stringify(sorted(input))))

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]))
}
