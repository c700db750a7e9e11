/** A store's generation of seeds (T-3): raising it revokes every window of the ones before, at once, and by order alone. */
import type { StoreId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Command, type StoreRow, unchanged } from './book.ts'

/**
 * Numbers of earlier generations open no pay from now on; pays that are open go on, and are paid or not as any.
 *
 * @param generation  the next one; one that is reached already changes nothing
 * @refuses store-unknown · data-wrong (which there is: none is left out, so that no order is given twice by two people)
 * @spec    T-3
 */
export const raiseGeneration = (store: StoreId, generation: number): Command<Result<StoreRow, Refusal>> => ({
  keys: { store },
  decide: ({ store: before }) => {
    if (before === undefined) return unchanged(no(refusal('store-unknown')))
    if (generation <= before.generation) return unchanged(ok(before))
    if (generation > before.generation + 1)
      return unchanged(no(refusal('data-wrong', { field: 'generation', now: before.generation })))
    const row: StoreRow = { ...before, generation }
    return { answer: ok(row), writes: [{ write: 'store', row }] }
  },
})
