/**
 * One round trip to PostgreSQL: several statements and one Sync behind them. It answers them all at once, and after one
 * that fails it does nothing more. pg's own queries each end with a Sync and ask each time what their columns are: a
 * system call or two a statement at either end, which is more than most of the book's statements take.
 */
import { assert } from '@kozeni/base/assert'
import type { Connection, FieldDef, Submittable } from 'pg'
import type { Cell } from './postgres-array.ts'
import { Messages } from './postgres-messages.ts'

/** Prepared once a connection; the name belongs to the text. */
export interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly Parameter[]
}

/** A Buffer is sent as it is, in PostgreSQL's binary form; everything else as text. */
export type Parameter = Buffer | bigint | number | string | boolean | null | undefined

/** The rows of one statement, each an array of cells, and how many it touched. */
export interface Answer {
  readonly rows: readonly (readonly unknown[])[]
  readonly count: number
}

type Parser = (text: string) => unknown

/** The statements that a connection has prepared, by name, and how to read their columns. */
export type Prepared = Map<string, readonly Parser[]>

/** What pg calls when PostgreSQL has answered. */
export class Trip implements Submittable {
  readonly answers: Promise<readonly Answer[]>
  readonly #statements: readonly Statement[]
  readonly #prepared: Prepared
  readonly #parserOf: (oid: number) => Parser
  readonly #done: Answer[] = []
  #rows: unknown[][] = []
  #resolve: (answers: readonly Answer[]) => void
  #reject: (error: unknown) => void

  constructor(statements: readonly Statement[], prepared: Prepared, parserOf: (oid: number) => Parser) {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Answer[]>()
    this.answers = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#statements = statements
    this.#prepared = prepared
    this.#parserOf = parserOf
  }

  submit(connection: Connection): void {
    const messages = new Messages()
    for (const { name, text, values } of this.#statements) {
      if (!this.#prepared.has(name)) {
        this.#prepared.set(name, [])
        messages.prepare(name, text)
      }
      messages.run(name, values.map(sent))
    }
    connection.stream.write(messages.end())
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.#prepared.set(
      this.#current.name,
      fields.map(({ dataTypeID }) => this.#parserOf(dataTypeID)),
    )
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const parsers = this.#prepared.get(this.#current.name) ?? []
    this.#rows.push(fields.map((text, i) => (text === null ? null : parsers[i]?.(text))))
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#done.push({ rows: this.#rows, count: Number(text.slice(text.lastIndexOf(' ') + 1)) || 0 })
    this.#rows = []
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#done)
  }

  /** What comes behind the statement that failed was not prepared either. */
  handleError(error: unknown): void {
    for (const { name } of this.#statements.slice(this.#done.length)) this.#prepared.delete(name)
    this.#reject(error)
  }

  get #current(): Statement {
    const current = this.#statements[this.#done.length]
    assert(current !== undefined, 'an answer to a statement')
    return current
  }
}

/** A cell by itself, as the parameter that it is sent as. */
export const parameterOf = (cell: Cell): Parameter =>
  cell instanceof Uint8Array ? Buffer.from(cell.buffer, cell.byteOffset, cell.length) : cell

const sent = (value: Parameter): Buffer | string | null =>
  value instanceof Buffer ? value : value === null || value === undefined ? null : String(value)
