/**
 * The port to a chip's non-volatile memory: bytes that outlive power, and may lose it between any two of them. The byte
 * under the needle when power goes is torn: old, new, erased (FF) or anything. Fresh memory is erased.
 */
import type { Bytes } from '@kozeni/base/bytes'

export interface Silicon {
  readonly sizeBytes: number
  /** What has been written in its life. */
  readonly wear: Wear
  /** Gives power, also after it was lost. Everything else throws PowerLost until then. */
  powerOn(): void
  /** @returns a copy of `size` bytes from `at` on */
  read(at: number, size: number): Bytes
  /** Fills `into` with what stands from `at` on: for those who read often, and keep nothing. */
  readInto(at: number, into: Bytes): void
  /** Bytes one by one, in order; all of them are durable when this returns. */
  write(at: number, bytes: Bytes): void
}

export interface Wear {
  readonly writes: number
  readonly bytes: number
}

export const ERASED = 0xff

/** The chip has no power: it cannot answer, and what it was doing is over. Never an answer, always an end. */
export class PowerLost extends Error {
  override readonly name = 'PowerLost'
}

/** Somebody else has this chip's memory open, and only one may. The message says what to do. */
export class SiliconTaken extends Error {
  override readonly name = 'SiliconTaken'
}
