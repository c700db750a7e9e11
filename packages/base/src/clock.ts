/**
 * The port to time. Milliseconds since 1970, UTC, as a number; chip fields hold whole seconds.
 * Waiting is part of the port, so that a simulation can let thirty days pass at once.
 */

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Resolves when `delayMs` have passed. */
  wait(delayMs: number): Promise<void>
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wait: delayMs => new Promise(resolve => setTimeout(resolve, delayMs)),
}

/** Whole seconds since 1970, as chip fields hold them: four unsigned bytes, until the year 2106. */
export const seconds = (nowMs: number): number => Math.floor(nowMs / 1000)

/** A clock that stands still until it is told to move; waiting moves it. */
export class StillClock implements Clock {
  #nowMs: number

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  async wait(delayMs: number): Promise<void> {
    this.advance(delayMs)
  }

  advance(delayMs: number): void {
    this.#nowMs += delayMs
  }
}
