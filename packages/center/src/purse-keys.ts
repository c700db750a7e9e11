/**
 * Which versions of its keys a purse has, and when it gets the next (PROTOCOL §8, F-15): pure. One step at a time, each
 * only on the chip's own word: the floor rises over all versions but the newest that the chip has answered under; then
 * the next version finds room; then it is used; then the floor rises again. A valid message is accepted throughout.
 */
import type { PurseId } from '@kozeni/base/ids'
import type { PurseRow } from './book.ts'
import { isInUse } from './operation.ts'
import type { Vault } from './vault.ts'

/** What of the vault these rules are about. */
export type KeySchedule = Pick<Vault, 'keyVersion' | 'keyFloor'>

/**
 * The purse, its floor raised if its chip has just answered under the newest version it has and older ones are to go: the
 * version was then used once in both directions.
 *
 * @param answeredUnder  the key version of the chip's authentic answer
 */
export function withRaisedFloor(purse: PurseRow, answeredUnder: number | undefined, keys: KeySchedule): PurseRow {
  const keyFloor = Math.min(purse.keyVersion, keys.keyFloor)
  if (answeredUnder !== purse.keyVersion || keyFloor <= purse.keyFloor) return purse
  return { ...purse, keyFloor, settings: purse.settings + 1 }
}

/**
 * The key version that an install contact is to bring to a purse in use: the one behind its own, as soon as the chip has
 * said that its floor has shut out all but one. An empty slot is not counted on. Always that one and never a later: the chip
 * may have taken it already, and nobody heard of it; then it has no room for another.
 */
export const versionToBring = (purse: PurseRow, { keyVersion }: KeySchedule): number | undefined =>
  isInUse(purse) &&
  purse.keyVersion < keyVersion &&
  purse.keyFloor === purse.keyVersion &&
  purse.settingsSeen >= purse.settings
    ? purse.keyVersion + 1
    : undefined

/**
 * The versions that a chip may have whose latest known one is `version`, the oldest first: a restored book may have lost that
 * it got another.
 *
 * @returns those only that the vault has; none when all were revoked
 * @spec    F-12
 */
export const versionsFrom = (
  version: number,
  purse: PurseId,
  vault: Pick<Vault, 'keyVersion' | 'purseKeys'>,
): number[] =>
  Array.from({ length: Math.max(1, vault.keyVersion - version + 1) }, (_, i) => version + i).filter(
    each => vault.purseKeys(each, purse) !== undefined,
  )

/** The purse whose chip has just taken this version, or answered under it: from now on it is used. */
export const withKeys = (purse: PurseRow, version: number | undefined, now: number): PurseRow =>
  version === undefined || version <= purse.keyVersion ? purse : { ...purse, keyVersion: version, keysSince: now }

/** How many purses in use stand alike with their keys, and since when the last of them does. */
export interface KeyUse {
  readonly version: number
  readonly floor: number
  /** Whether the chip has said that it has its newest settings, the floor among them. */
  readonly settled: boolean
  readonly purses: number
  /** When the last of them got its newest version. */
  readonly since: number
}

/** Why a version cannot be revoked yet. */
export type NotYet =
  | { readonly reason: 'accepted-by-chips'; readonly purses: number }
  | { readonly reason: 'receipts-may-come'; readonly until: number }
  | { readonly reason: 'newest' }

/**
 * Whether a version of the purses' keys may be revoked: no chip in use accepts it, and no receipt under it can be on its
 * way: a till that has not uploaded for `graceMs` has stopped selling (F-11) and is known.
 *
 * @returns why not, or undefined
 */
export function whyNotRevoke(
  version: number,
  uses: readonly KeyUse[],
  { keyVersion, now, graceMs }: { readonly keyVersion: number; readonly now: number; readonly graceMs: number },
): NotYet | undefined {
  if (version >= keyVersion) return { reason: 'newest' }
  const accepting = uses.filter(({ floor, settled }) => floor <= version || !settled)
  if (accepting.length > 0)
    return { reason: 'accepted-by-chips', purses: accepting.reduce((n, { purses }) => n + purses, 0) }
  const until = Math.max(0, ...uses.map(({ since }) => since)) + graceMs
  return until > now ? { reason: 'receipts-may-come', until } : undefined
}
