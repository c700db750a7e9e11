/**
 * A load's money, asked for once more after a restore (F-12): in the part of the book that was lost it may have gone back to
 * its holder. Until the provider has said that it is still here, the load is not opened again.
 */
import type { LoadId, PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Command, Decision, LoadRow, Seen, Write } from './book.ts'
import { unchanged } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import { close } from './evidence.ts'
import type { Checked } from './funding.ts'
import { keysOf, orderOfLoad, returnedBefore } from './load.ts'
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
  decide: seen => {
    const { load: before, order, present, now } = seen
    if (before === undefined) return unchanged(no(refusal('not-found')))
    if (before.stage !== 'captured' || isChecked(before, present)) return unchanged(ok(before))
    if (said === 'given-back' && order?.stage === 'waiting') return returnedBefore(before, order, now)
    if (said === 'given-back') return neverCame(seen, before)
    if (said !== 'captured') return unchanged(ok(before))
    const row: LoadRow = { ...before, checkedEpoch: present.epoch }
    return { answer: ok(row), writes: [{ write: 'load', row }] }
  },
})

/** Its money went back before the restore, so the chip had proved that it was not loaded. Of a lost one nobody hears it again. */
function neverCame({ purse, open, ...seen }: Seen, before: LoadRow): Decision<Result<LoadRow, Refusal>> {
  if (purse?.stage !== 'lost' || open?.order !== orderOfLoad(before.load)) return unchanged(ok(before))
  const wished = { ...seen, purse, open, openLoad: { ...before, cancelled: true } }
  return {
    answer: ok(before),
    writes: close(wished, { ...open, decision: 'void' }, { source: 'lost', outcome: 'none' }).writes,
  }
}
