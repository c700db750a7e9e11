/** The issuer's order to block a purse, or to unblock it: absolute, and brought to the chip as settings (F-14). */
import type { PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Command, type PurseRow, unchanged } from './book.ts'

/**
 * @refuses not-found · purse-retired
 * @spec    F-14
 */
export const blockPurse = (purse: PurseId, blocked: boolean): Command<Result<PurseRow, Refusal>> => ({
  keys: { purse },
  decide: ({ purse: before }) => {
    if (before === undefined) return unchanged(no(refusal('not-found')))
    if (before.stage === 'retired') return unchanged(no(refusal('purse-retired')))
    if (before.blocked === blocked) return unchanged(ok(before))
    const row: PurseRow = { ...before, blocked, settings: before.settings + 1 }
    return { answer: ok(row), writes: [{ write: 'purse', row }] }
  },
})
