/**
 * A book that is a log: every change is one line, and all lines together are the book. It keeps the whole in memory and
 * answers only when what the answer rests on is durable. The log itself is a port: nothing, a file, a test's.
 */
import { assert } from '@kozeni/base/assert'
import type { Result } from '@kozeni/base/result'
import type { TransactionNumber } from '@kozeni/protocol/number'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Book, Epochs } from './book.ts'
import { type Entry, readEntry, writeEntry } from './entry.ts'
import { type Decision, decide, isOwed, offered, type Sale, type Settled } from './sale.ts'

export interface Log {
  /** Takes a line, which settled() makes durable. */
  append(line: string): void
  /** Resolves when every line so far is durable; rejects for ever after one could not be written. */
  settled(): Promise<void>
  close(): Promise<void>
}

const SEQUENCE_MAX = 0xffff_ffff

export class LogBook implements Book {
  readonly #log: Log
  readonly #sales = new Map<TransactionNumber, Sale>()
  readonly #owed = new Set<TransactionNumber>()
  #sequence = 0
  #epochs: Epochs = { floor: 0, reported: 0 }

  /** @param lines  everything appended in earlier lives, in order */
  constructor(log: Log, lines: readonly string[]) {
    this.#log = log
    for (const line of lines) this.#apply(readEntry(line))
  }

  sell(make: (sequence: number) => Offer): Promise<Sale> {
    assert(this.#sequence < SEQUENCE_MAX, 'a store has sequences left')
    const sale = offered(make(this.#sequence + 1))
    return this.#write({ entry: 'sold', transaction: sale.transaction, number: sale.number }, sale)
  }

  find(number: TransactionNumber): Promise<Sale | undefined> {
    return this.#durably(this.#sales.get(number))
  }

  decide(number: TransactionNumber, decision: Decision): Promise<Result<Settled, Refusal>> {
    const before = this.#sales.get(number)
    const settled = decide(before, this.#epochs.floor, decision)
    const changes = settled.ok && settled.value.sale !== before
    return changes ? this.#write({ entry: 'decided', number, decision }, settled) : this.#durably(settled)
  }

  give(number: TransactionNumber): Promise<Sale | undefined> {
    const sale = this.#sales.get(number)
    if (sale === undefined || !isOwed(sale)) return this.#durably(sale?.given ? sale : undefined)
    return this.#write({ entry: 'given', number }, { ...sale, given: true })
  }

  owed(): Promise<readonly Sale[]> {
    return this.#durably(Array.from(this.#owed, number => this.#known(number)))
  }

  decided(): Promise<readonly Sale[]> {
    return this.#durably([...this.#sales.values()].filter(sale => sale.decision !== null))
  }

  epochs(): Promise<Epochs> {
    return this.#durably(this.#epochs)
  }

  raise(epochs: Partial<Epochs>): Promise<void> {
    return this.#write({ entry: 'epochs', epochs: higher(this.#epochs, epochs) }, undefined)
  }

  close(): Promise<void> {
    return this.#log.close()
  }

  /** In memory at once, so that the next caller sees it; told to this caller when it is durable. */
  #write<T>(entry: Entry, answer: T): Promise<T> {
    this.#log.append(writeEntry(entry))
    this.#apply(entry)
    return this.#durably(answer)
  }

  /** What another caller wrote a moment ago may be known, but not told, before it is durable. */
  async #durably<T>(answer: T): Promise<T> {
    await this.#log.settled()
    return answer
  }

  #apply(entry: Entry): void {
    if (entry.entry === 'epochs') {
      this.#epochs = entry.epochs
      return
    }
    const sale = this.#after(entry)
    this.#sales.set(sale.number, sale)
    this.#sequence = Math.max(this.#sequence, sale.transaction.sequence)
    if (isOwed(sale)) this.#owed.add(sale.number)
    else this.#owed.delete(sale.number)
  }

  #after(entry: Exclude<Entry, { entry: 'epochs' }>): Sale {
    if (entry.entry === 'sold') return offered(entry)
    const sale = this.#known(entry.number)
    if (entry.entry === 'given') return { ...sale, given: true }
    return { ...sale, state: entry.decision.verdict, decision: entry.decision }
  }

  #known(number: TransactionNumber): Sale {
    const sale = this.#sales.get(number)
    assert(sale !== undefined, `${number} was sold before anything else happened to it`)
    return sale
  }
}

const higher = (now: Epochs, wanted: Partial<Epochs>): Epochs => ({
  floor: Math.max(now.floor, wanted.floor ?? 0),
  reported: Math.max(now.reported, wanted.reported ?? 0),
})
