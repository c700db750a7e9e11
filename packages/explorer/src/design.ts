/**
 * What stands where in the system that is explored: the product's own parts, or others in their place. Weakenings are made
 * by passing another part in here; no part knows that it may be exchanged.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { collect } from '@kozeni/center/collect'
import { hear } from '@kozeni/center/contact'
import { builtPurse } from '@kozeni/program/compile-node'
import type { Kind } from '@kozeni/protocol/operation'
import { decide } from '@kozeni/store/sale'
import { beginSale, resumeSale, stepSale } from '@kozeni/terminal/sale'
import type { Sale, Till } from '@kozeni/terminal/till'
import { beginVoid, stepVoid } from '@kozeni/terminal/void'

export interface Design {
  /** The purse program's module. */
  readonly module: Bytes
  /** The center's command for what a chip says (contact.ts). */
  readonly hear: typeof hear
  /** The center's command for a receipt (collect.ts). */
  readonly collect: typeof collect
  /** The terminal's machines (sale.ts, void.ts). */
  readonly sale: {
    readonly begin: typeof beginSale
    readonly resume: typeof resumeSale
    readonly step: typeof stepSale
  }
  readonly void: { readonly begin: typeof beginVoid; readonly step: typeof stepVoid }
  /** What a terminal takes for settled for good, of what the center answers. */
  readonly settles: (final: boolean) => boolean
  /** The store's rule for a decision of the center (sale.ts). */
  readonly honour: typeof decide
  /** How often the provider has given a load's money back, asked once more. */
  readonly giveBack: (times: number) => number
  /** A restored book as the center starts with it: the mark outside shows that a new epoch has to begin. */
  readonly restored: (book: number, newEpoch: (book: number) => number) => number
  /** Sales of which the till tells the center that they were not given (D-5). */
  readonly withholds: (till: Till) => readonly Sale[]
  /** Kinds of operations that the center closes as not done when their time is over, unheard: none. */
  readonly givesUp: readonly Kind[]
}

/** The product as it is. */
export async function product(): Promise<Design> {
  return {
    module: await builtPurse(),
    hear,
    collect,
    sale: { begin: beginSale, resume: resumeSale, step: stepSale },
    void: { begin: beginVoid, step: stepVoid },
    settles: final => final,
    honour: decide,
    giveBack: () => 1,
    restored: (book, newEpoch) => newEpoch(book),
    withholds: ({ withheld, sales }) => [...withheld].flatMap(number => sales.get(number) ?? []),
    givesUp: [],
  }
}
