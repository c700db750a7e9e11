/** The audit of one purse's file: entries against causes, rows against their own bytes, totals against their parts. */
import { equal, hex } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import { countOf, type Ranges, rangesOf, runsOf } from '@kozeni/base/ranges'
import type { AccountKind } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import { captured, givenBack, moved, opened, refundOrdered } from '@kozeni/ledger/posting'
import { readReceipt } from '@kozeni/protocol/debit'
import type { AuditedPurse, PurseFile } from './archive.ts'
import { compareClaims, compareEntries, type Expected, undated } from './audit-entry.ts'
import { compared, type Finding } from './audit-finding.ts'
import { auditHolds, chargedIn } from './audit-hold.ts'
import { auditLosses } from './audit-loss.ts'
import { auditMoves } from './audit-move.ts'
import { auditOperations } from './audit-operation.ts'
import { auditOrders, owedTo } from './audit-order.ts'
import { auditDecided } from './audit-proposal.ts'
import { auditReceipts, type Means } from './audit-receipt.ts'
import { auditWriteOffs, writeOffsIn } from './audit-write-off.ts'
import type { LoadRow, OperationRow, OrderRow } from './book.ts'
import { FIRST_EPOCH } from './book-epoch.ts'
import { incomparable, saidIn, seenOf } from './chain.ts'
import { closingEntries, postedOperation } from './evidence.ts'
import { gapOf, isUnexplained } from './gap.ts'
import { holdEntries } from './hold.ts'
import { lossEntries } from './loss.ts'
import { moveOfOrder } from './move.ts'

export interface PurseAudit {
  readonly findings: readonly Finding[]
  /** What the chip is known to hold, by operations and receipts alone. */
  readonly value: bigint
  readonly inDoubt: bigint
  /** Value by evidence, less open pays, less what the ledger says the purse holds. Zero in a sound book. */
  readonly unexplained: bigint
}

/** Recomputes one purse from what happened to it. @spec PROTOCOL §10 */
export function auditPurse(means: Means, file: PurseFile): PurseAudit {
  const totals = totalsOf(file)
  const open = file.operations.filter(row => row.closed === undefined && row.kind !== 'sweep')
  const value = totals.credits - totals.debits
  const collected = totals.bookedAmount - totals.voidedAmount
  const float = value + collected - sum(open.filter(row => row.kind === 'pay')) + file.purse.writtenOff
  const expected = expectedEntries(file)
  const owed = owedBy(file.entries)
  return {
    findings: [
      ...compareEntries(expected, file.entries),
      ...compareClaims(expected, file.claims),
      ...auditOperations(means.crypto, file),
      ...auditDecided(file),
      ...auditOrders(file),
      ...auditMoves(file),
      ...auditReceipts(means, file),
      ...auditLosses(means, file),
      ...auditHolds(file),
      ...auditWriteOffs(file),
      ...auditTotals(file, totals),
      ...auditTaken(file),
      ...auditGap(file),
      ...auditBalances(file, { 'in-transit': owedTo(file), 'in-doubt': sum(open), 'purse-float': float }, owed),
      ...auditFlag(file),
      ...auditCurrency(file),
    ],
    value,
    inDoubt: sum(open),
    unexplained: float - owed['purse-float'] + (file.purse.bookedAmount - file.purse.voidedAmount - collected),
  }
}

const sum = (rows: ReadonlyArray<{ readonly amount: bigint }>): bigint =>
  rows.reduce((all, row) => all + row.amount, 0n)

const ACCOUNTS = ['in-transit', 'in-doubt', 'purse-float'] as const

/** What is owed to a purse, by the kind of its account. */
type Owed = Record<(typeof ACCOUNTS)[number], bigint>

