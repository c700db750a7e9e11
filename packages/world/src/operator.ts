/**
 * The issuer's operator in a world: closes stores' windows, blocks purses in bursts, to let them go a little later, and
 * hears of lost ones.
 */
import type { PurseId, StoreId } from '@kozeni/base/ids'
import { reportLost } from '@kozeni/center/lost'
import { blockPurse } from '@kozeni/center/purse-block'
import { settle } from '@kozeni/center/settle'
import { type City, diceOf, strikes } from './city.ts'
import type { Holder } from './holder.ts'
import type { QuickDice } from './quick-dice.ts'

/** Settlements of each store in a world's life. */
const WINDOWS = 12
const MOST_AT_ONCE = 30

export class Operator {
  readonly #city: City
  readonly #stores: readonly StoreId[]
  readonly #holders: readonly Holder[]
  readonly #dice: QuickDice
  readonly #blocked = new Set<PurseId>()

  constructor(city: City, stores: readonly StoreId[], holders: readonly Holder[]) {
    this.#city = city
    this.#stores = stores
    this.#holders = holders
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
      if (strikes(this.#city, this.#dice, 'purseLost')) await this.#hearOfLoss()
    }
  }

  /** Lets go whom it has blocked; suspects stay blocked. */
  async unblock(): Promise<void> {
    for (const purse of this.#blocked)
      if (!this.#city.suspects.has(purse)) await this.#city.book.run(blockPurse(purse, false))
    this.#blocked.clear()
  }

  /** What a lost chip has said before is still on its way, and is judged without it. @spec F-11 */
  async #hearOfLoss(): Promise<void> {
    const holder = this.#dice.pick(this.#holders)
    const reported = await this.#city.book.run(reportLost(this.#city.policy, holder.purse, true))
    if (!reported.ok) return
    holder.lose()
    this.#city.suspects.add(holder.purse)
  }

  async #block(): Promise<void> {
    const count = Math.min(this.#holders.length, this.#dice.between(1, MOST_AT_ONCE))
    for (let i = 0; i < count; i++) {
      const { purse } = this.#dice.pick(this.#holders)
      this.#blocked.add(purse)
      await this.#city.book.run(blockPurse(purse, true))
    }
  }
}
