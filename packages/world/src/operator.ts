/**
 * The issuer's operator in a world: closes stores' windows, blocks purses in bursts, to let them go a little later, makes
 * further versions of keys, and hears of lost purses and stolen tills.
 */
import type { PurseId, StoreId } from '@kozeni/base/ids'
import { reportLost } from '@kozeni/center/lost'
import { blockPurse } from '@kozeni/center/purse-block'
import { whyNotRevoke } from '@kozeni/center/purse-keys'
import { placeTerminal } from '@kozeni/center/register'
import { settle } from '@kozeni/center/settle'
import { MemoryViews } from '@kozeni/center/views-memory'
import { type City, diceOf, strikes } from './city.ts'
import type { Holder } from './holder.ts'
import type { QuickDice } from './quick-dice.ts'
import type { Shop } from './shop.ts'
import type { Till } from './till.ts'

/** Settlements of each store in a world's life. */
const WINDOWS = 12
const MOST_AT_ONCE = 30
/** From when a key version is made until it is used. */
const NOTICE_MS = 60_000

/** Whom an operator answers for. */
interface Charge {
  readonly shops: readonly Shop[]
  readonly holders: readonly Holder[]
  readonly tills: readonly Till[]
}

export class Operator {
  readonly #city: City
  readonly #stores: readonly StoreId[]
  readonly #holders: readonly Holder[]
  readonly #dice: QuickDice
  readonly #tills: readonly Till[]
  readonly #blocked = new Set<PurseId>()
  readonly #stolen = new Set<Till>()
  #rotatedAt = 0

  constructor(city: City, { shops, holders, tills }: Charge) {
    this.#city = city
    this.#stores = shops.map(({ id }) => id)
    this.#holders = holders
    this.#tills = tills
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
      if (this.#rotatedAt + NOTICE_MS < clock.now() && strikes(this.#city, this.#dice, 'keysRotated')) this.#rotate()
      await this.#hearOfThefts()
    }
  }

  /** As an operator does it: with a minute's notice. @spec PROTOCOL §8 */
  #rotate(): void {
    this.#rotatedAt = this.#city.timeline.now
    this.#city.vault.rotate(this.#rotatedAt + NOTICE_MS)
  }

  /** Versions that no chip accepts and no receipt can come under are revoked. @spec INV-KEYS */
  async revoke(): Promise<void> {
    const { vault, policy, history, timeline, book } = this.#city
    const uses = await new MemoryViews(book).keyUses()
    const graceMs = policy.maxOfflineMs + policy.lostMarginMs
    for (let version = 1; version < vault.keyVersion && this.#rotatedAt > 0; version++) {
      const done = history.begun('key version revoked')
      if (whyNotRevoke(version, uses, { keyVersion: vault.keyVersion, now: timeline.now, graceMs }) !== undefined)
        continue
      vault.revoke(version)
      done()
    }
  }

  /** Every till that was stolen is found again. */
  async findTills(): Promise<void> {
    for (const till of this.#stolen) await this.#find(till)
  }

  /** One is stolen; those of the last time are reported now, and some never come back. @spec D-7 */
  async #hearOfThefts(): Promise<void> {
    for (const till of [...this.#stolen]) await this.#follow(till)
    if (!strikes(this.#city, this.#dice, 'tillStolen')) return
    const till = this.#dice.pick(this.#tills)
    till.carry('stolen')
    this.#stolen.add(till)
  }

  async #follow(till: Till): Promise<void> {
    const place = this.#dice.pick(['stolen', 'in-service', 'lost'] as const)
    if (place === 'in-service') return this.#find(till)
    await this.#city.book.run(placeTerminal(till.id, place))
    if (place === 'stolen') return
    till.carry('gone')
    this.#stolen.delete(till)
  }

  async #find(till: Till): Promise<void> {
    await this.#city.book.run(placeTerminal(till.id, 'in-service'))
    till.carry('counter')
    this.#stolen.delete(till)
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
