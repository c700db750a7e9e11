/** CRC-32 as in ISO/IEC 13239 and zlib: finds decay in memory. No protection against anybody who wants to change it. */
import type { Bytes } from '@kozeni/base/bytes'

/** Eight bytes are taken at a time: one table for what a byte becomes that is followed by none, one, … seven more. */
const AT_ONCE = 8
const TABLES = Int32Array.from({ length: AT_ONCE * 256 }, (_, i) => remainderOf(i & 0xff, 1 + (i >> 8)))

function remainderOf(byte: number, bytes: number): number {
  let remainder = byte
  for (let bit = 0; bit < 8 * bytes; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  return remainder
}

/**
 * @param before  the checksum of what stands before these bytes
 * @returns       an unsigned number of 32 bits
 */
export function crc32(bytes: Bytes, before = 0): number {
  let remainder = ~before
  let at = 0
  for (const whole = bytes.length & -AT_ONCE; at < whole; at += AT_ONCE)
    remainder =
      entry(7, remainder ^ byte(bytes, at)) ^
      entry(6, (remainder >>> 8) ^ byte(bytes, at + 1)) ^
      entry(5, (remainder >>> 16) ^ byte(bytes, at + 2)) ^
      entry(4, (remainder >>> 24) ^ byte(bytes, at + 3)) ^
      entry(3, byte(bytes, at + 4)) ^
      entry(2, byte(bytes, at + 5)) ^
      entry(1, byte(bytes, at + 6)) ^
      entry(0, byte(bytes, at + 7))
  for (; at < bytes.length; at++) remainder = entry(0, remainder ^ byte(bytes, at)) ^ (remainder >>> 8)
  return ~remainder >>> 0
}

/** What the low eight bits of `value` become when so many bytes follow. */
const entry = (following: number, value: number): number => TABLES[(following << 8) | (value & 0xff)] ?? 0

const byte = (bytes: Bytes, at: number): number => bytes[at] ?? 0
