// The buffer that commands come in and responses go out by, and the two ways to end one.
import { put16, writeFrom } from './bytes.ts'
import { OK } from './status.ts'

const IO_BYTES = 2048

export const IO: usize = memory.data(IO_BYTES)

/** CLA INS P1 P2, and the data's length in two bytes. */
export const HEADER_SIZE = 6
export const DATA: usize = IO + HEADER_SIZE

/** Ends with `size` bytes of data, which stand at IO, and 9000. */
export function answer(size: i32): i32 {
  writeFrom(IO + size)
  put16(OK)
  return size + 2
}

/** Ends with a status word alone. */
export function refuse(statusWord: i32): i32 {
  writeFrom(IO)
  put16(statusWord)
  return 2
}
