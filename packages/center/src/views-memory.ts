/** The lists, over a book in Maps. All but those that a center asks for all the time look at every row. */
import { currencyNumber } from '@kozeni/base/currency'
import { idNumber, type PurseId, type StoreId } from '@kozeni/base/ids'
import { ACCOUNT_KIND, type Account } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import type { Instant, OperationRow, OrderRow, PurseRow } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import { ALARM_WHAT } from './book-codes.ts'
import type { HonouredRow } from './book-epoch.ts'
import type { HotlistRow } from './book-hotlist.ts'
import type { MemoryBook, MemoryTables } from './book-memory.ts'
import type { MoveRow } from './book-move.ts'
import type { ProposalRow } from './book-proposal.ts'
import type { SettlementRow } from './book-settlement.ts'
import { numberName } from './book-writes.ts'
import type { KeyUse } from './purse-keys.ts'
import { type StoryLine, storyOf } from './story.ts'
import {
  type Balance,
  FOUND_SALES,
  MET_RECEIPTS,
  type OperationsWanted,
  type Page,
  type PageQuery,
  pageOfTimes,
  timeCursor,
  type Views,
} from './views.ts'

export class MemoryViews implements Views {
  readonly #book: MemoryBook
  readonly #tables: MemoryTables

  /** @param book  is looked at as it stands when a list is asked for */
  constructor(book: MemoryBook) {
    this.#book = book
    this.#tables = book.tables
  }

