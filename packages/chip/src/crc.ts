/** CRC-32 as in ISO/IEC 13239 and zlib: finds decay in memory. No protection against anybody who wants to change it. */
import type { Bytes } from '@kozeni/base/bytes'

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  return remainder
})

/** @returns an unsigned number of 32 bits */
export function crc32(bytes: Bytes): number {
  let remainder = 0xffff_ffff
  for (const byte of bytes) remainder = (TABLE[(remainder ^ byte) & 0xff] ?? 0) ^ (remainder >>> 8)
  return (remainder ^ 0xffff_ffff) >>> 0
}
