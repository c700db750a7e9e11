/** CRC-32 as in ISO/IEC 13239 and zlib: finds decay in memory. No protection against anybody who wants to change it. */
import type { Bytes } from '@kozeni/base/bytes'

/** What a byte becomes that is followed by none, one, … seven more: eight bytes are taken at a time. */
const TABLES = [0, 1, 2, 3, 4, 5, 6, 7].map(following =>
  Int32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte
    for (let bit = 0; bit < 8 * (1 + following); bit++)
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
    return remainder
  }),
)
type Table = Int32Array
const [LAST, T1, T2, T3, T4, T5, T6, FIRST] = TABLES as [Table, Table, Table, Table, Table, Table, Table, Table]

/**
 * @param before  the checksum of what stands before these bytes
 * @returns       an unsigned number of 32 bits
 */
export function crc32(bytes: Bytes, before = 0): number {
  let remainder = ~before
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    const low = remainder ^ word(bytes, at)
    const high = word(bytes, at + 4)
    remainder =
      entry(FIRST, low) ^
      entry(T6, low >>> 8) ^
      entry(T5, low >>> 16) ^
      entry(T4, low >>> 24) ^
      (entry(T3, high) ^ entry(T2, high >>> 8) ^ entry(T1, high >>> 16) ^ entry(LAST, high >>> 24))
  }
  for (; at < bytes.length; at++) remainder = entry(LAST, remainder ^ (bytes[at] ?? 0)) ^ (remainder >>> 8)
  return ~remainder >>> 0
}

const entry = (table: Int32Array, byte: number): number => table[byte & 0xff] ?? 0

/** Four bytes, the first of them lowest. */
const word = (bytes: Bytes, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
