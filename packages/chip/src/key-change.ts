/**
 * PUT KEY: reads a new key set from a command, deciphers and checks it. Pure; what is done with it is the card manager's.
 * @spec GlobalPlatform Card Specification 2.3.1 §11.8, Amendment D §7.2
 */
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { keyCheck } from '@kozeni/protocol/globalplatform'
import { KEY_SETS_MAX, type KeySet, sameSet } from './key-sets.ts'
import type { SW } from './status-word.ts'

const AES = 0x88
const VERSION_MAX = 0x7f
const CHECK_BYTES = 3

/** @returns the new set, undefined when the command is not well formed or a check value does not fit its key */
export function readKeySet(crypto: Crypto, dataEncryption: Bytes, data: Bytes): KeySet | undefined {
  const version = data[0] ?? 0
  const [encryption, afterFirst] = readKey(crypto, dataEncryption, data.slice(1))
  const [mac, afterSecond] = readKey(crypto, dataEncryption, afterFirst)
  const [next, rest] = readKey(crypto, dataEncryption, afterSecond)
  if (version < 1 || version > VERSION_MAX || rest?.length !== 0) return undefined
  if (encryption === undefined || mac === undefined || next === undefined) return undefined
  if (encryption.length !== mac.length || mac.length !== next.length) return undefined
  return { version, encryption, mac, dataEncryption: next }
}

type Read = readonly [key: Bytes, rest: Bytes] | readonly []

/** One key: type, length, [length of the plain key,] the enciphered key, length of its check value, check value. */
function readKey(crypto: Crypto, dataEncryption: Bytes, data: Bytes | undefined): Read {
  const [type, length = 0] = data ?? []
  if (data === undefined || type !== AES) return []
  const field = data.slice(2, 2 + length)
  const keyBytes = length % 16 === 1 ? (field[0] ?? 0) : length
  const sealed = length % 16 === 1 ? field.slice(1) : field
  const check = data.slice(3 + length, 3 + length + CHECK_BYTES)
  if (![16, 24, 32].includes(keyBytes) || sealed.length !== 16 * Math.ceil(keyBytes / 16)) return []
  const key = crypto.cbcDecrypt(dataEncryption, new Uint8Array(16), sealed).slice(0, keyBytes)
  if (data[2 + length] !== CHECK_BYTES || !equal(check, keyCheck(crypto, key))) return []
  return [key, data.slice(3 + length + CHECK_BYTES)]
}

/** PUT KEY's answer: the version, and each key's check value. */
export const keyReceipt = (crypto: Crypto, { version, encryption, mac, dataEncryption }: KeySet): Bytes =>
  concat(Uint8Array.of(version), ...[encryption, mac, dataEncryption].map(key => keyCheck(crypto, key)))

/**
 * The sets with the new one first, in place of version `replaces` (0: of none). The same set again changes nothing.
 *
 * @returns or why not
 */
export function withKeySet(
  sets: readonly KeySet[],
  replaces: number,
  next: KeySet,
): readonly KeySet[] | Extract<keyof typeof SW, 'notFound' | 'conditionsWrong' | 'memoryFull'> {
  if (sets.some(set => sameSet(set, next))) return sets
  if (replaces !== 0 && !sets.some(({ version }) => version === replaces)) return 'notFound'
  const others = sets.filter(({ version }) => version !== replaces)
  if (others.some(({ version }) => version === next.version)) return 'conditionsWrong'
  return others.length >= KEY_SETS_MAX ? 'memoryFull' : [next, ...others]
}
