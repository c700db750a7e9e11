/**
 * Chips over a byte stream, in the frames of the vsmartcard project's virtual reader: two bytes of length, then an APDU, or
 * one byte that says what happens to the chip's power. Only the request for the answer to reset is answered among those.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat, NO_BYTES } from '@kozeni/base/bytes'

export const POWER = { off: 0x00, on: 0x01, reset: 0x02, answerToReset: 0x04 } as const

export const VPCD_PORT = 35_963

/** One frame. */
export function frame(payload: Bytes): Bytes {
  assert(payload.length <= 0xffff, `${payload.length} bytes in a frame`)
  return concat(bigEndian(payload.length, 2), payload)
}

/** Puts frames together again, however the stream cut them. */
export class Frames {
  #pending: Bytes = NO_BYTES

  /** @returns the payloads that are whole now */
  take(bytes: Bytes): readonly Bytes[] {
    this.#pending = concat(this.#pending, bytes)
    const whole: Bytes[] = []
    for (let payload = this.#next(); payload !== undefined; payload = this.#next()) whole.push(payload)
    return whole
  }

  #next(): Bytes | undefined {
    const [high, low] = this.#pending
    if (high === undefined || low === undefined) return undefined
    const end = 2 + ((high << 8) | low)
    if (this.#pending.length < end) return undefined
    const payload = this.#pending.slice(2, end)
    this.#pending = this.#pending.slice(end)
    return payload
  }
}
