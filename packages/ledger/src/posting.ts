/** What each cause moves, and from where to where: the whole of the house's book-keeping, as pure rules. */
import { assert } from '@kozeni/base/assert'
import type { Currency } from '@kozeni/base/currency'
import {
  type AccountId,
  idNumber,
  type LoadId,
  type MoveId,
  type OrderId,
  type ProposalId,
  type PurseId,
  type StoreId,
} from '@kozeni/base/ids'
import type { Money, Total } from '@kozeni/base/money'
import {
  type Account,
  bank,
  collected,
  fees,
  fraudLoss,
  funding,
  inDoubt,
  inTransit,
  moving,
  purseFloat,
  storePayable,
  withheld,
} from './account.ts'
import type { Cause, Entry } from './entry.ts'

interface Sum {
  readonly amount: Money | Total
  readonly currency: Currency
  readonly at: number
}

/** The part of an operation that its entries are made from. */
export interface PostedOperation extends Sum {
  readonly purse: PurseId
  readonly epoch: number
  readonly number: number
  readonly kind: 'load' | 'pay' | 'refund' | 'sweep'
  /** Who is paid by a pay. */
  readonly store?: StoreId
  /** Whose purse it is: what is swept off it is this holder's. */
  readonly account: AccountId
}

/** A receipt that no chip can be charged for. */
export interface PostedReceipt extends Sum {
  readonly purse: PurseId
  readonly seq: number
  readonly kind: 'debit' | 'void'
  readonly store: StoreId
  /** The first eight bytes of its body's SHA-256, as a number below 2^63. */
  readonly digest: bigint
}

interface OfLoad extends Sum {
  readonly purse: PurseId
  readonly load: LoadId
}

/** The holder's money is with the provider, and owed to the purse. @spec F-13 */
export const captured = (load: OfLoad): Entry =>
  entry(load.purse, 'captured', [idNumber(load.load), 0n], funding, inTransit(load.purse), load)

/** The holder's money went back the way it came. @spec F-7 */
export const givenBack = (load: OfLoad): Entry =>
  entry(load.purse, 'given-back', [idNumber(load.load), 0n], inTransit(load.purse), funding, load)

/** The amount is in doubt until evidence closes the operation. A sweep's amount is not known before. @spec F-1 */
export const opened = (operation: PostedOperation): Entry[] =>
  operation.kind === 'sweep' ? [] : [ofOperation(operation, 'opened', source(operation), inDoubt(operation.purse))]

/** @spec F-5 */
export const committed = (operation: PostedOperation): Entry[] =>
  operation.kind === 'sweep'
    ? sweptBy(operation)
    : [ofOperation(operation, 'committed', inDoubt(operation.purse), destination(operation))]

/** @spec F-5 */
export const voided = (operation: PostedOperation): Entry[] =>
  operation.kind === 'sweep' ? [] : [ofOperation(operation, 'voided', inDoubt(operation.purse), source(operation))]

/** A pay that its chip has made and nobody has honoured: the purse is owed it, until a refund brings it. @spec F-12 */
export const takenBack = (operation: PostedOperation): Entry =>
  ofOperation(operation, 'voided', inDoubt(operation.purse), inTransit(operation.purse))

const sweptBy = (operation: PostedOperation): Entry[] =>
  operation.amount === 0n
    ? []
    : [ofOperation(operation, 'committed', purseFloat(operation.purse), moving(operation.account))]

/** Where an operation's amount comes from, and returns to when it is void. */
const source = ({ kind, purse }: PostedOperation): Account =>
  kind === 'load' || kind === 'refund' ? inTransit(purse) : purseFloat(purse)

function destination({ kind, purse, store }: PostedOperation): Account {
  if (kind === 'load' || kind === 'refund') return purseFloat(purse)
  assert(store !== undefined, 'a pay pays a store')
  return storePayable(store)
}

/** What a batch of collected receipts moves for one store: debits, or voids, in all. */
export interface PostedBatch extends Sum {
  readonly store: StoreId
  readonly batch: bigint
  /** How many receipts. */
  readonly count: number
}

/** Off-line debits move value from chips to what their store is owed. @spec K-1 */
export const debitsCollected = (batch: PostedBatch): Entry =>
  entry(batch.store, 'collected', [batch.batch, BigInt(batch.count)], collected, storePayable(batch.store), batch)

/** Voids bring back the debits before them. @spec D-6, K-2 */
export const voidsCollected = (batch: PostedBatch): Entry =>
  entry(batch.store, 'collected-voids', [batch.batch, BigInt(batch.count)], storePayable(batch.store), collected, batch)

/** The store owes the holder; the center owes the purse, until a refund operation has brought it. */
export const refundOrdered = (order: Sum & { purse: PurseId; store: StoreId; order: OrderId }): Entry =>
  entry(
    order.purse,
    'refund-ordered',
    [idNumber(order.order), 0n],
    storePayable(order.store),
    inTransit(order.purse),
    order,
  )

