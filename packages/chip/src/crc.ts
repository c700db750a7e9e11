/** CRC-32 as in ISO/IEC 13239 and zlib: finds decay in memory. No protection against anybody who wants to change it. */
import type { Bytes } from '@kozeni/base/bytes'

/** What a byte becomes that is followed by none, one, two and three more: four bytes are taken at a time. */
const TABLES = [0, 1, 2, 3].map(following =>
  Int32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte
    for (let bit = 0; bit < 8 * (1 + following); bit++)
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
    return remainder
  }),
)
const [LAST, THIRD, SECOND, FIRST] = TABLES as [Int32Array, Int32Array, Int32Array, Int32Array]

/**
 * @param before  the checksum of what stands before these bytes
 * @returns       an unsigned number of 32 bits
 */
export function crc32(bytes: Bytes, before = 0): number {
  let remainder = ~before
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
    remainder ^= a | (b << 8) | (c << 16) | (d << 24)
    remainder =
      entry(FIRST, remainder) ^
      entry(SECOND, remainder >>> 8) ^
      entry(THIRD, remainder >>> 16) ^
      entry(LAST, remainder >>> 24)
  }
  for (; at < bytes.length; at++) remainder = entry(LAST, remainder ^ (bytes[at] ?? 0)) ^ (remainder >>> 8)
  return ~remainder >>> 0
}

const entry = (table: Int32Array, byte: number): number => table[byte & 0xff] ?? 0
