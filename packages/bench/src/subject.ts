/** A book that is measured: its database, its purses, and what they sell and pay. Every book is asked the same. */
import { PostgresBook } from '@kozeni/center/book-postgres'
import { plainAside } from '@kozeni/center/book-postgres-plain-aside'
import type { Vault } from '@kozeni/center/vault'
import { collecting } from './collecting.ts'
import type { Measured } from './database.ts'
import { measured, type Row } from './measure.ts'
import { paying, type Sale, sales } from './online.ts'
import { addPurses, addStores } from './population.ts'
import { payingPurse, Sales, type Upload } from './receipts.ts'

/** How many pay at once. */
export const CLIENTS = 64

export class Subject {
  readonly database: Measured
  readonly vault: Vault
  readonly book: PostgresBook
  readonly sales: Sales
  #purses = 0
  #paid = 0

  private constructor(database: Measured, vault: Vault) {
    this.database = database
    this.vault = vault
    this.book = new PostgresBook({ url: database.url, plain: plainAside(database.url) })
    this.sales = new Sales(vault)
  }

  /** A book of stores and terminals, on a database with nothing but tables. */
  static async begin(database: Measured, vault: Vault): Promise<Subject> {
    await addStores(database)
    return new Subject(database, vault)
  }

  get purses(): number {
    return this.#purses
  }

  /** Until there are so many. */
  async grow(purses: number, onProgress: (purses: number) => void): Promise<void> {
    if (purses <= this.#purses) return
    await addPurses(this.database, this.vault, { from: this.#purses + 1, to: purses }, onProgress)
    this.#purses = purses
  }

  /** Sales of every purse in its turn, so that none is asked while it still pays. */
  due(count: number, hot = 0): Sale[] {
    return sales(this.vault, count, hot, () => payingPurse(this.#paid++, this.#purses))
  }

  /** @param tills  that upload at once */
  collect(work: string, uploads: readonly Upload[], tills: number, database = this.database): Promise<Row> {
    return measured(database, collecting(work, this, uploads, tills))
  }

  /** @param perSecond  a pace to keep; undefined for as fast as they are answered */
  pay(work: string, due: readonly Sale[], perSecond?: number, database = this.database): Promise<Row> {
    return measured(database, paying(work, this, due, CLIENTS, perSecond))
  }

  close(): Promise<void> {
    return this.book.close()
  }
}
