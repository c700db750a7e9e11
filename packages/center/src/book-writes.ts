/** What a Write says about itself, for every implementation of the book: its row's name, and whether it was seen. */
import { assert } from '@kozeni/base/assert'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId, StoreId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import type { Entry, EntryName } from '@kozeni/ledger/entry'
import { debitsCollected, voidsCollected } from '@kozeni/ledger/posting'
import type { Keys, NumberRow, OperationRow, Seen, Write } from './book.ts'
import type { HotlistRow } from './book-hotlist.ts'
import { isPaidLoss, type LossRow } from './book-loss.ts'
import type { ReceiptRow, SaleName } from './book-receipt.ts'
import type { SettlementRow, Unsettled } from './book-settlement.ts'

/** One text for one row of one table: the key that it stands under. */
export function rowName({ write, row }: Write): string {
  switch (write) {
    case 'account':
      return row.account
    case 'device':
      return row.device
    case 'chip':
      return row.chip
    case 'store':
      return row.store
    case 'terminal':
      return row.terminal
    case 'purse':
      return row.purse
    case 'operation':
      return operationName(row)
    case 'load':
      return row.load
    case 'order':
      return row.order
    case 'move':
      return row.move
    case 'number':
      return numberName(row)
    case 'return':
    case 'receipt':
    case 'hold':
      return receiptName(row)
    case 'loss':
      return lossName(row)
    case 'entry':
      return entryName(row)
    case 'settlement':
      return settlementName(row)
    case 'epoch':
      return String(row.epoch)
    case 'honoured':
      return numberName(row)
    case 'hotlist':
      return String(row.follows)
    case 'found':
      return operationName(row)
    case 'proposal':
      return row.proposal
    case 'alarm':
      return `${row.subject} ${row.what} ${row.at} ${factsText(row.facts)}`
    case 'outbox':
      return row.name
  }
}

type Named<Row, Field extends keyof Row> = Pick<Row, Field>

/** Purse and place. */
export const operationName = ({ purse, epoch, number }: Named<OperationRow, 'purse' | 'epoch' | 'number'>): string =>
  `${purse} ${epoch} ${number}`
/** Store and number. */
export const numberName = ({ store, transaction }: Named<NumberRow, 'store' | 'transaction'>): string =>
  `${store} ${transaction}`
/** Store and number of a pay; undefined for what is none. */
export const paidName = ({ store, transaction }: Named<OperationRow, 'store' | 'transaction'>): string | undefined =>
  store && transaction && numberName({ store, transaction })
/** Purse and seq. */
export const receiptName = ({ purse, seq }: Named<ReceiptRow, 'purse' | 'seq'>): string => `${purse} ${seq}`
/** Purse, seq and digest. */
export const lossName = ({ purse, seq, digest }: Named<LossRow, 'purse' | 'seq' | 'digest'>): string =>
  `${purse} ${seq} ${digest}`
/** Terminal and sale. */
export const saleName = ({ terminal, sale }: SaleName): string => `${terminal} ${sale}`
/** What it is about, its cause, and the cause's two numbers. */
export const entryName = (entry: EntryName): string => `${entry.subject} ${entry.cause} ${entry.first} ${entry.second}`
/** Store and window. */
export const settlementName = ({ store, window }: Named<SettlementRow, 'store' | 'window'>): string =>
  `${store} ${window}`

