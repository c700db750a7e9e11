/** What a proposal asks for, out of the texts that the book keeps of it: the one gate, for whoever carries it out or audits it. */
import type { Bytes } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { LoadId, OrderId, StoreId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { MANUAL, type ManualPair } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import { amountText, currencyText, idText, object, optional, type Reader, string, word } from '@kozeni/protocol/json'
import type { ProposalRow } from './book-proposal.ts'
import { inputDigest } from './request-name.ts'

/** Money between two of the issuer's own accounts. */
export interface PostingFacts {
  readonly pair: ManualPair
  readonly amount: Money
  readonly currency: Currency
}

/** What the chip has done with an operation, and what is decided of it; how much a sweep took. */
export interface OperationFacts {
  readonly outcome: 'applied' | 'none' | 'reversed'
  readonly decision: 'commit' | 'void'
  readonly amount: Money | null
}

/** A pay that only its chip knows was one by this number. Its store has honoured it, or has not. */
export interface FoundPayFacts {
  readonly store: StoreId
  readonly transaction: string
  readonly amount: Money
  readonly generation: number
  readonly window: number
  readonly decision: 'commit' | 'void'
}

/** A load that only its chip and its provider know was this one. */
export interface FoundLoadFacts {
  readonly load: LoadId
  readonly amount: Money
  readonly method: string
}

/** Whether the chip has had what is owed by this order; of one that comes in parts, how much of it. */
export interface OrderFacts {
  readonly order: OrderId
  readonly outcome: 'applied' | 'none'
  readonly amount: Money | null
}

/** An end to this version of the purses' keys. */
export interface RevocationFacts {
  readonly version: number
}

export type Proposed =
  | ({ readonly what: 'posting' } & PostingFacts)
  | ({ readonly what: 'operation' } & OperationFacts)
  | ({ readonly what: 'found-pay' } & FoundPayFacts)
  | ({ readonly what: 'found-load' } & FoundLoadFacts)
  | ({ readonly what: 'order' } & OrderFacts)
  | ({ readonly what: 'revocation' } & RevocationFacts)

const count: Reader<number> = value =>
  typeof value === 'string' && /^(0|[1-9][0-9]{0,8})$/.test(value) ? Number(value) : undefined
const decision = word('commit', 'void')
const pair: Reader<ManualPair> = word(...(Object.keys(MANUAL) as ManualPair[]))

const posting = object<PostingFacts>({ pair, amount: amountText, currency: currencyText })
const operation = object<OperationFacts>({
  outcome: word('applied', 'none', 'reversed'),
  decision,
  amount: optional(amountText),
})
const foundPay = object<FoundPayFacts>({
  store: idText<StoreId>,
  transaction: string,
  amount: amountText,
  generation: count,
  window: count,
  decision,
})
const foundLoad = object<FoundLoadFacts>({ load: idText<LoadId>, amount: amountText, method: string })
const order = object<OrderFacts>({
  order: idText<OrderId>,
  outcome: word('applied', 'none'),
  amount: optional(amountText),
})

const revocation = object<RevocationFacts>({ version: count })

/** @returns undefined for texts that nobody could have proposed */
export function proposedIn({ what, facts }: Pick<ProposalRow, 'what' | 'facts'>): Proposed | undefined {
  switch (what) {
    case 'posting':
      return named(what, posting(facts))
    case 'operation':
      return named(what, operation(facts))
    case 'found-pay':
      return named(what, foundPay(facts))
    case 'found-load':
      return named(what, foundLoad(facts))
    case 'order':
      return named(what, order(facts))
    case 'revocation':
      return named(what, revocation(facts))
  }
}

const named = <W extends string, F extends object>(what: W, facts: F | undefined): ({ what: W } & F) | undefined =>
  facts && { what, ...facts }

/** SHA-256 of all that was decided, and by whom: a posting bears half of it, so that no name changes unseen. @spec INV-AUDIT */
export const decisionDigest = (crypto: Crypto, row: ProposalRow): Bytes => inputDigest(crypto, row)
