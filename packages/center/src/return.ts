/**
 * What goes back of an off-line sale: always an order of the center, never anything at the till but a void (D-6). The store
 * orders it; or the selling terminal's final word that the goods were not given does, once the chip has proved that it was
 * debited. Neither alone: a ring says nothing of goods (D-5, weakening 20).
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { OrderId, PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import { type Money, money, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { refundOrdered } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { blockIfOverdrawn } from './alarm.ts'
import {
  type Command,
  type Decision,
  type Keys,
  type OrderRow,
  type PurseRow,
  type Seen,
  unchanged,
  type Write,
} from './book.ts'
import type { ReceiptRow } from './book-receipt.ts'
import type { ReturnRow } from './book-return.ts'
import { saleName } from './book-writes.ts'
import { afterBooking } from './collect.ts'
import { isWaiting } from './hold.ts'
import { inputDigest, requestName } from './request-name.ts'

/** A terminal's own number of a sale, where a store's number would stand. */
export const returnName = ({ terminal, sale }: Pick<ReturnRow, 'terminal' | 'sale'>): string => `${terminal}/${sale}`

/** So much of one off-line sale, by the store that sold. */
export interface ReturnRequest {
  readonly order: OrderId
  readonly amount: Money
  readonly inputDigest: Bytes
  /** The debit, as the book was found to have it. */
  readonly purse: PurseId
  readonly seq: number
  readonly store: StoreId
}

/**
 * Orders part of an off-line sale back; the same request again is the same order.
 *
 * @refuses key-reused · not-found (no such debit of this store, or it is voided) · refund-too-large · purse-retired
 * @spec    D-6
 */
export const orderReturn = (request: ReturnRequest): Command<Result<OrderRow, Refusal>> => ({
  keys: keysOf(request),
  decide: seen => {
    if (seen.order !== undefined)
      return unchanged(equal(seen.order.inputDigest, request.inputDigest) ? ok(seen.order) : no(refusal('key-reused')))
    const debit = debitIn(seen, request)
    if (debit?.store !== request.store) return unchanged(no(refusal('not-found')))
    if (seen.purse?.stage === 'retired') return unchanged(no(refusal('purse-retired')))
    const before = returnedOf(seen, debit) ?? rowOf(debit)
    const left = debit.amount - before.refunded
    if (request.amount > left) return unchanged(no(refusal('refund-too-large', { left: String(left) })))
    const { row, writes } = ordered(request, debit, before, seen.now)
    return { answer: ok(row), writes }
  },
})

/** A terminal's final word on one torn sale: the goods were not and will never be given. */
export interface NotGiven {
  readonly purse: PurseId
  /** Of the debit, if there was one. */
  readonly seq: number
  readonly store: StoreId
  readonly terminal: TerminalId
  readonly sale: number
}

/** What is known of a sale that was not given, and since when. */
export interface NotGivenStanding {
  readonly standing: 'noted' | 'refunded' | 'nothing'
  readonly at: number
}

/**
 * Takes the word down, once; and orders the whole debit of exactly that sale back if the chip has proved it. What was
 * ordered back already does not go back again.
 *
 * @spec D-5, weakening 20
 */
export function noteNotGiven(crypto: Crypto, said: NotGiven): Command<NotGivenStanding> {
  const order = requestName<OrderId>(
    crypto,
    'refund',
    `terminal:${said.terminal}`,
    `not given ${said.purse} ${said.seq}`,
  )
  return {
    keys: keysOf({ ...said, order }),
    decide: seen => {
      const before = returnedOf(seen, said) ?? { ...said, notGivenAt: undefined, refunded: ZERO }
      const known = { ...before, notGivenAt: before.notGivenAt ?? seen.now }
      const debit = debitIn(seen, said)
      if (debit === undefined) return withoutDebit(seen, said, known)
      if (returnName(debit) !== returnName(said)) return unchanged({ standing: 'nothing', at: debit.at })
      return givenBack({ ...said, order, inputDigest: inputDigest(crypto, said) }, debit, known, seen)
    },
  }
}

function withoutDebit(seen: Seen, { seq }: NotGiven, known: ReturnRow): Decision<NotGivenStanding> {
  const other = seen.receipts.get(seq)
  const isHeld = other?.standing === 'held' || seen.fraud?.holds.some(hold => hold.seq === seq && hold.stage === 'held')
  const mayCome = isHeld && other && returnName(other) === returnName(known)
  if (other !== undefined && !mayCome) return unchanged({ standing: 'nothing', at: other.at })
  return noted({ standing: 'noted', at: seen.now }, known, seen)
}

function givenBack(
  named: Pick<ReturnRequest, 'order' | 'inputDigest'>,
  debit: ReceiptRow,
  known: ReturnRow,
  seen: Seen,
): Decision<NotGivenStanding> {
  const answer = { standing: 'refunded', at: known.notGivenAt ?? seen.now } as const
  const left = debit.amount - known.refunded
  if (left === 0n || seen.purse?.stage === 'retired') return noted(answer, known, seen)
  return { answer, writes: ordered({ ...named, amount: money(left) }, debit, known, seen.now).writes }
}

