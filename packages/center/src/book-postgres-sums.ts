/** The five sums of a store's claims in SQL, the same where a window is looked at and where it is taken. */
import { assert } from '@kozeni/base/assert'
import { CLAIM_PART } from './book-codes.ts'
import type { Sums } from './book-writes.ts'

const of = (part: keyof typeof CLAIM_PART): string => `filter (where part = ${CLAIM_PART[part]})`

/** What to select from rows that have `part`, `amount` and `count`. */
export const SUMS = `
  coalesce(sum(count) ${of('online')}, 0)::bigint,
  coalesce(sum(amount) ${of('online')}, 0)::bigint,
  coalesce(sum(count) ${of('offline')}, 0)::bigint,
  coalesce(sum(amount) ${of('offline')}, 0)::bigint,
  coalesce(-sum(amount) ${of('refunds')}, 0)::bigint`

/** The sums in five cells. */
export function sumsFrom(cells: readonly unknown[]): Sums {
  const [onlineCount, online, offlineCount, offline, refunds] = cells.map(bigintIn)
  assert(online !== undefined && offline !== undefined && refunds !== undefined, 'five sums')
  return { onlineCount: Number(onlineCount), online, offlineCount: Number(offlineCount), offline, refunds }
}

/** A bigint where the statement has one. */
export function bigintIn(cell: unknown): bigint {
  assert(typeof cell === 'bigint', `a bigint, not ${typeof cell}`)
  return cell
}
