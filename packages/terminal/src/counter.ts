/** Where chips come to a terminal: one reader, watched for as long as somebody waits, and never after. */
import type { Clock } from '@kozeni/base/clock'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Screen } from './tap.ts'

/** Where to look for a chip, for how long, and who sees what is shown meanwhile. */
export interface Counter {
  readonly reader: Reader
  readonly waitMs: number
  readonly show?: (screen: Screen) => void
  /** Aborted when the clerk has waited enough. A tap that has begun is not cut off. */
  readonly enough?: AbortSignal
}

/** Between two looks for a chip. */
const POLL_MS = 200
/** Before the same chip is tried again that is still there and said no. */
const PAUSE_MS = 1000

/** The chips that come to one counter, one after the other, until patience ends. */
export class Contact {
  readonly #clock: Clock
  readonly #reader: Reader
  readonly #waitMs: number
  /** Patience begins when the first chip is looked for, not while the disk works. */
  #untilMs: number | undefined
  readonly #enough: AbortSignal | undefined
  #there = false
  #hasLooked = false

  constructor(clock: Clock, { reader, waitMs, enough }: Counter) {
    this.#clock = clock
    this.#reader = reader
    this.#waitMs = waitMs
    this.#enough = enough
  }

  /** Waits for a fresh contact; false when patience has ended. @param trouble  of the contact before */
  async next(trouble: Refusal | undefined): Promise<boolean> {
    const untilMs = (this.#untilMs ??= this.#clock.now() + this.#waitMs)
    const again = this.#there
    await this.end()
    if (again) await this.#clock.wait(trouble?.code === 'chip-gone' ? POLL_MS : PAUSE_MS)
    while (this.#mayLook(untilMs)) {
      this.#hasLooked = true
      this.#there = await this.#reader.connect()
      if (this.#there) return true
      await this.#clock.wait(POLL_MS)
    }
    return false
  }

  /** Once, however short the patience: a slow machine is no reason to look at no chip at all. */
  #mayLook(untilMs: number): boolean {
    const isTime = !this.#hasLooked || this.#clock.now() < untilMs
    return isTime && this.#enough?.aborted !== true
  }

  async end(): Promise<void> {
    if (this.#there) await this.#reader.disconnect()
    this.#there = false
  }
}
