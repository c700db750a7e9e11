/**
 * A program for tests of the chip: a notebook that writes and reads its pages on request, and misbehaves on request.
 * Compiled in the purse program's place, by its compiler.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { built, compilePurse } from '@kozeni/program/compile-node'

/** What the notebook does, by INS. P1 is a page. */
export const NOTE = {
  /** Data → the page. */
  write: 0x01,
  /** The page →. */
  read: 0x02,
  /** Calls since it got its memory →, one byte. */
  count: 0x03,
  /** Writes the page, then never ends. */
  writeAndLoop: 0x10,
  recurse: 0x11,
  /** Writes the page, then points out of its memory. */
  writeAndPointOut: 0x12,
  signForEver: 0x13,
  writeForEver: 0x14,
  answerTooLong: 0x15,
  answerOddStatus: 0x16,
  writePageTooLarge: 0x17,
  signWithZero: 0x18,
  /** A long answer: as many bytes as P1 says, times 8. */
  answerLong: 0x19,
} as const

/** While this page exists, the notebook does not let itself be deleted. */
export const KEPT_PAGE = 63

const source = (version: number): string => `
  @external('host', 'storeRead') declare function storeRead(page: i32, into: usize): i32
  @external('host', 'storeWrite') declare function storeWrite(page: i32, from: usize, size: i32): void
  @external('host', 'sign') declare function sign(key: usize, from: usize, size: i32, into: usize): void
  const IO: usize = 1024
  const DATA: usize = IO + 6
  const SCRATCH: usize = 8192
  let calls: u8 = 0
  export function buffer(): i32 { return IO as i32 }
  function end(size: i32, status: i32): i32 {
    store<u8>(IO + size, (status >> 8) as u8)
    store<u8>(IO + size + 1, status as u8)
    return size + 2
  }
  export function select(): i32 { store<u8>(IO, ${version}); return end(1, 0x9000) }
  export function personalise(size: i32): i32 {
    storeWrite(load<u8>(IO), IO, size)
    return end(size, 0x9000)
  }
  export function removable(): i32 { return storeRead(${KEPT_PAGE}, SCRATCH) < 0 ? 1 : 0 }
  export function version(): i32 { return ${version} }
  function deep(n: i32): i32 { return n === 0 ? 0 : deep(n + 1) + 1 }
  export function process(size: i32): i32 {
    calls++
    const ins = load<u8>(IO + 1)
    const page: i32 = load<u8>(IO + 2)
    switch (ins) {
      case 0x01: storeWrite(page, DATA, size - 6); return end(0, 0x9000)
      case 0x02: {
        const got = storeRead(page, IO)
        return got < 0 ? end(0, 0x6a88) : end(got, 0x9000)
      }
      case 0x03: store<u8>(IO, calls); return end(1, 0x9000)
      case 0x10: storeWrite(page, DATA, size - 6); while (load<u8>(IO + 1) === 0x10) {} return end(0, 0x9000)
      case 0x11: return deep(1)
      case 0x12: storeWrite(page, DATA, size - 6); storeWrite(page, 65530, 100); return end(0, 0x9000)
      case 0x13: store<u8>(SCRATCH, 1); for (;;) sign(SCRATCH, IO, 10, SCRATCH + 64)
      case 0x14: for (let i: u8 = 0; ; i++) { store<u8>(IO, i); storeWrite(page, IO, 1) }
      case 0x15: return 5000
      case 0x16: return end(0, 0x1234)
      case 0x17: storeWrite(page, IO, 513); return end(0, 0x9000)
      case 0x18: sign(SCRATCH + 1000, IO, 10, SCRATCH); return end(0, 0x9000)
      case 0x19: return end(page * 8, 0x9000)
      default: return end(0, 0x6d00)
    }
  }
`

/** The notebook's module. */
export const notebook = (version = 1): Promise<Bytes> =>
  built(
    `notebook-${version}.wasm`,
    () => compilePurse((file, text) => (file === 'purse.ts' ? source(version) : text)),
    import.meta.filename,
  )
