/**
 * What a terminal may risk while it is alone (D-7, C-9): pure functions of what it knows and the time. They bound what
 * a copied chip can cost, so a sale of which nothing is known yet counts as taken.
 */
import type { PurseId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { ChipClass } from '@kozeni/protocol/certificate'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Terms, Till } from './till.ts'

/** A chip in software can be copied by whoever owns the telephone: it may take this part of each limit (C-9). */
export const SOFTWARE_PART = 2n

/** How a till treats chips in software beyond their limits: a setting of the till. @spec C-9, F-9 */
export interface SoftwarePolicy {
  /** They meet the center before they are debited, where it answers. */
  readonly onlineFirst: boolean
  /** What becomes of one whose last operation the center has not confirmed: it may have more to hide than a debit. */
  readonly unconfirmed: 'accepted' | 'refused'
}

export const softwarePolicy: SoftwarePolicy = { onlineFirst: true, unconfirmed: 'accepted' }
/** As for chips that cannot be copied. */
export const sameAsHardware: SoftwarePolicy = { onlineFirst: false, unconfirmed: 'accepted' }

/**
 * Whether the terminal may sell at all now.
 *
 * @param now  seconds since 1970, by the terminal's clock
 * @returns    the terms under which
 * @refuses    terminal-not-certified · clock-doubted · offline-too-long · hotlist-too-old · upload-due
 * @spec       D-7, F-11
 */
export function maySell(till: Till, now: number): Result<Terms, Refusal> {
  const { terms, hotlist, offlineSince } = till
  if (terms === undefined || terms.certificate.expires <= now) return no(refusal('terminal-not-certified'))
  const { limits } = terms
  if (till.clockDoubted || now + limits.clockDoubtSeconds < till.latest) {
    return no(refusal('clock-doubted', { clock: now, latest: till.latest }))
  }
  if (offlineSince === undefined || now - offlineSince > limits.maxOfflineSeconds) {
    return no(refusal('offline-too-long', { since: offlineSince ?? 0 }))
  }
  if (hotlist === undefined || now - hotlist.made > limits.hotlistAgeSeconds) {
    return no(refusal('hotlist-too-old', { made: hotlist?.made ?? 0 }))
  }
  return unuploaded(till) >= limits.unuploaded ? no(refusal('upload-due')) : ok(terms)
}

/** A chip that has shown who it is, and what is to be taken from it. */
export interface Taking {
  readonly amount: Money
  readonly purse: PurseId
  readonly chipClass: ChipClass
}

/**
 * Whether the terminal may take this amount from this purse now.
 *
 * @refuses  what maySell refuses · purse-listed · sale-too-large · purse-cap-reached · upload-due
 * @spec     D-7, C-9
 */
export function mayTake(till: Till, { amount, purse, chipClass }: Taking, now: number): Result<Terms, Refusal> {
  const terms = maySell(till, now)
  if (!terms.ok) return terms
  const { limits } = terms.value
  const part = chipClass === 'software' ? SOFTWARE_PART : 1n
  if (till.hotlist?.purses.has(purse)) return no(refusal('purse-listed', { purse }))
  if (amount > limits.perSale / part) return no(tooLarge(limits.perSale / part))
  if (takenFrom(till, purse) + amount > limits.perPurse / part) {
    return no(refusal('purse-cap-reached', { limit: String(limits.perPurse / part) }))
  }
  return unuploaded(till) + amount > limits.unuploaded ? no(refusal('upload-due')) : terms
}

/** The refusal of one sale above `limit`. */
export const tooLarge = (limit: bigint): Refusal => refusal('sale-too-large', { limit: String(limit) })

/** Value that only this terminal knows of: receipts the center has not answered for, and what may have been taken. */
export const unuploaded = ({ untold }: Till): bigint => untold.amount

/** As unuploaded, of one purse. */
export const takenFrom = ({ untold }: Till, purse: PurseId): bigint => untold.byPurse.get(purse) ?? 0n
