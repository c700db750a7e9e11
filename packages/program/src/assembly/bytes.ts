// Big-endian numbers and strings of bytes in memory, and one pen that writes field after field.

export function load16(at: usize): u32 {
  return bswap<u16>(load<u16>(at))
}

export function load32(at: usize): u32 {
  return bswap<u32>(load<u32>(at))
}

export function load64(at: usize): u64 {
  return bswap<u64>(load<u64>(at))
}

/** Whether both are the same bytes. The time depends on the size alone. */
export function same(a: usize, b: usize, size: i32): bool {
  let difference = 0
  for (let i = 0; i < size; i++) difference |= load<u8>(a + i) ^ load<u8>(b + i)
  return difference === 0
}

/** Where the pen stands. */
export let pen: usize = 0

export function writeFrom(at: usize): void {
  pen = at
}

export function put8(value: u32): void {
  store<u8>(pen, value as u8)
  pen += 1
}

export function put16(value: u32): void {
  store<u16>(pen, bswap<u16>(value as u16))
  pen += 2
}

export function put32(value: u32): void {
  store<u32>(pen, bswap<u32>(value))
  pen += 4
}

export function put64(value: u64): void {
  store<u64>(pen, bswap<u64>(value))
  pen += 8
}

export function putBytes(from: usize, size: i32): void {
  memory.copy(pen, from, size)
  pen += size
}

/** ASCII only: the labels of key derivation. */
export function putText(text: string): void {
  for (let i = 0; i < text.length; i++) put8(text.charCodeAt(i))
}
