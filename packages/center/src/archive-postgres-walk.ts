/**
 * Rows in the order of what they are about, so that they go by beside their owners in one sorted pass. Claims stand by
 * store, and receipts by batch: no index finds them by purse, for sales are not to pay for one that only an audit needs.
 */
import type { Session } from './postgres-session.ts'

/** What to walk through. */
export interface Walked<Row> {
  /** Of the cursor; one at a time in a transaction. */
  readonly name: string
  /** Sorted by the owner. */
  readonly select: string
  readonly read: (cells: readonly unknown[]) => Row
  readonly owner: (row: Row) => bigint
}

export class SortedWalk<Row> {
  readonly #session: Session
  readonly #walked: Walked<Row>
  #read: Row[] = []
  #ended = false

  private constructor(session: Session, walked: Walked<Row>) {
    this.#session = session
    this.#walked = walked
  }

  static async begin<Row>(session: Session, walked: Walked<Row>): Promise<SortedWalk<Row>> {
    await session.all([`declare ${walked.name} no scroll cursor for ${walked.select}`])
    return new SortedWalk(session, walked)
  }

  /** The rows not yet given of all owners up to this one, by owner. */
  async upTo(bound: bigint): Promise<Map<bigint, Row[]>> {
    const { owner } = this.#walked
    while (!this.#ended && !this.#isPast(bound)) await this.#fetch()
    const { within = [], beyond = [] } = Object.groupBy(this.#read, row => (owner(row) <= bound ? 'within' : 'beyond'))
    this.#read = beyond
    return Map.groupBy(within, owner)
  }

  /** All that are left, and the end of it. */
  async end(): Promise<Map<bigint, Row[]>> {
    const rest = await this.upTo(LAST)
    await this.#session.all([`close ${this.#walked.name}`])
    return rest
  }

  #isPast(bound: bigint): boolean {
    const last = this.#read.at(-1)
    return last !== undefined && this.#walked.owner(last) > bound
  }

  async #fetch(): Promise<void> {
    const [answer] = await this.#session.all([`fetch 1000 from ${this.#walked.name}`])
    const rows = (answer?.rows ?? []).map(this.#walked.read)
    this.#ended = rows.length === 0
    this.#read.push(...rows)
  }
}

const LAST = 2n ** 63n - 1n
