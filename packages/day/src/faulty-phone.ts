/**
 * What a phone of the sandbox can suffer: its chip loses power in the middle of a write, or is taken out of the field
 * after it has acted and before it was heard. One fault at a time, ordered from outside.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { PowerLost, type Silicon, type Wear } from '@kozeni/chip/silicon'
import type { Reader } from '@kozeni/protocol/reader'

/** Memory that loses power after so many more bytes, once. */
export class MortalSilicon implements Silicon {
  readonly #below: Silicon
  #left = Number.POSITIVE_INFINITY
  #dead = false

  constructor(below: Silicon) {
    this.#below = below
  }

  /** Power goes after `bytes` more whole bytes have been written. */
  cutAfter(bytes: number): void {
    this.#left = bytes
  }

  get sizeBytes(): number {
    return this.#below.sizeBytes
  }

  get wear(): Wear {
    return this.#below.wear
  }

  powerOn(): void {
    this.#dead = false
    this.#below.powerOn()
  }

  read(at: number, size: number): Bytes {
    if (this.#dead) throw new PowerLost('the power was cut')
    return this.#below.read(at, size)
  }

  readInto(at: number, into: Bytes): void {
    if (this.#dead) throw new PowerLost('the power was cut')
    this.#below.readInto(at, into)
  }

  write(at: number, bytes: Bytes): void {
    if (this.#dead) throw new PowerLost('the power was cut')
    const whole = Math.min(bytes.length, this.#left)
    this.#below.write(at, bytes.subarray(0, whole))
    this.#left -= whole
    if (whole === bytes.length) return
    this.#left = Number.POSITIVE_INFINITY
    this.#dead = true
    throw new PowerLost('the power was cut')
  }
}

/** What happens to a chip in the field of readers; shared by all of them. */
export interface Plan {
  /** The instruction after which the chip is taken away, before anybody hears its answer. */
  ins: number | undefined
  away: boolean
}

/** A reader from whose field the chip is taken by plan. */
export class ShakyReader implements Reader {
  readonly #below: Reader
  readonly #plan: Plan

  constructor(below: Reader, plan: Plan) {
    this.#below = below
    this.#plan = plan
  }

  async connect(): Promise<boolean> {
    return !this.#plan.away && (await this.#below.connect())
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    if (this.#plan.away) return undefined
    const answer = await this.#below.transmit(command)
    if (command[1] !== this.#plan.ins) return answer
    this.#plan.ins = undefined
    this.#plan.away = true
    await this.#below.disconnect()
    return undefined
  }

  disconnect(): Promise<void> {
    return this.#below.disconnect()
  }
}
