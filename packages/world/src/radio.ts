/**
 * A chip as a reader of this world reaches it: commands and answers get lost, power goes in the middle of a write, and
 * whoever carries bytes keeps old messages and may bring one again at any later time.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { INS, PURSE_CLA } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import { type City, strikes } from './city.ts'
import type { QuickDice } from './quick-dice.ts'

/** Messages that somebody has kept, for later. */
const KEPT = 12
/** About what a debit or an operation writes. */
const WRITTEN_BYTES = 400

export class Radio implements Reader {
  readonly #city: City
  readonly #dice: QuickDice
  readonly #reader: Reader
  readonly #silicon: MemorySilicon
  readonly #kept: Bytes[]

  /** @param kept  what was seen going to the chip, by this reader and others */
  constructor(city: City, dice: QuickDice, reader: Reader, silicon: MemorySilicon, kept: Bytes[]) {
    this.#city = city
    this.#dice = dice
    this.#reader = reader
    this.#silicon = silicon
    this.#kept = kept
  }

  async connect(): Promise<boolean> {
    const torn = strikes(this.#city, this.#dice, 'tear')
    this.#silicon.planCut(torn ? this.#cut() : undefined)
    return await this.#reader.connect()
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    this.#keep(command)
    if (strikes(this.#city, this.#dice, 'commandLost')) return this.#gone()
    const response = await this.#reader.transmit(command)
    return strikes(this.#city, this.#dice, 'responseLost') ? this.#gone() : response
  }

  async disconnect(): Promise<void> {
    this.#silicon.planCut(undefined)
    await this.#reader.disconnect()
  }

  async #gone(): Promise<undefined> {
    await this.#reader.disconnect()
    return undefined
  }

  #cut() {
    const afterBytes = this.#dice.below(WRITTEN_BYTES)
    return { afterBytes, torn: this.#dice.pick(['old', 'new', 'erased', this.#dice.below(256)] as const) }
  }

  #keep(command: Bytes): void {
    if (command[0] !== PURSE_CLA || command[1] !== INS.message) return
    if (this.#kept.length < KEPT) this.#kept.push(command)
    else this.#kept[this.#dice.below(KEPT)] = command
  }
}
