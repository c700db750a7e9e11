/**
 * What a fenced store says that it has honoured (F-12): kept where the book does not know it, for the purse's own fence to
 * be judged by. A store's word alone moves no money: the chip must have paid as well.
 */
import { type Bytes, equal, hex } from '@kozeni/base/bytes'
import type { StoreId } from '@kozeni/base/ids'
import { type Command, type OperationRow, type StoreRow, unchanged } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import type { HonouredRow } from './book-epoch.ts'
import { verdictOf } from './payment.ts'
import { isUnheardOf } from './restore.ts'

/** One decision that the store was told. */
export type Honoured = Pick<HonouredRow, 'store' | 'transaction' | 'verdict' | 'reference' | 'epoch'>

/** `known`: as the book has it, or as the store said before. `behind`: of the present epoch, so the book was restored. */
export type HonouredAnswer = 'known' | 'noted' | 'behind'

/**
 * What a store's word of the latest epoch that it has heard of means to the book: `behind` when the book was restored.
 *
 * @spec F-12
 */
export const takeEpoch = (store: StoreId, epoch: number): Command<'known' | 'behind' | 'unheard-of'> => ({
  keys: {},
  decide: ({ present, now }) => {
    if (!isUnheardOf({ epoch }, present)) return unchanged(epoch > present.epoch ? 'behind' : 'known')
    const facts = { known: String(present.epoch), said: String(epoch) }
    const row: AlarmRow = { subject: store, what: 'epoch-unheard-of', facts, at: now }
    return { answer: 'unheard-of', writes: [{ write: 'alarm', row }] }
  },
})

/** @spec F-12 */
export const takeHonoured = (said: Honoured): Command<HonouredAnswer> => ({
  keys: { number: said },
  decide: ({ numbered, honoured, present, now }) => {
    if (numbered !== undefined && agrees(numbered, said)) return unchanged('known')
    if (said.epoch >= present.epoch) return unchanged('behind')
    if (honoured !== undefined) return unchanged('known')
    const { store, transaction, verdict, reference, epoch } = said
    const row: HonouredRow = { store, transaction, verdict, reference, epoch, at: now }
    const alarms = numbered?.closed === undefined ? [] : [contradicted(row, numbered)]
    return { answer: 'noted', writes: [{ write: 'honoured', row }, ...alarms] }
  },
})

const agrees = (operation: OperationRow, said: { readonly verdict: string; readonly reference: Bytes }): boolean =>
  verdictOf(operation) === said.verdict && equal(operation.reference, said.reference)

/** The chip has proved otherwise, or the store had said that this was all. */
function contradicted({ store, transaction, verdict, at }: HonouredRow, operation: OperationRow) {
  const facts = { number: transaction, honoured: verdict, operation: hex(operation.reference) }
  const row: AlarmRow = { subject: store, what: 'honoured-not-taken', facts, at }
  return { write: 'alarm', row } as const
}

/** The store has told everything: what it has not named it never honoured, and never will. @spec F-12 */
export const completeReport = (name: StoreId, epoch: number): Command<undefined> => ({
  keys: { store: name },
  decide: ({ store }) => {
    if (store === undefined || store.reportedEpoch >= epoch) return unchanged(undefined)
    const row: StoreRow = { ...store, reportedEpoch: epoch }
    return { answer: undefined, writes: [{ write: 'store', row }] }
  },
})
