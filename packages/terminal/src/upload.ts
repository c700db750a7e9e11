/**
 * What a terminal shows the center, and what it makes of the answers: pure. A debit and its void travel together (D-6).
 * Receipts are kept, and shown again from time to time, until the center says that they are settled for good: a center
 * that was restored from an old copy gets them back that way (weakening 15).
 */
import { base64url } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { ReceiptAnswer, Upload, UploadAnswer } from './center.ts'
import type { EntryOf, Standing } from './entry.ts'
import type { Placed } from './journal.ts'
import type { Kept, Sale, Till } from './till.ts'

/** Receipts in one upload. */
export const BATCH_MAX = 200
/** How long a debit is held back for a void of which nothing is known. */
export const VOID_PATIENCE_SECONDS = 600
/** How often a receipt is shown again that is booked and not settled for good. */
export const RECHECK_SECONDS = 3600

/** Voids that have kept their debits waiting for too long. */
export const overdueVoids = ({ sales, unanswered }: Till, now: number): readonly Sale[] =>
  salesOf(sales, unanswered).filter(
    ({ voidStage, voidAsked }) =>
      voidStage === 'unresolved' && now - (voidAsked?.request.time ?? 0) >= VOID_PATIENCE_SECONDS,
  )

/**
 * Sales to show the center now, the new ones first, each kind in the order of the journal.
 *
 * @param held  the sale that is being voided at this moment
 */
export function dueSales({ sales, unanswered, unsettled }: Till, now: number, held?: number): readonly Sale[] {
  const fresh = salesOf(sales, unanswered).filter(({ sale, voidStage }) => voidStage !== 'unresolved' && sale !== held)
  const again = salesOf(sales, unsettled).filter(({ answered }) => now - (answered?.at ?? 0) >= RECHECK_SECONDS)
  return [...fresh.sort(byPosition), ...again.sort(byPosition)]
}

const salesOf = (sales: Till['sales'], numbers: ReadonlySet<number>): Sale[] =>
  [...numbers].flatMap(number => sales.get(number) ?? [])

const byPosition = (a: Sale, b: Sale): number => (a.receipt?.position ?? 0) - (b.receipt?.position ?? 0)

/** The sale's receipt, and its void's behind it. */
export const receiptsOf = ({ receipt, voidReceipt }: Sale): readonly Kept[] =>
  [receipt, voidReceipt].filter(kept => kept !== undefined)

/**
 * Sales to tell the center now that were not given: at once, with a receipt that was found for one, and from time to time
 * until nothing more comes of them.
 *
 * @spec D-5
 */
export const notGivenDue = ({ sales, withheld, unanswered }: Till, now: number): readonly Sale[] =>
  salesOf(sales, withheld)
    .filter(({ sale, told }) => told === undefined || unanswered.has(sale) || now - told.at >= RECHECK_SECONDS)
    .slice(0, BATCH_MAX)

/** Whole sales, at most BATCH_MAX receipts each. */
export function batchesOf(sales: readonly Sale[]): readonly (readonly Sale[])[] {
  const batches: Sale[][] = []
  let room = 0
  for (const sale of sales) {
    const size = receiptsOf(sale).length
    if (size > room) {
      batches.push([])
      room = BATCH_MAX
    }
    batches.at(-1)?.push(sale)
    room -= size
  }
  return batches
}

/** One upload's body; with no sales it tells that the terminal is alive. */
export function uploadOf(
  batch: readonly Sale[],
  notGiven: readonly Sale[],
  last: Placed | undefined,
  offlineSince: number | undefined,
): Upload {
  return {
    receipts: batch.flatMap(receiptsOf).map(uploadedOf),
    notGiven: notGiven.flatMap(statementOf),
    ...(last && { journal: { position: last.position, hash: base64url(last.hash) } }),
    ...(offlineSince !== undefined && { offlineSince: new Date(offlineSince * 1000).toISOString() }),
  }
}

const uploadedOf = ({ bytes, position, hotlist }: Kept): Upload['receipts'][number] => ({
  receipt: base64url(bytes),
  ...{ position, hotlist },
})

/** The debit would be the record after the seq that was read. */
const statementOf = ({ sale, asked }: Sale): NonNullable<Upload['notGiven']> =>
  asked === undefined ? [] : [{ sale, purse: asked.request.purse, seq: asked.request.seq + 1 }]

/** @returns what the center says of the sales that were not given, as journal entries. @refuses center-garbled */
export function toldOf(
  notGiven: readonly Sale[],
  told: UploadAnswer['notGiven'],
  at: number,
): Result<readonly EntryOf<'not-given-told'>[], Refusal> {
  const same = told.length === notGiven.length && told.every(({ sale }, i) => sale === notGiven[i]?.sale)
  if (!same) return no(refusal('center-garbled', { field: 'notGiven' }))
  return ok(told.map(({ sale, final }) => ({ entry: 'not-given-told', at, sale, final })))
}

/**
 * What the answers say of each sale, as journal entries: a pair is settled when both are.
 *
 * @param answers  one for each receipt, in their order
 * @refuses        center-garbled
 */
export function answersOf(
  batch: readonly Sale[],
  answers: readonly ReceiptAnswer[],
  at: number,
): Result<readonly EntryOf<'answered'>[], Refusal> {
  if (answers.length !== batch.flatMap(receiptsOf).length) return no(refusal('center-garbled', { field: 'answers' }))
  let next = 0
  const entries = batch.map((sale): EntryOf<'answered'> => {
    const own = answers.slice(next, (next += receiptsOf(sale).length))
    return { entry: 'answered', at, sale: sale.sale, standing: worst(own), final: own.every(({ final }) => final) }
  })
  return ok(entries)
}

const FROM_WORST: readonly Standing[] = ['refused', 'held', 'booked', 'already-booked']

const worst = (answers: readonly ReceiptAnswer[]): Standing =>
  FROM_WORST.find(standing => answers.some(answer => answer.standing === standing)) ?? 'refused'
