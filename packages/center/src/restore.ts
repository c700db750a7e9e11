/**
 * Finding out that the book was restored from a backup, and beginning a new epoch (F-12). A book that is behind what its
 * center has said is behind for ever: what it lost is asked of chips and stores, one by one (fence.ts), never guessed.
 * The epoch is durable in the mark before it is in the book: a number that was ever used is never used again.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { comparePlaces, type Outcome } from '@kozeni/protocol/operation'
import { type Book, type Command, type OperationRow, type PurseRow, type Seen, unchanged } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import type { EpochRow } from './book-epoch.ts'
import type { Marks } from './mark.ts'

/** The part of an authentic statement that tells how far the center had come when the chip last heard of it. */
export interface Heard {
  readonly epoch: number
  readonly number: number
  readonly digest: Bytes
  readonly outcome: Outcome
  /** Fc: no center has confirmed it. */
  readonly flag: boolean
  /** Not in receipts. */
  readonly epochFloor?: number
  readonly settingsEpoch?: number
  readonly settings?: number
}

type Epochs = Pick<Heard, 'epoch' | 'epochFloor' | 'settingsEpoch'>

/**
 * A book may have forgotten this many epochs: one for each restore since its backup, where the mark was lost with it. A chip
 * that claims to have heard of a later one was opened, and a store that does is wrong or lies.
 */
export const EPOCHS_FORGOTTEN = 8

/** The latest epoch that it speaks of, in whatever way. */
const latestEpoch = ({ epoch, epochFloor = 0, settingsEpoch = 0 }: Epochs): number =>
  Math.max(epoch, epochFloor, settingsEpoch)

/** Whether no restore, nor several, can account for the epoch that a chip or a store speaks of. @spec F-12 */
export const isUnheardOf = (said: Epochs, present: EpochRow): boolean =>
  latestEpoch(said) > present.epoch + EPOCHS_FORGOTTEN

type Standing = Pick<Seen, 'open' | 'present'> & { readonly purse: PurseRow }

/** Whether the purse’s chip is known to refuse whatever was opened before the present epoch. */
export const isFenced = (purse: Pick<PurseRow, 'epoch'>, present: EpochRow): boolean => purse.epoch >= present.epoch

/**
 * The epoch that has to begin, because the chip has heard more of the center than the book remembers; undefined when it
 * has not. Before its fence a purse is expected to be ahead in older epochs. An epoch that is unheard of is no restore.
 *
 * @spec F-12
 */
export function epochAfter({ purse, open, present }: Standing, said: Heard): number | undefined {
  if (isUnheardOf(said, present)) return undefined
  const fenced = isFenced(purse, present)
  const place = fenced ? purse : { epoch: present.epoch, number: 0 }
  const settings = { epoch: place.epoch, number: fenced ? purse.settings : 0 }
  const { epochFloor = 0, settingsEpoch = 0, settings: number = 0 } = said
  const ahead =
    comparePlaces(said, place) > 0 ||
    comparePlaces({ epoch: settingsEpoch, number }, settings) > 0 ||
    epochFloor > present.epoch ||
    (fenced && open !== undefined && knowsBetter(open, said))
  return ahead ? Math.max(present.epoch, latestEpoch(said)) + 1 : undefined
}

/** At the open operation's place the chip has another operation, or one that a center has confirmed. */
const knowsBetter = (open: OperationRow, said: Heard): boolean =>
  comparePlaces(said, open) === 0 && (!equal(said.digest, open.digest) || !said.flag)

/**
 * Begins an epoch, once however many notice: nothing opens on any purse until that purse is fenced.
 *
 * @spec F-12
 */
export const beginEpoch = (epoch: number, noticed?: Pick<AlarmRow, 'subject' | 'facts'>): Command<EpochRow> => ({
  keys: {},
  decide: ({ present, now }) => {
    if (present.epoch >= epoch) return unchanged(present)
    const row: EpochRow = { epoch, beat: 0, since: now }
    const alarm: AlarmRow[] = noticed === undefined ? [] : [{ ...noticed, what: 'book-behind', at: now }]
    return {
      answer: row,
      writes: [{ write: 'epoch', row }, ...alarm.map(one => ({ write: 'alarm' as const, row: one }))],
    }
  },
})

/**
 * An operator's word that the book was put back, also where so little is missing that the mark does not show it.
 *
 * @spec F-12
 */
export async function declareRestored(means: { readonly book: Book; readonly marks: Marks }): Promise<EpochRow> {
  const { present } = await means.book.look({})
  const mark = await means.marks.read()
  return await restored(means, Math.max(present.epoch, mark?.epoch ?? 0) + 1)
}

/** Makes the epoch durable, first outside the book, then in it. */
export async function restored(
  { book, marks }: { readonly book: Book; readonly marks: Marks },
  epoch: number,
  noticed?: Pick<AlarmRow, 'subject' | 'facts'>,
): Promise<EpochRow> {
  await marks.note({ epoch, beat: 0 })
  return await book.run(beginEpoch(epoch, noticed))
}
