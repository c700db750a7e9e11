/**
 * One process of the center: the real handlers over the one book that all processes share. It may die in any command,
 * before its commit or after it, with everything it was doing; a little later it is up again.
 */
import type { Result } from '@kozeni/base/result'
import { AnswerLost, type Book, type Command, type Write } from '@kozeni/center/book'
import { bookPlainByCommands } from '@kozeni/center/plain-command'
import type { Refusal } from '@kozeni/protocol/refusal'
import { type City, diceOf, strikes, wrongBy } from './city.ts'
import type { QuickDice } from './quick-dice.ts'
import { type CenterParts, centerOf, type Routes, routesOf } from './routes.ts'

const DEAD_MS = 20_000

export class CenterProcess {
  readonly #city: City
  readonly #dice: QuickDice
  readonly #routes: Routes
  #upAt = 0

  constructor(city: City, parts: CenterParts, name: string) {
    this.#city = city
    this.#dice = diceOf(city, name)
    const book = new MortalBook(parts.book, city, this.#dice)
    const clock = city.timeline.clock(wrongBy(city, this.#dice, 'centerClockWrongMs'))
    this.#routes = routesOf(centerOf({ ...parts, book, clock }, this.#dice))
  }

  get isUp(): boolean {
    return this.#city.timeline.now >= this.#upAt
  }

  /** Carries out one request; @returns undefined when it died over it */
  async serve<T>(request: (routes: Routes) => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal> | undefined> {
    try {
      return await request(this.#routes)
    } catch (error) {
      if (!(error instanceof Died)) throw error
      this.#upAt = this.#city.timeline.now + this.#dice.below(DEAD_MS)
      return undefined
    }
  }
}

/** A process has died, at a named point. */
export class Died extends AnswerLost {
  override readonly name = 'AnswerLost'
}

/** The shared book, as a process sees it that may die in every command. */
export class MortalBook implements Book {
  readonly #book: Book
  readonly #city: City
  readonly #dice: QuickDice

  constructor(book: Book, city: City, dice: QuickDice) {
    this.#book = book
    this.#city = city
    this.#dice = dice
  }

  async run<A>(command: Command<A>): Promise<A> {
    if (strikes(this.#city, this.#dice, 'centerDiesBeforeCommit')) throw new Died('before commit')
    const written: Write[] = []
    const answer = await this.#book.run({
      keys: command.keys,
      decide: seen => {
        const decision = command.decide(seen)
        written.push(...decision.writes)
        return decision
      },
    })
    this.#city.watch.see(written)
    this.#city.recoveries.see(written)
    if (strikes(this.#city, this.#dice, 'centerDiesAfterCommit')) throw new Died('after commit')
    return answer
  }

  bookPlain: Book['bookPlain'] = upload => bookPlainByCommands(this, upload)
  look: Book['look'] = keys => this.#book.look(keys)
  due: Book['due'] = (limit, leaseMs) => this.#book.due(limit, leaseMs)
  told: Book['told'] = (name, again) => this.#book.told(name, again)
  close: Book['close'] = async () => {}
}
