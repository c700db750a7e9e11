/**
 * The static keys that open the card manager's channel, by version, in one page: putting, replacing and taking away a set
 * is one write. Old ones stay until the host takes them away (P-2). Pure.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import type { CardKeys } from '@kozeni/protocol/keys'
import { bytes, struct, u8 } from '@kozeni/protocol/struct'

/** One version: three AES keys of the same length. */
export interface KeySet extends CardKeys {
  readonly version: number
}

export const KEY_SETS_MAX = 4
const KEY_BYTES_MAX = 32

interface Row {
  readonly version: number
  readonly keyBytes: number
  readonly keys: Bytes
}

const row = struct<Row>({ version: u8, keyBytes: u8, keys: bytes(3 * KEY_BYTES_MAX) })

/** Their page, the newest first. */
export const encodeKeySets = (sets: readonly KeySet[]): Bytes => concat(...sets.map(encodeSet))

function encodeSet({ version, encryption, mac, dataEncryption }: KeySet): Bytes {
  const keys = concat(encryption, mac, dataEncryption)
  return row.write({
    version,
    keyBytes: mac.length,
    keys: concat(keys, new Uint8Array(3 * KEY_BYTES_MAX - keys.length)),
  })
}

/** A bug unless encodeKeySets made it. */
export const decodeKeySets = (page: Bytes): readonly KeySet[] =>
  Array.from({ length: page.length / row.size }, (_, i) => decodeSet(page.subarray(i * row.size, (i + 1) * row.size)))

function decodeSet(bytes: Bytes): KeySet {
  const value = row.read(bytes)
  assert(value !== undefined, 'a row that was written here')
  const { version, keyBytes, keys } = value
  const key = (i: number): Bytes => keys.slice(i * keyBytes, (i + 1) * keyBytes)
  return { version, encryption: key(0), mac: key(1), dataEncryption: key(2) }
}

/** The set of this version; of version 0, the newest. */
export const keySetOf = (sets: readonly KeySet[], version: number): KeySet | undefined =>
  version === 0 ? sets[0] : sets.find(set => set.version === version)

/** Whether two sets are the same, version and all. */
export const sameSet = (a: KeySet, b: KeySet): boolean => equal(encodeSet(a), encodeSet(b))
