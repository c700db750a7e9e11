/**
 * One chip and several who want it: the phone's own relay by wire, terminals that hold their reader to it by radio. Each
 * gets a lane, which is a reader like any other; one lane has the chip from connect to disconnect, so that two contacts
 * never mix.
 *
 * Nothing is lost when a lane loses the chip: to it the chip is gone, which every contact must survive anyway.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Reader } from '@kozeni/protocol/reader'

export interface Patience {
  /** How long a lane waits for its turn; then there is no chip for it. */
  readonly waitMs: number
  /** A lane that has been silent for this long loses the chip to one that waits. */
  readonly idleMs: number
}

export const DEFAULT_PATIENCE: Patience = { waitMs: 20_000, idleMs: 15_000 }

/** Holds the chip while it is let go. */
const NOBODY = Symbol('nobody')

interface Lane extends Reader {
  /** The chip, by the way that this lane takes. */
  readonly chip: Reader
}

interface Waiting {
  readonly lane: Lane
  readonly turn: (came: boolean) => void
}

export class ExclusiveReader {
  readonly #clock: Clock
  readonly #patience: Patience
  #holder: Lane | typeof NOBODY | undefined
  #lastHeardMs = 0
  #underWay = 0
  readonly #queue: Waiting[] = []

  constructor(clock: Clock, patience: Patience = DEFAULT_PATIENCE) {
    this.#clock = clock
    this.#patience = patience
  }

  /** @param chip  the one chip, by one of the ways to it; whoever else uses it does so by a lane too */
  lane(chip: Reader): Reader {
    const lane: Lane = {
      chip,
      connect: async () => (await this.#take(lane)) && this.#connect(lane),
      transmit: command => this.#transmit(lane, command),
      disconnect: () => this.#leave(lane),
    }
    return lane
  }

  async #take(lane: Lane): Promise<boolean> {
    if (this.#holder === lane) return true
    if (this.#holder === undefined) return this.#give(lane)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiting = { lane, turn: resolve }
    this.#queue.push(waiting)
    await Promise.race([promise, this.#waitFor(waiting)])
    return await promise
  }

  #give(lane: Lane): true {
    this.#holder = lane
    this.#lastHeardMs = this.#clock.now()
    return true
  }

  /** Until the turn has come, or patience has ended; the chip is taken from a lane that has fallen silent. */
  async #waitFor(waiting: Waiting): Promise<void> {
    const untilMs = this.#clock.now() + this.#patience.waitMs
    while (this.#queue.includes(waiting)) {
      const now = this.#clock.now()
      if (now >= untilMs) return this.#giveUp(waiting)
      if (this.#silentMs() >= this.#patience.idleMs) await this.#leave(this.#holder)
      else await this.#clock.wait(Math.min(untilMs - now, this.#patience.idleMs - this.#silentMs()))
    }
  }

  #silentMs(): number {
    return this.#underWay > 0 ? 0 : this.#clock.now() - this.#lastHeardMs
  }

  #giveUp(waiting: Waiting): void {
    this.#queue.splice(this.#queue.indexOf(waiting), 1)
    waiting.turn(false)
  }

  async #connect(lane: Lane): Promise<boolean> {
    let there = false
    try {
      there = await this.#busy(() => lane.chip.connect())
    } finally {
      if (!there) await this.#leave(lane)
    }
    return there
  }

  #transmit(lane: Lane, command: Bytes): Promise<Bytes | undefined> {
    if (this.#holder !== lane) return Promise.resolve(undefined)
    return this.#busy(() => lane.chip.transmit(command))
  }

  async #busy<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1
    try {
      return await work()
    } finally {
      this.#underWay -= 1
      this.#lastHeardMs = this.#clock.now()
    }
  }

  /** The chip loses its power before the next lane gets it. */
  async #leave(lane: Lane | typeof NOBODY | undefined): Promise<void> {
    if (lane === undefined || lane === NOBODY || this.#holder !== lane) return
    this.#holder = NOBODY
    await this.#busy(() => lane.chip.disconnect()).finally(() => this.#next())
  }

  #next(): void {
    this.#holder = undefined
    const waiting = this.#queue.shift()
    if (waiting === undefined) return
    this.#give(waiting.lane)
    waiting.turn(true)
  }
}
