/**
 * Centers as numbers: what a center remembers is a book, and its own commands take it from one book to the next. Books are
 * never changed: each command runs on a copy.
 */
import { hex } from '@kozeni/base/bytes'
import { type Clock, StillClock } from '@kozeni/base/clock'
import type { Command, Keys, Write } from '@kozeni/center/book'
import { MemoryBook, type MemoryTables } from '@kozeni/center/book-memory'
import { fallOfBook } from './falls.ts'
import { Interner } from './interner.ts'
import { START_MS } from './issuer.ts'

/** What a command came to. */
export interface Answered<A> {
  readonly book: number
  readonly answer: A
}

class SetClock extends StillClock implements Clock {
  set(nowMs: number): void {
    this.advance(nowMs - this.now())
  }
}

export class Centers {
  readonly #clock = new SetClock(START_MS)
  readonly #books = new Interner<MemoryBook>()
  readonly #rows = new Interner<Write['row']>()
  readonly #fallen: (string | undefined)[] = []
  /** Rows are never changed, so each is spelled once. */
  readonly #known = new WeakMap<object, number>()

  /** A center with these rows and no others. */
  opened(keys: Keys, writes: readonly Write[]): number {
    return this.#ran(new MemoryBook(this.#clock), { keys, decide: () => ({ answer: undefined, writes }) }).book
  }

  /** Runs one command at this time. */
  run<A>(book: number, nowMs: number, command: Command<A>): Answered<A> {
    this.#clock.set(nowMs)
    const before = this.#books.value(book)
    const ran = this.#ran(new MemoryBook(this.#clock, before), command)
    if (ran.book !== book) this.#fallen[ran.book] ??= fallOfBook(before.tables, this.tables(ran.book))
    return ran
  }

  /** What has fallen in a step that led to this book. @spec INV-MONO */
  fallen(book: number): string | undefined {
    return this.#fallen[book]
  }

  /** All that the center remembers. */
  tables(book: number): MemoryTables {
    return this.#books.value(book).tables
  }

  #ran<A>(copy: MemoryBook, command: Command<A>): Answered<A> {
    const answer = copy.runNow(command)
    return { book: this.#books.number(this.#spelled(copy), () => copy), answer }
  }

  #spelled({ tables }: MemoryBook): string {
    const rows: number[] = []
    for (const [kind, table] of Object.entries(tables)) {
      // entries follow from the other rows; those of receipts are numbered by when they came, which matters to nobody
      if (kind !== 'entry') for (const [name, row] of table) rows.push(this.#rowNumber(kind, name, row))
    }
    return rows.sort((a, b) => a - b).join()
  }

  #rowNumber(kind: string, name: string, row: Write['row']): number {
    const known = this.#known.get(row)
    if (known !== undefined) return known
    const number = this.#rows.number(`${kind} ${name} ${spell(row)}`, () => row)
    this.#known.set(row, number)
    return number
  }
}

/** One text for equal values. */
export const spell = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`
    return part instanceof Uint8Array ? hex(part) : part instanceof Map ? [...part] : part
  })