/** What was swept off a purse of this holder is owed to this one, until load operations have brought it. @spec P-3 */
export const moved = (move: Sum & { purse: PurseId; account: AccountId; move: MoveId }): Entry =>
  entry(move.purse, 'moved', [idNumber(move.move), 0n], moving(move.account), inTransit(move.purse), move)

/** What a purse had taken more than it was ever given, at one time. */
export interface PostedLoss extends Sum {
  readonly purse: PurseId
  /** How many of its losses were posted before. */
  readonly number: number
}

/** The purse had taken more than it was ever given: the issuer's loss. @spec K-3, F-11 */
export const writtenOff = (loss: PostedLoss): Entry =>
  entry(loss.purse, 'written-off', [BigInt(loss.number), 0n], fraudLoss, purseFloat(loss.purse), loss)

/** It was given more than was known: so much less is lost. @spec K-3 */
export const lossRegained = (loss: PostedLoss): Entry =>
  entry(loss.purse, 'written-off', [BigInt(loss.number), 0n], purseFloat(loss.purse), fraudLoss, loss)

/** A receipt that its store is owed and no chip can be charged for; a void of one takes it back. @spec K-1, K-3 */
export function fraudPaid(receipt: PostedReceipt): Entry {
  const name = [BigInt(receipt.seq), receipt.digest] as const
  const store = storePayable(receipt.store)
  return receipt.kind === 'debit'
    ? entry(receipt.purse, 'fraud-paid', name, fraudLoss, store, receipt)
    : entry(receipt.purse, 'fraud-paid', name, store, fraudLoss, receipt)
}

/** The claim of one booked debit, whose void a chip's totals show and nobody has brought. */
export interface PostedClaim extends Sum {
  readonly purse: PurseId
  /** Of the debit. */
  readonly seq: number
  readonly store: StoreId
}

/** @spec K-2 */
export const claimWithheld = (claim: PostedClaim): Entry =>
  ofClaim('claim-withheld', storePayable(claim.store), withheld, claim)

/** @spec K-2 */
export const claimFreed = (claim: PostedClaim): Entry =>
  ofClaim('claim-freed', withheld, storePayable(claim.store), claim)

/** The chip has the value back: its purse is owed what its store is not. @spec K-2 */
export const claimCharged = (claim: PostedClaim): Entry =>
  ofClaim('claim-charged', withheld, purseFloat(claim.purse), claim)

/** What was charged is undone, for what has come moves it by itself. @spec K-2 */
export const claimRestored = (claim: PostedClaim): Entry =>
  ofClaim('claim-restored', purseFloat(claim.purse), storePayable(claim.store), claim)

const ofClaim = (cause: Cause, debit: Account, credit: Account, claim: PostedClaim): Entry =>
  entry(claim.purse, cause, [BigInt(claim.seq), 0n], debit, credit, claim)

/** What people may post by hand: the only pairs, and from where to where. */
export const MANUAL = {
  /** A provider has paid over what it had taken in. */
  'provider-paid': { debit: bank, credit: funding },
  /** A provider has kept a charge of what it had taken in. */
  'provider-charge': { debit: fees, credit: funding },
  /** The issuer takes what it has earned out of the money that stands against what it owes. */
  'fees-taken': { debit: fees, credit: bank },
  /** The issuer brings in money of its own for what fraud has cost. */
  'loss-covered': { debit: bank, credit: fraudLoss },
} as const satisfies Record<string, { readonly debit: Account; readonly credit: Account }>

export type ManualPair = keyof typeof MANUAL

/** Two people have decided it; `digest` is the first half of that of their decision. @spec INV-AUDIT */
export const postedByHand = (
  posting: Sum & { readonly proposal: ProposalId; readonly pair: ManualPair; readonly digest: bigint },
): Entry => {
  const { debit, credit } = MANUAL[posting.pair]
  return entry(posting.proposal, 'manual', [posting.digest, 0n], debit, credit, posting)
}

/** One settlement window of one store: what the issuer keeps, and what it pays. @spec K-4 */
export function settled(window: {
  store: StoreId
  window: bigint
  fee: Money
  net: Money
  currency: Currency
  at: number
}): Entry[] {
  const { store, currency, at } = window
  const parts = [
    { cause: 'fee', amount: window.fee, credit: fees },
    { cause: 'paid-out', amount: window.net, credit: bank },
  ] as const
  return parts
    .filter(part => part.amount > 0n)
    .map(({ cause, amount, credit }) =>
      entry(store, cause, [window.window, 0n], storePayable(store), credit, { amount, currency, at }),
    )
}

const ofOperation = (operation: PostedOperation, cause: Cause, debit: Account, credit: Account): Entry =>
  entry(operation.purse, cause, [BigInt(operation.epoch), BigInt(operation.number)], debit, credit, operation)

function entry(
  subject: PurseId | StoreId | ProposalId,
  cause: Cause,
  [first, second]: readonly [bigint, bigint],
  debit: Account,
  credit: Account,
  { amount, currency, at }: Sum,
): Entry {
  assert(amount > 0n, `an entry moves something, not ${amount}`)
  return { subject, cause, first, second, debit, credit, amount, currency, at }
}