/** What the ledger owes on its accounts: credits less debits. */
function owedBy(entries: readonly Entry[]): Owed {
  const owed: Owed = { 'in-transit': 0n, 'in-doubt': 0n, 'purse-float': 0n }
  for (const { debit, credit, amount } of entries) {
    if (isOwed(credit.kind)) owed[credit.kind] += amount
    if (isOwed(debit.kind)) owed[debit.kind] -= amount
  }
  return owed
}

const isOwed = (kind: AccountKind): kind is keyof Owed => ACCOUNTS.some(one => one === kind)

/** Every entry that these causes make; the same rules that posted them. */
function expectedEntries(file: PurseFile): Expected[] {
  const orders = new Map<string, OrderRow>(file.orders.map(row => [row.order, row]))
  return [
    ...file.loads.flatMap(row => ofLoad(row, orders.get(row.load))),
    ...file.operations.flatMap(row => ofOperation(row, file.purse)),
    ...file.orders.flatMap(row =>
      row.kind === 'refund' && row.store !== undefined ? [refundOrdered({ ...row, store: row.store })] : [],
    ),
    ...writeOffsIn(file),
    ...file.losses.flatMap(lossEntries),
    ...file.holds.flatMap(holdEntries),
    ...file.orders
      .filter(row => row.kind === 'move')
      .map(row => moved({ ...row, account: file.purse.account, move: moveOfOrder(row.order) })),
  ]
}

/** A load is captured when its order is made; when it was given back stands in the entry alone. */
function ofLoad(load: LoadRow, order: OrderRow | undefined): Expected[] {
  if (load.stage === 'requested' || load.stage === 'declined') return []
  const first = { ...captured(load), at: order?.at }
  const back = load.amount - (order?.delivered ?? 0n)
  return load.stage === 'given-back' && back > 0n
    ? [first, undated(givenBack({ ...load, amount: money(back) }))]
    : [first]
}

/** Nothing for what could not have been posted: a pay to nobody, or of nothing. Its digest or its number says so. */
function ofOperation(row: OperationRow, { account }: AuditedPurse): Expected[] {
  if (row.kind !== 'sweep' && row.amount === 0n) return []
  if (row.kind === 'pay' && row.store === undefined) return []
  const before = opened(postedOperation(row, account, row.openedAt))
  if (row.closed === undefined) return before
  return [...before, ...closingEntries(row, account)]
}

const TOTALS = ['credits', 'debits', 'bookedAmount', 'bookedCount', 'voidedAmount'] as const

type Totals = Record<(typeof TOTALS)[number], bigint>

/** What the purse's totals are by what happened to it. */
function totalsOf({ operations, receipts, holds }: PurseFile): Totals {
  const totals = { credits: chargedIn(holds), debits: 0n, bookedAmount: 0n, bookedCount: 0n, voidedAmount: 0n }
  for (const { closed, kind, amount } of operations) {
    const [isApplied, isReversed] = [closed?.outcome === 'applied', closed?.outcome === 'reversed']
    const adds = kind === 'load' || kind === 'refund'
    if (isReversed || (isApplied && adds)) totals.credits += amount
    if (isReversed || (isApplied && !adds)) totals.debits += amount
  }
  for (const { standing, kind, amount } of receipts) {
    if (standing !== 'booked') continue
    if (kind === 'void') totals.voidedAmount += amount
    else {
      totals.bookedAmount += amount
      totals.bookedCount++
    }
  }
  totals.credits += totals.voidedAmount
  totals.debits += totals.bookedAmount
  return totals
}

function auditTotals({ purse }: PurseFile, totals: Totals): Finding[] {
  const [row, invariant] = [`purse ${purse.purse}`, 'INV-ACCOUNTED'] as const
  return TOTALS.flatMap(name => {
    const says = `its ${name} is not the sum of what happened to it`
    return compared({ row, says, invariant }, totals[name], BigInt(purse[name]))
  })
}

/**
 * What its chip has shown beyond what is booked is what missing records have moved. After a restore the chip knows better
 * (F-12), and people decide. The totals of two chips that say they are one prove nothing of either (K-1).
 *
 * @spec K-2
 */
