/** A purse's life as lines that an operator reads: what happened when, with the facts by name. Pure, from rows alone. */
import { show } from '@kozeni/base/currency'
import type { LoadId, StoreId, TerminalId } from '@kozeni/base/ids'
import type { Account } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import type { Instant, LoadRow, OperationRow, OrderRow } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import type { ReceiptRow } from './book-receipt.ts'

export interface StoryLine {
  readonly at: Instant
  readonly what: 'operation-opened' | 'operation-closed' | 'receipt' | 'load' | 'order' | 'entry' | 'alarm'
  /** Amounts in minor units, ids, numbers. */
  readonly facts: Readonly<Record<string, string>>
  readonly store?: StoreId
  readonly terminal?: TerminalId
  readonly load?: LoadId
}

/** All rows of one purse, or some of them. */
export interface StoryRows {
  readonly operations: readonly OperationRow[]
  readonly receipts: readonly ReceiptRow[]
  readonly loads: readonly LoadRow[]
  readonly orders: readonly OrderRow[]
  readonly entries: readonly Entry[]
  readonly alarms: readonly AlarmRow[]
}

/** What happened, oldest first; what happened at one instant in the order of causes: a load before its entry. */
export function storyOf(rows: StoryRows): StoryLine[] {
  const lines = [
    ...rows.loads.map(loadLine),
    ...rows.orders.map(orderLine),
    ...rows.operations.map(openedLine),
    ...rows.operations.flatMap(closedLine),
    ...rows.receipts.map(receiptLine),
    ...rows.entries.map(entryLine),
    ...rows.alarms.map(alarmLine),
  ]
  return lines.sort((a, b) => a.at - b.at || RANK[a.what] - RANK[b.what] || compare(spelled(a), spelled(b)))
}

const RANK: Readonly<Record<StoryLine['what'], number>> = {
  load: 0,
  order: 1,
  'operation-closed': 2,
  'operation-opened': 3,
  receipt: 4,
  entry: 5,
  alarm: 6,
}

const spelled = ({ facts }: StoryLine): string => Object.values(facts).join(' ')

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function openedLine(row: OperationRow): StoryLine {
  const { epoch, number, kind, amount, currency, store } = row
  const facts = { place: `${epoch}/${number}`, kind, amount: String(amount), currency }
  return { at: row.openedAt, what: 'operation-opened', facts, ...(store && { store }) }
}

function closedLine({ epoch, number, kind, amount, decision, closed, store }: OperationRow): StoryLine[] {
  if (closed === undefined) return []
  const { at, source, outcome } = closed
  const facts = { place: `${epoch}/${number}`, kind, amount: String(amount), decision, outcome, evidence: source }
  return [{ at, what: 'operation-closed', facts, ...(store && { store }) }]
}

const receiptLine = ({ seq, kind, amount, currency, sale, standing, store, terminal, at }: ReceiptRow): StoryLine => ({
  at,
  what: 'receipt',
  facts: { seq: String(seq), kind, amount: String(amount), currency, sale: String(sale), standing },
  store,
  terminal,
})

const loadLine = ({ load, amount, currency, method, stage, at }: LoadRow): StoryLine => ({
  at,
  what: 'load',
  facts: { amount: String(amount), currency, method, stage },
  load,
})

const orderLine = ({ order, kind, amount, currency, stage, store, at }: OrderRow): StoryLine => ({
  at,
  what: 'order',
  facts: { order, kind, amount: String(amount), currency, stage },
  ...(store && { store }),
})

const entryLine = ({ cause, amount, currency, debit, credit, at }: Entry): StoryLine => ({
  at,
  what: 'entry',
  facts: { cause, debit: accountText(debit), credit: accountText(credit), amount: show(amount, currency) },
})

const accountText = (account: Account): string =>
  'owner' in account ? `${account.kind} ${account.owner}` : account.kind

/** Evidence may be long; the alarm itself has the whole. */
const FACT_LENGTH = 500

const alarmLine = ({ what, facts, at }: AlarmRow): StoryLine => ({
  at,
  what: 'alarm',
  facts: {
    alarm: what,
    ...Object.fromEntries(Object.entries(facts).map(([name, fact]) => [name, fact.slice(0, FACT_LENGTH)])),
  },
})
