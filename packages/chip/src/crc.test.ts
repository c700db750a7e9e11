import { crc32 as zlib } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from './crc.ts'

test('the checksum is that of zlib, for any bytes and in any two pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ maxLength: 50 }), (first, second) => {
      expect(crc32(first)).toBe(zlib(first))
      expect(crc32(second, crc32(first))).toBe(zlib(second, zlib(first)))
    }),
  )
})