function auditGap(file: PurseFile): Finding[] {
  const { purse, operations, receipts, found } = file
  if (purse.seenDebits <= purse.debits && purse.seenCredits <= purse.credits) return []
  const open = operations.find(row => row.closed === undefined)
  const gap = gapOf(purse, open, new Map(receipts.map(row => [row.seq, row])))
  if (!isUnexplained(gap) || found.length > 0 || purse.epoch > FIRST_EPOCH.epoch || isCloned(file)) return []
  const says = 'its chip has shown more than is booked, and no record of it is missing'
  const row = `purse ${purse.purse}`
  return compared({ row, says, invariant: 'INV-ACCOUNTED' }, 0n, gap.unseenDebits + gap.voidValue)
}

/**
 * Whether its statements do not come one after the other. Of two copies the receipts may be booked by turns and be in order,
 * as far as they are booked: then the one that was brought second under its number, and is somebody's loss, tells (K-3).
 * Either was an alarm when it came.
 *
 * @spec K-1
 */
function isCloned({ purse, receipts, losses }: PurseFile): boolean {
  const signed = [...receipts, ...losses].flatMap(({ whole }) => readReceipt(whole) ?? [])
  const bodies = new Set(signed.map(({ body }) => hex(body)))
  const seqs = new Set(signed.map(({ receipt }) => receipt.seq))
  const seen = seenOf(purse)
  return bodies.size > seqs.size || signed.some(({ receipt }) => incomparable(saidIn(receipt), seen))
}

/** Its row knows of each receipt that is here, once, and the book finds it. @spec K-1, INV-ONCE */
function auditTaken({ purse, receipts, lost }: PurseFile): Finding[] {
  const [row, invariant] = [`purse ${purse.purse}`, 'INV-ONCE'] as const
  const seqs = receipts.map(({ seq }) => seq)
  const here = rangesOf(seqs)
  return [
    ...compared({ row, says: 'it has two receipts of one seq', invariant }, countOf(here), seqs.length),
    ...(equal(here, purse.taken)
      ? []
      : compared({ row, says: 'what it says is here is not what is', invariant }, spelled(here), spelled(purse.taken))),
    ...compared({ row, says: 'receipts of it are not to be found', invariant }, 0, lost),
  ]
}

const spelled = (ranges: Ranges): string =>
  runsOf(ranges)
    .map(([first, last]) => `${first}–${last}`)
    .join(' ')

/** By the ledger it is owed what its orders, loads, operations and receipts say. @spec INV-ACCOUNTED */
function auditBalances({ purse }: PurseFile, expected: Owed, owed: Owed): Finding[] {
  const [row, invariant] = [`purse ${purse.purse}`, 'INV-ACCOUNTED'] as const
  return ACCOUNTS.flatMap(kind =>
    compared({ row, says: `its entries make another balance of ${kind}`, invariant }, expected[kind], owed[kind]),
  )
}

/** Fs is up exactly while one operation is open. @spec F-1, F-10 */
function auditFlag({ purse, operations }: PurseFile): Finding[] {
  const open = operations.filter(row => row.closed === undefined).length
  const says = 'its flag does not fit its open operations'
  const flag = `${purse.flag ? 1 : 0} open`
  return compared({ row: `purse ${purse.purse}`, says, invariant: 'INV-FLAG' }, flag, `${open} open`)
}

/** A purse has one currency, for ever. */
function auditCurrency({ purse, operations, loads, receipts }: PurseFile): Finding[] {
  const isOther = ({ currency }: Pick<AuditedPurse, 'currency'>): boolean => currency !== purse.currency
  const other = operations.find(isOther) ?? loads.find(isOther) ?? receipts.find(isOther)
  if (other === undefined) return []
  const says = 'its currency is not that of all that happened to it'
  return compared({ row: `purse ${purse.purse}`, says, invariant: 'INV-ACCOUNTED' }, other.currency, purse.currency)
}
