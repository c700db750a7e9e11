/**
 * A thief in a world: alters what travels, brings it again elsewhere, copies chips and puts old ones back. What is forged
 * must be refused and change nothing; a copied or rolled-back chip cannot be told from an honest one at once, so its purse
 * is a suspect from then on, and what it costs is bounded and named.
 */
import { type Bytes, base64url } from '@kozeni/base/bytes'
import type { Money } from '@kozeni/base/money'
import type { ReceiptRow } from '@kozeni/center/book-receipt'
import { MAC_BYTES, SIGNATURE_BYTES } from '@kozeni/protocol/crypto'
import { SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'
import { type City, diceOf, strikes } from './city.ts'
import type { Holder } from './holder.ts'
import type { QuickDice } from './quick-dice.ts'
import type { Shop } from './shop.ts'
import type { Till } from './till.ts'
import type { Complaint } from './watch.ts'

/** Whom a thief can get at. */
export interface Victims {
  readonly holders: readonly Holder[]
  readonly tills: readonly Till[]
  readonly shops: readonly Shop[]
}

/** Tries in a world's life. */
const TRIES = 40

/** The same bytes but for one bit of the body, which is all that counts. */
function altered(whole: Bytes, dice: QuickDice): Bytes {
  const other = whole.slice()
  const at = dice.below(SIGNED_RECEIPT_BYTES - SIGNATURE_BYTES - MAC_BYTES)
  other[at] = (other[at] ?? 0) ^ (1 << dice.below(8))
  return other
}

export class Thief {
  /** What was taken though it was forged. */
  readonly complaints: Complaint[] = []
  readonly #city: City
  readonly #victims: Victims
  readonly #dice: QuickDice

  constructor(city: City, victims: Victims) {
    this.#city = city
    this.#victims = victims
    this.#dice = diceOf(city, 'thief')
  }

  /** Tries this and that. */
  async live(untilMs: number): Promise<void> {
    const clock = this.#city.timeline.clock()
    const aboutMs = (untilMs - clock.now()) / TRIES
    while (clock.now() < untilMs) {
      await clock.wait(this.#dice.spread(aboutMs / 10, 3 * aboutMs))
      if (strikes(this.#city, this.#dice, 'alteredReceipt')) await this.#alterReceipt()
      if (strikes(this.#city, this.#dice, 'alteredOffer')) await this.#alterOffer()
      if (strikes(this.#city, this.#dice, 'clonedChip')) await this.#spendTwice()
      if (strikes(this.#city, this.#dice, 'rolledBackChip')) this.#rollBack()
    }
  }

  /** A receipt with another bit, by the till that brought the true one. @spec K-5 */
  async #alterReceipt(): Promise<void> {
    const { book } = this.#city
    const receipts = [...book.tables.receipt.values()]
    if (receipts.length === 0) return
    const { whole, terminal, purse } = this.#dice.pick<ReceiptRow>(receipts)
    const till = book.tables.terminal.get(terminal)
    if (till === undefined) return
    const body = { receipts: [{ receipt: base64url(altered(whole, this.#dice)), position: 1, hotlist: 0 }] }
    const caller = { kind: 'terminal', terminal: till } as const
    const uploaded = await this.#city.network.insist('thief', center => center.uploadReceipts({ caller, body }))
    const [answer] = uploaded.ok ? uploaded.value.answers : []
    if (answer?.standing === 'booked') this.#taken(purse, 'a receipt that was altered')
  }

  /** Goods for less than they cost. @spec T-2 */
  async #alterOffer(): Promise<void> {
    const shop = this.#dice.pick(this.#victims.shops)
    const holder = this.#dice.pick(this.#victims.holders)
    const sold = await shop.sell(1_000n)
    if (sold === undefined) return
    const offer = { ...sold, transaction: { ...sold.transaction, amount: 1n as Money } }
    if (await holder.opens(offer)) this.#taken(sold.number, 'a number whose transaction was altered')
  }

  /** Two chips with one purse in them, at two counters. @spec K-1 */
  async #spendTwice(): Promise<void> {
    const holder = this.#dice.pick(this.#victims.holders)
    this.#city.suspects.add(holder.purse)
    const double = holder.copied()
    for (const customer of [holder, double]) await this.#dice.pick(this.#victims.tills).sell(customer, 50n)
  }

  /** The chip of some time ago, with what it held then. @spec C-6 */
  #rollBack(): void {
    const holder = this.#dice.pick(this.#victims.holders)
    this.#city.suspects.add(holder.purse)
    const old = holder.silicon.copy()
    this.#city.timeline.plan(this.#dice.spread(60_000, 3_600_000), () => holder.carry(old))
  }

  #taken(subject: string, what: string): void {
    this.complaints.push({ subject, invariant: 'INV-KEYS', says: `${what} was taken` })
  }
}
