/** The issuer's operator in a world: closes stores' windows, and blocks purses in bursts, to let them go a little later. */
import type { PurseId, StoreId } from '@kozeni/base/ids'
import { blockPurse } from '@kozeni/center/purse-block'
import { settle } from '@kozeni/center/settle'
import { type City, diceOf, strikes } from './city.ts'
import type { QuickDice } from './quick-dice.ts'

/** Settlements of each store in a world's life. */
const WINDOWS = 12
const MOST_AT_ONCE = 30

export class Operator {
  readonly #city: City
  readonly #stores: readonly StoreId[]
  readonly #purses: readonly PurseId[]
  readonly #dice: QuickDice
  readonly #blocked = new Set<PurseId>()

  constructor(city: City, stores: readonly StoreId[], purses: readonly PurseId[]) {
    this.#city = city
    this.#stores = stores
    this.#purses = purses
    this.#dice = diceOf(city, 'operator')
  }

  /** @spec K-4, F-14 */
  async live(untilMs: number): Promise<void> {
    const clock = this.#city.timeline.clock()
    const everyMs = (untilMs - clock.now()) / WINDOWS
    while (clock.now() < untilMs) {
      await clock.wait(everyMs)
      for (const store of this.#stores) await this.#city.book.run(settle(store, clock.now()))
      await this.unblock()
      if (strikes(this.#city, this.#dice, 'blockedInBursts')) await this.#block()
    }
  }

  /** Lets go whom it has blocked; suspects stay blocked. */
  async unblock(): Promise<void> {
    for (const purse of this.#blocked)
      if (!this.#city.suspects.has(purse)) await this.#city.book.run(blockPurse(purse, false))
    this.#blocked.clear()
  }

  async #block(): Promise<void> {
    const count = Math.min(this.#purses.length, this.#dice.between(1, MOST_AT_ONCE))
    for (let i = 0; i < count; i++) {
      const purse = this.#dice.pick(this.#purses)
      this.#blocked.add(purse)
      await this.#city.book.run(blockPurse(purse, true))
    }
  }
}
