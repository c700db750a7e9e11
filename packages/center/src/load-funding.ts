/**
 * Between a load and its provider: asks, and makes durable what was said. Used by whoever gets there first, the holder's
 * own request, the mover or the provider's webhook; the provider's key and the load's stage make it happen once (F-13).
 */
import type { Result } from '@kozeni/base/result'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Book, LoadRow } from './book.ts'
import type { Captured, CaptureNotice, Checked, FundingSource } from './funding.ts'
import { missing, orderOfLoad, recordCaptured, recordDeclined, recordGivenBack } from './load.ts'
import { isChecked, recordChecked } from './load-check.ts'

interface Means {
  readonly book: Book
  readonly funding: FundingSource
}

/** A load after the provider was asked; `reason` when it has just declined. */
export interface Funded {
  readonly load: LoadRow
  readonly reason: string | undefined
}

/**
 * Asks for the money of a requested load and records the answer. Without an answer the load stays requested.
 *
 * @spec F-13
 */
export async function fund(means: Means, load: LoadRow): Promise<Funded> {
  if (load.stage !== 'requested') return { load, reason: undefined }
  const said = await asked(means, load)
  const recorded = await record(means.book, load, said)
  return { load: recorded, reason: said.state === 'declined' ? said.reason : undefined }
}

/** A request from before a restore may have been captured since, and gone back: that is asked for first. @spec F-12 */
async function asked({ book, funding }: Means, load: LoadRow): Promise<Captured> {
  const { present } = await book.look({})
  return orDeclined(await (isChecked(load, present) ? funding.capture(load) : funding.check(load)))
}

const orDeclined = (said: Checked): Captured =>
  said.state === 'given-back' ? { state: 'declined', reason: 'given-back' } : said

/** Asks once more for the money of a captured load; @returns whether nothing is left to ask. @spec F-12 */
export async function checkFunds({ book, funding }: Means, load: LoadRow): Promise<boolean> {
  const { state } = await funding.check(load)
  if (state !== 'captured' && state !== 'given-back') return false
  await book.run(recordChecked(load.load, load.purse, state))
  return true
}

async function record(book: Book, load: LoadRow, said: Captured): Promise<LoadRow> {
  if (said.state === 'captured') return after(await book.run(recordCaptured(load.load, load.purse, said.capture)), load)
  if (said.state === 'declined') return after(await book.run(recordDeclined(load.load, load.purse)), load)
  return (await book.look({ load: load.load })).load ?? load
}

/** Gives back what a load has captured; @returns whether nothing is left to do. @spec F-5 */
export async function returnFunds({ book, funding }: Means, load: LoadRow): Promise<boolean> {
  if (load.stage !== 'giving-back') return true
  const { order } = await book.look({ order: orderOfLoad(load.load) })
  if ((await funding.giveBack(load, missing(load, order))) === 'unknown') return false
  await book.run(recordGivenBack(load.load, load.purse))
  return true
}

/**
 * What the provider tells of its own accord is a reason to look, not yet the truth: the provider is asked. A capture for a
 * load that ended without one goes straight back: it is nobody's.
 *
 * @returns false when the provider has not confirmed it, or has not taken it back: it is to tell again
 * @spec    F-13
 */
export async function heardCapture({ book, funding }: Means, notice: CaptureNotice): Promise<boolean> {
  const { load } = await book.look({ load: notice.load })
  if (load === undefined || (load.stage !== 'requested' && load.stage !== 'declined')) return true
  const said = orDeclined(await funding.check(load))
  if (load.stage === 'requested') return (await record(book, load, said)).stage !== 'requested'
  if (said.state !== 'captured') return said.state === 'declined'
  return (await funding.giveBackStray({ load: load.load, capture: said.capture })) === 'given-back'
}

const after = (recorded: Result<LoadRow, Refusal>, before: LoadRow): LoadRow => (recorded.ok ? recorded.value : before)
