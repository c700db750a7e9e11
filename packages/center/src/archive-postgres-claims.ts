/**
 * Claims in the order of the purses that they are about, so that they go by beside the purses in one sorted pass. They
 * stand by store, and no index finds them by purse: sales are not to pay for one that only an audit needs.
 */
import { idNumber } from '@kozeni/base/ids'
import type { PurseRow } from './book.ts'
import { CLAIM } from './book-tables.ts'
import type { ClaimRow } from './book-writes.ts'
import type { Session } from './postgres-session.ts'

const BEGIN = `declare claim_walk no scroll cursor for select ${CLAIM.list} from claim order by subject_id`
const NEXT = 'fetch 1000 from claim_walk'
const END = 'close claim_walk'

/** One at a time in a transaction. */
export class ClaimWalk {
  readonly #session: Session
  #read: ClaimRow[] = []
  #ended = false

  private constructor(session: Session) {
    this.#session = session
  }

  static async begin(session: Session): Promise<ClaimWalk> {
    await session.all([BEGIN])
    return new ClaimWalk(session)
  }

  /** The claims not yet given of all purses up to this one, by purse. */
  async upTo(last: PurseRow | undefined): Promise<ReadonlyMap<string, ClaimRow[]>> {
    const bound = last === undefined ? 0n : idNumber(last.purse)
    while (!this.#ended && !this.#isPast(bound)) await this.#fetch()
    const { within = [], beyond = [] } = Object.groupBy(this.#read, ({ subject }) =>
      idNumber(subject) <= bound ? 'within' : 'beyond',
    )
    this.#read = beyond
    return Map.groupBy(within, ({ subject }): string => subject)
  }

  async end(): Promise<void> {
    await this.#session.all([END])
  }

  #isPast(bound: bigint): boolean {
    const last = this.#read.at(-1)
    return last !== undefined && idNumber(last.subject) > bound
  }

  async #fetch(): Promise<void> {
    const [answer] = await this.#session.all([NEXT])
    const rows = (answer?.rows ?? []).map(CLAIM.read)
    this.#ended = rows.length === 0
    this.#read.push(...rows)
  }
}