/** The word alone; it is written once. */
const noted = (answer: NotGivenStanding, row: ReturnRow, seen: Seen): Decision<NotGivenStanding> =>
  seen.returned?.notGivenAt === undefined ? { answer, writes: [{ write: 'return', row }] } : unchanged(answer)

const keysOf = ({ purse, seq, order }: Pick<ReturnRequest, 'purse' | 'seq' | 'order'>): Keys => ({
  purse,
  order,
  receipts: [seq, seq + 1],
  returned: seq,
  fraud: true,
})

/** The booked debit of this seq, unless it is or seems to be voided: then the chip has it back already. */
function debitIn({ receipts, fraud }: Seen, { seq }: { readonly seq: number }): ReceiptRow | undefined {
  const row = receipts.get(seq)
  if (fraud?.holds.some(hold => hold.seq === seq && isWaiting(hold))) return undefined
  return row?.kind === 'debit' && row.standing === 'booked' && receipts.get(seq + 1)?.kind !== 'void' ? row : undefined
}

/** What went back of exactly this sale: of two that were asked of one purse at one seq, the chip has made one at most. */
const returnedOf = (
  { returned }: Pick<Seen, 'returned'>,
  sale: Pick<ReturnRow, 'terminal' | 'sale'>,
): ReturnRow | undefined => (returned !== undefined && returnName(returned) === returnName(sale) ? returned : undefined)

const rowOf = ({ purse, seq, store, terminal, sale }: ReceiptRow): ReturnRow => ({
  ...{ purse, seq, store, terminal, sale },
  notGivenAt: undefined,
  refunded: ZERO,
})

function ordered(
  { order, amount, inputDigest: digest }: Pick<ReturnRequest, 'order' | 'amount' | 'inputDigest'>,
  { purse, store, currency }: ReceiptRow,
  before: ReturnRow,
  at: number,
): { readonly row: OrderRow; readonly writes: readonly Write[] } {
  const row: OrderRow = {
    ...{ order, purse, store, amount, currency, at },
    kind: 'refund',
    delivered: ZERO,
    inParts: false,
    stage: 'waiting',
    transaction: returnName(before),
    inputDigest: digest,
  }
  return {
    row,
    writes: [
      { write: 'order', row },
      { write: 'return', row: { ...before, refunded: money(before.refunded + amount) } },
      { write: 'entry', row: refundOrdered({ ...row, store }) },
    ],
  }
}

/** A debit that was held because its sale was paid already. */
export type SecondDebit = Pick<ReceiptRow, 'purse' | 'seq' | 'terminal' | 'sale'>

/**
 * One sale is paid once: what another debit took for it goes back to its purse. It is booked, for the chip has paid, and
 * ordered back at once, so its store gains nothing by it.
 *
 * @returns whether it is booked and ordered back
 * @spec    K-1
 */
export function returnSecond(crypto: Crypto, second: SecondDebit): Command<boolean> {
  const { purse, seq, terminal, sale } = second
  const order = requestName<OrderId>(crypto, 'refund', `terminal:${terminal}`, `paid twice ${purse} ${seq}`)
  return {
    keys: { ...keysOf({ ...second, order }), sales: [{ terminal, sale }] },
    decide: seen => {
      const held = seen.receipts.get(seq)
      const paid = seen.sales.get(saleName({ terminal, sale }))
      const isSecond = held?.kind === 'debit' && held.standing === 'held' && paid !== undefined
      const isVoided = seen.receipts.get(seq + 1)?.kind === 'void'
      if (!isSecond || isVoided || seen.purse === undefined || seen.purse.stage === 'retired') return unchanged(false)
      return bookedAndBack({ order, inputDigest: inputDigest(crypto, { purse, seq, terminal, sale }) }, held, {
        ...seen,
        purse: seen.purse,
      })
    },
  }
}

function bookedAndBack(
  named: Pick<ReturnRequest, 'order' | 'inputDigest'>,
  held: ReceiptRow,
  { purse: before, returned, now }: Seen & { readonly purse: PurseRow },
): Decision<boolean> {
  const debit: ReceiptRow = { ...held, standing: 'booked', at: now }
  const { purse, writes } = blockIfOverdrawn(afterBooking(before, debit), now)
  const booked: Write[] = [{ write: 'receipt', row: debit }, { write: 'purse', row: purse }, ...writes]
  if (debit.amount === 0n) return { answer: true, writes: booked }
  const back = ordered({ ...named, amount: debit.amount }, debit, returnedOf({ returned }, debit) ?? rowOf(debit), now)
  return { answer: true, writes: [...booked, ...back.writes] }
}