  async listed(): ReturnType<Views['listed']> {
    const purses = [...this.#tables.purse.values()].filter(row => row.blocked)
    const terminals = [...this.#tables.terminal.values()].filter(row => row.stolen)
    return { purses: purses.map(row => row.purse).sort(), terminals: terminals.map(row => row.terminal).sort() }
  }

  async hotlists(after: number): Promise<readonly HotlistRow[]> {
    return [...this.#tables.hotlist.values()].filter(row => row.version > after).sort((a, b) => a.version - b.version)
  }

  async metLately(store: StoreId, limit: number): Promise<readonly PurseId[]> {
    const last = new Map(this.#book.index.met(store, MET_RECEIPTS).map(({ purse, at }) => [purse, at]))
    return [...last]
      .flatMap(([purse, at]) => this.#meeting(purse, at))
      .sort((a, b) => Number(b.owed) - Number(a.owed) || b.at - a.at || byText(a.purse, b.purse))
      .slice(0, limit)
      .map(({ purse }) => purse)
  }

  #meeting(purse: PurseId, at: Instant): { purse: PurseId; at: Instant; owed: boolean }[] {
    const row = this.#tables.purse.get(purse)
    if (row?.stage !== 'active') return []
    const waits = this.#book.index.waiting(purse).size > 0
    return [{ purse, at, owed: row.flag || row.settingsSeen < row.settings || waits }]
  }

  async behind({ limit, after }: PageQuery): Promise<Page<PurseRow>> {
    const rows = [...this.#tables.purse.values()]
      .filter(row => row.seenDebits > row.debits || row.seenCredits > row.credits)
      .filter(row => after === undefined || row.purse > after)
      .sort((a, b) => byText(a.purse, b.purse))
    return { rows: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1]?.purse : undefined }
  }

  async waiting(purse: PurseId): Promise<readonly OrderRow[]> {
    const orders = this.#of(purse, this.#tables.order).filter(row => row.stage === 'waiting')
    return orders.sort((a, b) => a.at - b.at || byText(a.order, b.order))
  }

  async moves(from: PurseId): Promise<readonly MoveRow[]> {
    const rows = [...this.#tables.move.values()].filter(row => row.from === from)
    return rows.sort((a, b) => a.epoch - b.epoch || a.number - b.number)
  }

  async keyUses(): Promise<readonly KeyUse[]> {
    const uses = [...this.#tables.purse.values()]
      .filter(({ stage }) => stage !== 'retired' && stage !== 'reserved')
      .map(row => ({
        version: row.keyVersion,
        floor: row.keyFloor,
        settled: row.settingsSeen >= row.settings,
        since: row.keysSince,
      }))
    const alike = Map.groupBy(uses, use => `${use.version} ${use.floor} ${use.settled}`)
    return [...alike.values()]
      .flatMap(same => same.slice(0, 1).map(use => ({ ...use, purses: same.length, since: latest(same) })))
      .sort((a, b) => a.version - b.version || a.floor - b.floor || Number(a.settled) - Number(b.settled))
  }

  async story(purse: PurseId, page: PageQuery): Promise<Page<StoryLine>> {
    const { operation, receipt, load, order, entry, alarm } = this.#tables
    const lines = storyOf({
      operations: this.#of(purse, operation),
      receipts: this.#of(purse, receipt),
      loads: this.#of(purse, load),
      orders: this.#of(purse, order),
      entries: [...entry.values()].filter(row => row.subject === purse),
      alarms: [...alarm.values()].filter(row => row.subject === purse),
    })
    return paged(lines, line => line.at, page, 'oldest first')
  }

  async operations({ open, purse }: OperationsWanted, page: PageQuery): Promise<Page<OperationRow>> {
    const rows = (open === true ? this.#open() : [...this.#tables.operation.values()])
      .filter(row => open === undefined || open === (row.closed === undefined))
      .filter(row => purse === undefined || purse === row.purse)
      .sort((a, b) => a.openedAt - b.openedAt || byText(a.purse, b.purse) || a.epoch - b.epoch || a.number - b.number)
    return paged(rows, row => row.openedAt, page, 'oldest first')
  }

  #open(): OperationRow[] {
    return [...this.#book.index.allOpen()].flatMap(name => this.#tables.operation.get(name) ?? [])
  }

  async alarms(page: PageQuery): Promise<Page<AlarmRow>> {
    const rows = [...this.#tables.alarm.values()].sort(
      (a, b) => b.at - a.at || byText(b.subject, a.subject) || ALARM_WHAT[b.what] - ALARM_WHAT[a.what],
    )
    return paged(rows, row => row.at, page, 'newest first')
  }

  async proposals(open: boolean | undefined, page: PageQuery): Promise<Page<ProposalRow>> {
    const rows = [...this.#tables.proposal.values()]
      .filter(row => open === undefined || open === (row.stage === 'proposed'))
      .sort((a, b) => a.at - b.at || byText(a.proposal, b.proposal))
    return paged(rows, row => row.at, page, 'oldest first')
  }

  async withFound({ limit, after = '' }: PageQuery): Promise<Page<PurseRow>> {
    const found = new Set(
      [...this.#tables.found.values()].filter(row => row.standing !== 'settled').map(row => row.purse),
    )
    const rows = [...this.#tables.purse.values()]
      .filter(({ purse }) => found.has(purse) && purse > after)
      .sort((a, b) => byText(a.purse, b.purse))
    return { rows: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1]?.purse : undefined }
  }

  async lostSales(): Promise<readonly HonouredRow[]> {
    const rows = [...this.#tables.honoured.values()].filter(
      row => row.verdict === 'paid' && !this.#tables.number.has(numberName(row)),
    )
    return rows.sort((a, b) => b.at - a.at || byText(numberName(a), numberName(b))).slice(0, FOUND_SALES)
  }

  async lastSeal(): Promise<undefined> {
    return undefined
  }

  async statements(store: StoreId, { limit, after }: PageQuery): Promise<Page<SettlementRow>> {
    const rows = [...this.#tables.settlement.values()]
      .filter(row => row.store === store && (after === undefined || row.window < Number(after)))
      .sort((a, b) => b.window - a.window)
    return { rows: rows.slice(0, limit), next: rows.length > limit ? String(rows[limit - 1]?.window) : undefined }
  }

  async statement(store: StoreId, window: number): Promise<SettlementRow | undefined> {
    return [...this.#tables.settlement.values()].find(row => row.store === store && row.window === window)
  }

  async balances(until = Number.POSITIVE_INFINITY): Promise<readonly Balance[]> {
    return balancesIn([...this.#tables.entry.values()].filter(entry => entry.at < until))
  }

  async balancesOf(owner: PurseId | StoreId): Promise<readonly Balance[]> {
    const own = balancesIn([...this.#tables.entry.values()], account => 'owner' in account && account.owner === owner)
    return [...own, ...[...this.#tables.purse.values()].filter(row => row.purse === owner).flatMap(collectedOf)]
  }

  async close(): Promise<void> {}

  #of<Row extends { readonly purse: PurseId }>(purse: PurseId, rows: ReadonlyMap<string, Row>): Row[] {
    return [...rows.values()].filter(row => row.purse === purse)
  }
}

const latest = (uses: ReadonlyArray<{ readonly since: Instant }>): Instant => Math.max(...uses.map(use => use.since))

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function paged<Row>(
  rows: readonly Row[],
  at: (row: Row) => Instant,
  page: PageQuery,
  order: 'oldest first' | 'newest first',
): Page<Row> {
  const start = page.after === undefined ? undefined : timeCursor(page.after).at
  const isAhead = (row: Row): boolean =>
    start === undefined || (order === 'oldest first' ? at(row) >= start : at(row) <= start)
  return pageOfTimes(rows.filter(isAhead), at, page)
}

/** A purse's share in what was collected of all. */
const collectedOf = ({ currency, bookedAmount, voidedAmount, bookedCount }: PurseRow): Balance[] =>
  bookedCount === 0 ? [] : [{ kind: 'collected', currency, balance: bookedAmount - voidedAmount, accounts: 1 }]

interface Side {
  readonly account: Account
  readonly currency: Entry['currency']
  readonly change: bigint
}

const sidesOf = ({ debit, credit, amount, currency }: Entry): Side[] => [
  { account: debit, currency, change: amount },
  { account: credit, currency, change: 0n - amount },
]

function balancesIn(entries: readonly Entry[], counts: (account: Account) => boolean = () => true): Balance[] {
  const sides = entries.flatMap(sidesOf).filter(({ account }) => counts(account))
  return [...Map.groupBy(sides, ({ account, currency }) => `${account.kind} ${currency}`).values()]
    .flatMap(balanceOf)
    .sort(
      (a, b) => ACCOUNT_KIND[a.kind] - ACCOUNT_KIND[b.kind] || currencyNumber(a.currency) - currencyNumber(b.currency),
    )
}

function balanceOf(sides: readonly Side[]): Balance[] {
  const owners = new Set(sides.map(({ account }) => ('owner' in account ? idNumber(account.owner) : 0n)))
  const balance = sides.reduce((sum, { change }) => sum + change, 0n)
  return sides
    .slice(0, 1)
    .map(({ account, currency }) => ({ kind: account.kind, currency, balance, accounts: owners.size }))
}
