/**
 * How often stores' numbers were refused, and why (T-4). Counted in this process and nowhere else, so that whoever sends
 * false numbers makes nothing grow and nothing wait: no row, no line in a log, and at most so many counters.
 */
import type { StoreId } from '@kozeni/base/ids'
import type { Refusal, RefusalCode } from '@kozeni/protocol/refusal'

export interface RefusedCount {
  /** Undefined for stores that do not exist, and for all beyond the most that are told apart. */
  readonly store: StoreId | undefined
  readonly code: RefusalCode
  /** Which check said no, where there is more than one. */
  readonly check: string | undefined
  readonly count: number
}

/** Refusals that are about the number; those about the purse are its holder's own matter. */
const COUNTED: readonly RefusalCode[] = [
  'store-unknown',
  'data-wrong',
  'transaction-altered',
  'window-closed',
  'sale-expired',
  'transaction-used',
]

const TOLD_APART = 10_000

export class RefusedNumbers {
  readonly #counts = new Map<string, RefusedCount>()

  /** @param store  as the number names it: only one that exists is remembered */
  note(store: StoreId | undefined, { code, facts }: Refusal): void {
    if (!COUNTED.includes(code)) return
    const check = typeof facts?.['check'] === 'string' ? facts['check'] : undefined
    const known = code === 'store-unknown' ? undefined : store
    const name = `${known} ${code} ${check}`
    const of = this.#counts.has(name) || this.#counts.size < TOLD_APART ? known : undefined
    const key = `${of} ${code} ${check}`
    this.#counts.set(key, { store: of, code, check, count: (this.#counts.get(key)?.count ?? 0) + 1 })
  }

  /** The most frequent first. */
  list(): readonly RefusedCount[] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count)
  }
}
