/** What a terminal knows, and the journal it knows it from: written durably first, known only then (D-3). */
import { type Clock, seconds } from '@kozeni/base/clock'
import type { Entry } from './entry.ts'
import type { Journal, Placed } from './journal.ts'
import { foldTill, type Sale, type Till } from './till.ts'

export class Memory {
  readonly till: Till
  readonly #apply: ReturnType<typeof foldTill>['apply']
  readonly #journal: Journal
  readonly #clock: Clock

  constructor(journal: Journal, clock: Clock) {
    const { till, apply } = foldTill(journal.entries())
    this.till = till
    this.#apply = apply
    this.#journal = journal
    this.#clock = clock
  }

  /** Seconds since 1970. */
  get now(): number {
    return seconds(this.#clock.now())
  }

  /** Where the journal stands. */
  get last(): Placed | undefined {
    return this.#journal.entries().at(-1)
  }

  sale(number: number | undefined): Sale | undefined {
    return number === undefined ? undefined : this.till.sales.get(number)
  }

  /** Resolves when the entry is durable, and known. */
  async write(entry: Entry): Promise<void> {
    this.#apply(await this.#journal.append(entry))
  }
}
