/**
 * A sale as the store's own book knows it: offered, then decided once and for ever by the center (T-5). Pure rules; every
 * book keeps to them, whatever it is made of.
 */
import { no, ok, type Result } from '@kozeni/base/result'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Verdict } from '@kozeni/protocol/proof'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'

/** The center's final word, as the store received it. */
export interface Decision {
  readonly verdict: Verdict
  /** 32 hexadecimal digits; names the operation, not the purse. */
  readonly operation: string
  /** The center's epoch when it decided (F-12). */
  readonly epoch: number
  /** Null when the center was asked instead. */
  readonly proof: string | null
}

export interface Sale extends Offer {
  /** `open` until the center has decided. A screen says "not paid" only on `not-paid`. */
  readonly state: 'open' | Verdict
  readonly decision: Decision | null
  /** Whether the store has noted that the goods were handed over. */
  readonly given: boolean
}

/** A sale and whether this very answer is the one to hand the goods over on. */
export interface Settled {
  readonly sale: Sale
  /** True once in the life of a sale: hand over now. A second proof, webhook or query says false. */
  readonly handOver: boolean
}

/** A sale that has just been offered. */
export const offered = ({ transaction, number }: Offer): Sale => ({
  transaction,
  number,
  state: 'open',
  decision: null,
  given: false,
})

/**
 * What `decision` makes of a sale. The same again is harmless; a paid sale is handed over once.
 *
 * @param sale   undefined when the book has none of that number
 * @param floor  the epoch below which the store was told to refuse
 * @refuses      not-found · epoch-past · sale-differs (decided otherwise before: the first word stands)
 * @spec         T-5, F-12
 */
export function decide(sale: Sale | undefined, floor: number, decision: Decision): Result<Settled, Refusal> {
  if (sale === undefined) return no(refusal('not-found', { what: 'sale' }))
  if (sale.decision !== null)
    return sameWord(sale.decision, decision)
      ? ok({ sale, handOver: false })
      : no(refusal('sale-differs', { decided: sale.state }))
  if (decision.epoch < floor) return no(refusal('epoch-past', { epoch: decision.epoch, floor }))
  return ok({ sale: { ...sale, state: decision.verdict, decision }, handOver: decision.verdict === 'paid' })
}

const sameWord = (a: Decision, b: Decision): boolean => a.verdict === b.verdict && a.operation === b.operation

/** Paid, and the goods not yet noted as handed over: what a store finishes after a crash. */
export const isOwed = (sale: Sale): boolean => sale.state === 'paid' && !sale.given
