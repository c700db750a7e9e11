/** Reads the binary format of WebAssembly piece by piece. Whatever does not fit ends the reading: Unfit. */
import type { Bytes } from '@kozeni/base/bytes'
import { fromUtf8 } from '@kozeni/base/bytes'

/** The module may not run here. Thrown while reading, caught at the one gate (module.ts), never further. */
export class Unfit extends Error {
  override readonly name = 'Unfit'
}

/** Ends the reading unless `condition` holds. */
export function fits(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Unfit(reason)
}

export class Cursor {
  readonly #bytes: Bytes
  #at = 0

  constructor(bytes: Bytes) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#at]
    fits(byte !== undefined, 'cut off')
    this.#at += 1
    return byte
  }

  /** The next `size` bytes. */
  take(size: number): Bytes {
    fits(this.#at + size <= this.#bytes.length, 'cut off')
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        fits(value < 2 ** 32, 'number too large')
        return value
      }
    }
    throw new Unfit('number too long')
  }

  /** Passes over a signed LEB128 of at most `bits` bits; what it means is the engine's to check. */
  skipSigned(bits: number): void {
    for (let byte = 0; byte < Math.ceil(bits / 7); byte++) if (this.byte() < 0x80) return
    throw new Unfit('number too long')
  }

  /** A vector: its length, then each element. */
  list<T>(one: () => T): readonly T[] {
    const length = this.u32()
    fits(length <= this.#bytes.length, 'list too long')
    return Array.from({ length }, one)
  }

  /** A name in UTF-8. */
  name(): string {
    const text = fromUtf8(this.take(this.u32()))
    fits(text !== undefined, 'name not in UTF-8')
    return text
  }

  /** What was read since `from`. */
  since(from: number): Bytes {
    return this.#bytes.subarray(from, this.#at)
  }
}

/** An unsigned LEB128. */
export function leb(value: number): Bytes {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest)
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Uint8Array.from(bytes)
}
