/**
 * Seals the book, stretch after stretch, for as long as the center runs (INV-AUDIT). Afterwards, never beside the money: it
 * rests four times as long as it worked, so that a busy book is sealed later, not slower.
 */
import type { Clock } from '@kozeni/base/clock'
import type { Pool } from 'pg'
import type { Center } from './center.ts'
import { openPool, withSession } from './postgres-session.ts'
import { type SealMeans, sealNext } from './seals-postgres.ts'

interface Means extends Omit<SealMeans, 'now'> {
  readonly url: string
  readonly clock: Clock
  readonly log: Center['log']
  /** As the book's own. */
  readonly now?: SealMeans['now']
}

const IDLE_MS = 200
const PAUSE_MS = 10_000
const REST = 4

export class Sealer {
  readonly #means: Means
  readonly #pool: Pool
  #running: Promise<void> | undefined
  #stopped = false

  constructor(means: Means) {
    this.#means = means
    this.#pool = openPool({ url: means.url, connections: 1, name: 'kozeni seals', patient: true })
  }

  /** Seals all that can be sealed now. @returns how many seals that took */
  async seal(): Promise<number> {
    const means = { now: (at: number) => at, ...this.#means }
    let count = 0
    while (!this.#stopped && (await withSession(this.#pool, session => sealNext(session, means)))) count++
    return count
  }

  /** Goes on until stop(). A database that is away for a while is waited for. */
  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.#pool.end()
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#means
    while (!this.#stopped) {
      const began = clock.now()
      await this.seal().catch((error: unknown) =>
        log('error', 'the book was not sealed, and is tried again', { error: String(error) }),
      )
      await this.#rest(began + REST * (clock.now() - began) + PAUSE_MS)
    }
  }

  async #rest(until: number): Promise<void> {
    while (!this.#stopped && this.#means.clock.now() < until) await this.#means.clock.wait(IDLE_MS)
  }
}
