/** The book's rows about its own lives, one from each restore to the next (F-12), and about what stores tell after one. */
import type { Bytes } from '@kozeni/base/bytes'
import type { PurseId, StoreId } from '@kozeni/base/ids'
import type { Kind, Outcome, Place } from '@kozeni/protocol/operation'

/**
 * One life of the book; the newest is the present one. `beat` counts its heartbeats: with the epoch it is the high-water
 * mark that is noted outside the book as well.
 */
export interface EpochRow {
  readonly epoch: number
  readonly beat: number
  /** Milliseconds since 1970. */
  readonly since: number
}

/** Where a book begins. */
export const FIRST_EPOCH: EpochRow = { epoch: 1, beat: 0, since: 0 }

/**
 * What a chip's ring has shown and the restored book does not know. `open` until somebody brings what its digest is made
 * of; `clashing` where the book has another operation at that place, which people must settle; `forgotten` is the first
 * place that the ring no longer tells of, up to the next that it does: nothing else in such a row means anything.
 */
export interface FoundRow extends Place {
  readonly purse: PurseId
  readonly kind: Kind
  readonly digest: Bytes
  readonly outcome: Outcome
  readonly standing: 'open' | 'clashing' | 'settled' | 'forgotten'
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a store says that it honoured, where the book did not know it. The first word stands. */
export interface HonouredRow {
  readonly store: StoreId
  readonly transaction: string
  readonly verdict: 'paid' | 'not-paid'
  /** The operation's reference, as the proof named it. */
  readonly reference: Bytes
  /** The epoch of the decision that it was told. */
  readonly epoch: number
  /** Milliseconds since 1970. */
  readonly at: number
}
