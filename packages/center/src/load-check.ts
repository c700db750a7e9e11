/**
 * A load's money, asked for once more after a restore (F-12): in the part of the book that was lost it may have gone back to
 * its holder. Until the provider has said that it is still here, the load is not opened again.
 */
import type { LoadId, PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Command, LoadRow, Seen, Write } from './book.ts'
import { unchanged } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import type { Checked } from './funding.ts'
import { keysOf, returnedBefore } from './load.ts'
import { tellCheck } from './outbox.ts'

/** Whether nothing that was lost since can have touched this load's money. */
export const isChecked = ({ checkedEpoch }: LoadRow, { epoch }: EpochRow): boolean => checkedEpoch >= epoch

/** What asks the provider, where the load that waits has to be asked for; undefined where it may be opened. */
export const checkWanted = ({ waitingLoad: load, present, now }: Seen): Write | undefined =>
  load === undefined || isChecked(load, present) ? undefined : tellCheck(load.load, now)

/** What the provider says of a captured load; without an answer it is asked again. @spec F-12, F-13 */
export const recordChecked = (
  load: LoadId,
  purse: PurseId,
  said: Checked['state'],
): Command<Result<LoadRow, Refusal>> => ({
  keys: keysOf(load, purse),
  decide: ({ load: before, order, present, now }) => {
    if (before === undefined) return unchanged(no(refusal('not-found')))
    if (before.stage !== 'captured' || isChecked(before, present)) return unchanged(ok(before))
    if (said === 'given-back' && order?.stage === 'waiting') return returnedBefore(before, order, now)
    if (said !== 'captured') return unchanged(ok(before))
    const row: LoadRow = { ...before, checkedEpoch: present.epoch }
    return { answer: ok(row), writes: [{ write: 'load', row }] }
  },
})
