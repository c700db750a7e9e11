/** A journal that lasts as long as its process: for tests and simulations, which cut its power by dropping it. */
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Entry } from './entry.ts'
import { type Journal, type Placed, placeAfter } from './journal.ts'

export class MemoryJournal implements Journal {
  readonly #crypto: Crypto
  readonly #entries: Placed[]

  /** @param entries  what an earlier life wrote */
  constructor(crypto: Crypto, entries: readonly Placed[] = []) {
    this.#crypto = crypto
    this.#entries = [...entries]
  }

  entries(): readonly Placed[] {
    return this.#entries
  }

  async append(entry: Entry): Promise<Placed> {
    const placed = placeAfter(this.#crypto, this.#entries.at(-1), entry)
    this.#entries.push(placed)
    return placed
  }

  async close(): Promise<void> {}
}