/** Facts in one spelling, whatever the order they were written in. */
export const factsText = (facts: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(facts).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** Whether the decision saw the row that it writes: then it is replaced, else it is added. */
export function wasSeen(seen: Seen, { write, row }: Write): boolean {
  switch (write) {
    case 'account':
      return seen.account?.account === row.account
    case 'device':
      return seen.device?.device === row.device
    case 'chip':
      return seen.chip?.chip === row.chip
    case 'store':
      return seen.store?.store === row.store
    case 'terminal':
      return seen.terminal?.terminal === row.terminal
    case 'purse':
      return seen.purse?.purse === row.purse
    case 'operation':
      return [seen.open, seen.operation, seen.numbered].some(one => one && operationName(one) === operationName(row))
    case 'load':
      return [seen.load, seen.openLoad, seen.waitingLoad].some(one => one?.load === row.load)
    case 'order':
      return [seen.order, seen.openOrder, seen.waiting].some(one => one?.order === row.order)
    case 'move':
      return seen.move?.move === row.move
    case 'proposal':
      return seen.proposal?.proposal === row.proposal
    case 'number':
      return seen.number !== undefined && numberName(seen.number) === numberName(row)
    case 'receipt':
      return seen.receipts.get(row.seq)?.purse === row.purse
    case 'hold':
      return seen.fraud?.holds.some(one => receiptName(one) === receiptName(row)) ?? false
    case 'epoch':
      return seen.present.epoch === row.epoch
    case 'honoured':
      return [seen.honoured, seen.openHonoured].some(one => one && numberName(one) === numberName(row))
    case 'return':
      return seen.returned?.purse === row.purse && seen.returned.seq === row.seq
    case 'hotlist':
      return seen.hotlistAfter?.follows === row.follows
    case 'found':
      return seen.found.some(one => operationName(one) === operationName(row))
    case 'loss':
    case 'entry':
    case 'settlement':
    case 'alarm':
    case 'outbox':
      return false
  }
}

/**
 * A bug unless a command names the purse, or the store, of all that it writes: that is what keeps everything about one
 * purse one at a time. Bugs too: two entries of one
 * name in one command, a settlement of anything but all that is unsettled.
 */
export function checkNamed(keys: Keys, seen: Seen, writes: readonly Write[]): void {
  const entries = new Set<string>()
  const putsPurse = writes.some(({ write }) => write === 'purse')
  for (const { write, row } of writes) {
    if (write === 'receipt') checkReceipt(keys, seen, row, putsPurse)
    if (write === 'loss') assert(!isPaidLoss(row) || namesSale(keys, row), 'who pays for a loss names its sale')
    if (OF_A_PURSE.has(write) && 'purse' in row)
      assert(keys.purse === row.purse, `who writes the ${write} of a purse names the purse ${row.purse}`)
    if (write === 'entry') {
      assert(isSubject(keys, row.subject), `who writes an entry names its subject ${row.subject}`)
      assert(!entries.has(entryName(row)), `${entryName(row)} is posted twice by one command`)
      entries.add(entryName(row))
    }
    if (write === 'settlement') {
      assert(isWindow(keys, row), `who settles ${row.store} names what is unsettled`)
      assert(seen.unsettled && sameSums(row, seen.unsettled), `a window of ${row.store} is all that is unsettled`)
    }
  }
}

const namesSale = ({ sales = [] }: Keys, row: SaleName): boolean =>
  sales.some(({ terminal, sale }) => terminal === row.terminal && sale === row.sale)

/** A booked receipt stands for ever, and where it stands its purse knows. */
function checkReceipt(keys: Keys, { receipts }: Seen, row: ReceiptRow, putsPurse: boolean): void {
  const { seq, standing } = row
  assert(receipts.get(seq)?.standing !== 'booked', `the booked receipt ${seq} is never changed`)
  assert(standing === 'held' || putsPurse, `who books the receipt ${seq} writes its purse`)
  assert(namesSale(keys, row) || !takesSale(row), `who books the receipt ${seq} names its sale`)
}

const OF_A_PURSE: ReadonlySet<Write['write']> = new Set([
  'purse',
  'operation',
  'load',
  'order',
  'number',
  'receipt',
  'loss',
  'hold',
  'found',
])

const isSubject = ({ purse, store, proposal, unsettled }: Keys, subject: Entry['subject']): boolean =>
  [purse, store, proposal, unsettled?.store].includes(subject)

const isWindow = ({ unsettled }: Keys, { store, until }: SettlementRow): boolean =>
  unsettled?.store === store && unsettled.until === until

/** The writes that count: of several of one row, the last. */
export function lastOfEach(writes: readonly Write[]): readonly Write[] {
  const last = new Map(writes.map(write => [`${write.write} ${rowName(write)}`, write]))
  return [...last.values()]
}

/** Where on its store's statement an entry stands. */
export type ClaimPart = 'online' | 'offline' | 'refunds'

/** The store's side of an entry. */
export interface Claim {
  readonly store: StoreId
  readonly part: ClaimPart
  /** What it adds to what the store is owed; below zero what it takes. */
  readonly amount: bigint
  /** How many sales it is of; none where it takes. */
  readonly count: number
}

/** A claim as it is kept; window 0 until a settlement takes it. */
export interface ClaimRow extends EntryName, Claim {
  readonly window: number
  readonly at: number
  readonly currency: Currency
}

/** What a store is owed again was counted when it was collected. */
const AGAIN: ReadonlySet<Entry['cause']> = new Set(['claim-freed', 'claim-restored'])

/** What an entry adds to what a store is owed, or takes from it; undefined for none, and for a settlement's own. */
export function claimOf({ cause, second, debit, credit, amount }: Omit<Entry, 'at'>): Claim | undefined {
  if (cause === 'fee' || cause === 'paid-out') return undefined
  const part = cause === 'committed' ? 'online' : cause === 'refund-ordered' ? 'refunds' : 'offline'
  const count = cause === 'collected' ? Number(second) : AGAIN.has(cause) ? 0 : 1
  if (credit.kind === 'store-payable') return { store: credit.owner, part, amount, count }
  if (debit.kind === 'store-payable') return { store: debit.owner, part, amount: 0n - amount, count: 0 }
  return undefined
}

/** Whether the version puts the purse on the list, or takes it off. @spec K-3 */
export const concerns = ({ purses: { listed, unlisted } }: HotlistRow, purse: PurseId): boolean =>
  listed.includes(purse) || unlisted.includes(purse)

/** A booked debit is what pays a sale. @spec K-1 */
export const takesSale = ({ kind, standing }: ReceiptRow): boolean => kind === 'debit' && standing === 'booked'

/** The booked ones of these writes' receipts as batches: those of one instant in one currency are posted together. */
export function batchesOf(writes: readonly Write[]): ReceiptRow[][] {
  const receipts = writes.filter(each => each.write === 'receipt').map(({ row }) => row)
  const booked = receipts.filter(row => row.standing === 'booked')
  return [...Map.groupBy(booked, ({ currency, at }) => `${currency} ${at}`).values()]
}

/** What a batch has of one store and kind, together. */
export interface BatchSum extends Pick<ReceiptRow, 'store' | 'kind' | 'currency' | 'at'> {
  readonly count: number
  /** Minor units. */
  readonly amount: bigint
}

/**
 * What a batch of receipts moves: one entry for each store's debits, one for its voids; those of the amount 0 are in none.
 *
 * @param batch  what the book calls it
 * @param parts  receipts, or sums of some of them
 * @spec K-1, D-6
 */
export function postingsOf(batch: bigint, parts: ReadonlyArray<ReceiptRow | BatchSum>): Entry[] {
  const moving = parts.filter(({ amount }) => amount > 0n)
  const sums = Map.groupBy(moving, ({ store, kind }) => `${store} ${kind}`)
  return [...sums.values()].flatMap(rows =>
    rows.slice(0, 1).map(({ store, kind, currency, at }) => {
      const amount = total(rows.reduce((sum, row) => sum + row.amount, 0n))
      const count = rows.reduce((sum, row) => sum + ('count' in row ? row.count : 1), 0)
      const posted = { store, batch, count, amount, currency, at }
      return kind === 'debit' ? debitsCollected(posted) : voidsCollected(posted)
    }),
  )
}

/** The five sums of a window. Voids lower `offline`, not its count; what fraud loss pays for is an off-line sale. */
export type Sums = Pick<Unsettled, 'onlineCount' | 'online' | 'offlineCount' | 'offline' | 'refunds'>

export const NO_SUMS: Sums = { onlineCount: 0, online: 0n, offlineCount: 0, offline: 0n, refunds: 0n }

/** The sums with one claim more. */
export function withClaim(sums: Sums, { part, amount, count }: Claim): Sums {
  switch (part) {
    case 'online':
      return { ...sums, onlineCount: sums.onlineCount + count, online: sums.online + amount }
    case 'offline':
      return { ...sums, offlineCount: sums.offlineCount + count, offline: sums.offline + amount }
    case 'refunds':
      return { ...sums, refunds: sums.refunds - amount }
  }
}

/** Whether two windows add up to the same. */
export const sameSums = (a: Sums, b: Sums): boolean =>
  a.onlineCount === b.onlineCount &&
  a.online === b.online &&
  a.offlineCount === b.offlineCount &&
  a.offline === b.offline &&
  a.refunds === b.refunds
