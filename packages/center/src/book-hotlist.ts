/** The rows of the hotlist's versions (D-7). What is made of them is in hotlist.ts. */
import type { PurseId, TerminalId } from '@kozeni/base/ids'

/**
 * What changed in the list of purses and terminals that tills must not serve (D-7). Each version names the one it follows,
 * and no version is followed by two: so whoever makes the next one, in whatever process, has seen all before it.
 */
export interface HotlistRow {
  /** 0 before the first. */
  readonly follows: number
  /** Rises, never by chance: not below the second it was made in, so that it rises across a restore too. */
  readonly version: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly purses: ListChange<PurseId>
  readonly terminals: ListChange<TerminalId>
}

/** Put on the list, and taken off it. */
export interface ListChange<T> {
  readonly listed: readonly T[]
  readonly unlisted: readonly T[]
}
