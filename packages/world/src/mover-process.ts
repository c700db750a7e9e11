/** The process that moves what the book says must be told: the real mover over a book in which it may die. */

import { Mover } from '@kozeni/center/mover'
import { Died, MortalBook } from './center-process.ts'
import { type City, diceOf, strikes } from './city.ts'
import type { QuickDice } from './quick-dice.ts'
import type { CenterParts } from './routes.ts'
import type { Shop } from './shop.ts'

/** It may also die between what it has done and its note of that. */
class MoverBook extends MortalBook {
  readonly #strikes: () => boolean

  constructor(parts: CenterParts, city: City, dice: QuickDice) {
    super(parts.book, city, dice)
    const { told } = this
    this.#strikes = () => strikes(city, dice, 'moverDies')
    this.told = async (name, again) => {
      if (this.#strikes()) throw new Died('before it noted that it was done')
      await told(name, again)
    }
  }
}

export class MoverProcess {
  readonly #city: City
  readonly #mover: Mover

  /** @param shops  by the address that webhooks go to */
  constructor(city: City, parts: CenterParts, shops: ReadonlyMap<string, Shop>) {
    this.#city = city
    const book = new MoverBook(parts, city, diceOf(city, 'mover'))
    this.#mover = new Mover({
      ...parts,
      book,
      post: async (url, headers, body) => await shops.get(url)?.hear(headers, body),
      log: (level, message, facts) => {
        if (level === 'error' && !isDeath(facts)) throw new Error(`${message}: ${JSON.stringify(facts)}`)
      },
    })
  }

  /** Does all that is due. */
  async move(): Promise<void> {
    try {
      while ((await this.#mover.step()) > 0);
    } catch (error) {
      if (!(error instanceof Died)) throw error
    }
  }

  async live(untilMs: number, everyMs: number): Promise<void> {
    const clock = this.#city.timeline.clock()
    while (clock.now() < untilMs) {
      await clock.wait(everyMs)
      await this.move()
    }
  }
}

const isDeath = ({ error }: Readonly<Record<string, unknown>>): boolean =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'AnswerLost'
