/**
 * What a chip's own totals say that no receipt has told yet (K-2), in both directions: TD above what is booked is debits not
 * yet seen, TC above it is void value. Pure; it lists, and moves nothing. The record behind a missing one names it: amount,
 * and the pseudonym of its terminal. So what a lost terminal had not uploaded is seen in the chips that paid there.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { StoreId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { type Receipt, readReceipt } from '@kozeni/protocol/debit'
import { comparePlaces } from '@kozeni/protocol/operation'
import type { OperationRow, PurseRow } from './book.ts'
import type { ReceiptRow } from './book-receipt.ts'

/** One record that the chip has made and nobody has brought. */
export interface Missing {
  readonly seq: number
  /** By the next record's witness, when that is here. */
  readonly witness: { readonly amount: Money; readonly terminal: Bytes } | undefined
  /** If it is a void, whose debit it voids: the store that is charged, and with how much. */
  readonly chargeable: { readonly store: StoreId; readonly amount: Money } | undefined
}

export interface Gap {
  /** Taken from the chip by debits that are not booked. */
  readonly unseenDebits: bigint
  /** Given back to the chip by voids that are not booked. */
  readonly voidValue: bigint
  readonly missing: readonly Missing[]
}

type Known = ReadonlyMap<number, ReceiptRow>

/** What its chip has shown, and what of it is booked. */
type Shown = Pick<PurseRow, 'credits' | 'debits' | `seen${'Seq' | 'Credits' | 'Debits'}`>

/**
 * The gap of one purse; what is in doubt or held explains itself and is no part of it.
 *
 * @param receipts  all of the purse at these seqs, from `from` on
 * @param from      the first seq that is looked at
 * @spec  K-2, INV-ACCOUNTED
 */
export function gapOf(purse: Shown, open: OperationRow | undefined, receipts: Known, from = 1): Gap {
  const held = [...receipts.values()].filter(row => row.standing === 'held')
  const inDoubt = open?.kind === 'pay' || open?.kind === 'sweep' ? purse.seenDebits - purse.debits : 0n
  const voidValue = above(purse.seenCredits, purse.credits + sum(held, 'void'))
  return {
    unseenDebits: inDoubt > 0n ? 0n : above(purse.seenDebits, purse.debits + sum(held, 'debit')),
    voidValue,
    missing: numbers(from, purse.seenSeq)
      .filter(seq => !receipts.has(seq))
      .map(seq => ({ seq, witness: witnessOf(receipts, seq), chargeable: chargeableAt(receipts, seq, voidValue) })),
  }
}

/** What a missing record is by all that its chip has shown. */
export type MissingKind = 'debit' | 'void'

/**
 * The kind of each missing record that the chip's totals prove; one that may be either is left out. First by the records on
 * both sides of it, then by the sums: the void value that is left over is none's, or everybody's, or the only one's.
 *
 * @param known    what is known of some of them already; void value that was charged is no part of the gap
 * @param isWhole  all of the purse's records were looked at, and nothing is in doubt: so that sums say something
 * @spec  K-2
 */
export function kindsOf(
  gap: Gap,
  receipts: Known,
  known: ReadonlyMap<number, MissingKind>,
  isWhole: boolean,
): ReadonlyMap<number, MissingKind> {
  const seqs = gap.missing.map(({ seq }) => seq)
  const kinds = new Map(seqs.flatMap(seq => kindAt(receipts, seq, known.get(seq))))
  if (!isWhole) return kinds
  const voids = seqs.filter(seq => kinds.get(seq) === 'void' && !known.has(seq))
  const left = voids.reduce((sum, seq) => sum - (receipts.get(seq - 1)?.amount ?? 0n), gap.voidValue)
  const unsure = seqs.filter(seq => !kinds.has(seq))
  if (left <= 0n) for (const seq of unsure) kinds.set(seq, 'debit')
  else if (areVoids(gap, receipts, unsure, left)) for (const seq of unsure) kinds.set(seq, 'void')
  return kinds
}

/** All of them, and each of a debit that is here: then they are worth just what is left over. */
function areVoids({ unseenDebits }: Gap, receipts: Known, seqs: readonly number[], left: bigint): boolean {
  const worth = seqs.reduce((sum, seq) => sum + (madeAt(receipts, seq - 1)?.amount ?? 0n), 0n)
  return worth === left && (unseenDebits === 0n || seqs.length === 1)
}

function kindAt(receipts: Known, seq: number, known: MissingKind | undefined): [number, MissingKind][] {
  const kind = known ?? kindBetween(madeAt(receipts, seq - 1), madeAt(receipts, seq + 1))
  return kind === undefined ? [] : [[seq, kind]]
}

/** A void stands right behind its debit, and gives back what no operation did. */
function kindBetween(before: Receipt | undefined, after: Receipt | undefined): MissingKind | undefined {
  if (before?.kind === 'void' || after?.kind === 'void') return 'debit'
  if (before === undefined || after === undefined) return undefined
  const isSame = comparePlaces(before, after) === 0 && before.outcome === after.outcome
  return isSame ? (after.credits > before.credits ? 'void' : 'debit') : undefined
}

function madeAt(receipts: Known, seq: number): Receipt | undefined {
  const row = receipts.get(seq)
  return row?.standing === 'booked' ? readReceipt(row.whole)?.receipt : undefined
}

/** Whether the totals differ by something of which no record is missing: that is nobody's, and a fault. */
export const isUnexplained = ({ unseenDebits, voidValue, missing }: Gap): boolean =>
  unseenDebits + voidValue > 0n && missing.length === 0

/** Whether the record was made at the terminal of this pseudonym. */
export const isOf = ({ witness }: Missing, pseudonym: Bytes): boolean =>
  witness !== undefined && equal(witness.terminal, pseudonym)

const above = (shown: bigint, known: bigint): bigint => (shown > known ? shown - known : 0n)

const sum = (rows: readonly ReceiptRow[], kind: ReceiptRow['kind']): bigint =>
  rows.filter(row => row.kind === kind).reduce((all, { amount }) => all + amount, 0n)

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

function witnessOf(receipts: Known, seq: number): Missing['witness'] {
  const next = receipts.get(seq + 1)
  const made = next && readReceipt(next.whole)?.receipt
  return made?.prevSeq === seq ? { amount: made.prevAmount, terminal: made.prevTerminal } : undefined
}

/** A void stands behind its debit, and for no more than the void value that is known. */
function chargeableAt(receipts: Known, seq: number, voidValue: bigint): Missing['chargeable'] {
  const before = receipts.get(seq - 1)
  return before?.kind === 'debit' && before.amount > 0n && before.amount <= voidValue
    ? { store: before.store, amount: before.amount }
    : undefined
}
