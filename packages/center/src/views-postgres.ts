/** The lists in PostgreSQL, in plain SQL. Never on the connections that take payments. */
import { id, idNumber, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { ACCOUNT_KIND, type AccountKind } from '@kozeni/ledger/account'
import { CAUSE } from '@kozeni/ledger/entry'
import type { Pool } from 'pg'
import type { Instant, OperationRow, OrderRow, PurseRow } from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import { FOUND_STANDING, HONOURED_VERDICT, ORDER_STAGE, PROPOSAL_STAGE, PURSE_STAGE } from './book-codes.ts'
import type { HonouredRow } from './book-epoch.ts'
import type { HotlistRow } from './book-hotlist.ts'
import type { MoveRow } from './book-move.ts'
import { bookedOf } from './book-postgres-booked.ts'
import { PURSE_IN_RECORD, RECORD_BYTES } from './book-postgres-trail.ts'
import type { ProposalRow } from './book-proposal.ts'
import type { SettlementRow } from './book-settlement.ts'
import { ALARM, ENTRY, HONOURED, LOAD, MOVE, OPERATION, ORDER, SETTLEMENT } from './book-tables.ts'
import { HOTLIST } from './book-tables-hotlist.ts'
import { PROPOSAL } from './book-tables-proposal.ts'
import { WHOLE_PURSE } from './book-tables-purse.ts'
import { RECEIPT } from './book-tables-receipt.ts'
import { openPool, statement, withSession } from './postgres-session.ts'
import {
  bigints,
  booleans,
  byteStrings,
  currencies,
  type Field,
  fields,
  ids,
  numbers,
  type Table,
  words,
} from './postgres-table.ts'
import type { Parameter } from './postgres-trip.ts'
import type { KeyUse } from './purse-keys.ts'
import type { SealRow } from './seal.ts'
import { lastSeal } from './seals-postgres.ts'
import { type StoryLine, storyOf } from './story.ts'
import {
  type Balance,
  enoughFor,
  FOUND_SALES,
  MET_RECEIPTS,
  type OperationsWanted,
  type Page,
  type PageQuery,
  pageOfTimes,
  timeCursor,
  type Views,
} from './views.ts'

const LISTED_PURSES = 'select purse_id from purse where blocked order by purse_id'
const LISTED_TERMINALS = 'select terminal_id from terminal where stolen order by terminal_id'

const HOTLISTS = `select ${HOTLIST.list} from hotlist where version > $1 order by version`

/** No index: an operator asks for it now and then, and one on what every sale changes would cost each of them. */
const BEHIND = `
  select ${WHOLE_PURSE.list} from ${WHOLE_PURSE.name}
  where (seen_debits > debits or seen_credits > credits) and purse_id > $1
  order by purse_id limit $2`

/** A store's parts newest first, each opened as far as the limit wants. */
const MET_LATELY = `
  with met as (
    select purse_id, max(at_ms) as at_ms
    from (
      select ${PURSE_IN_RECORD('substring(records from (i * ' + String(RECORD_BYTES) + ' + 1)::int for 16)')} as purse_id, at_ms
      from (select records, at_ms from receipt_batch where store_id = $1 order by batch_id desc, part desc) as newest,
        generate_series(0, (octet_length(records) - 1) / ${RECORD_BYTES}) as i
      limit ${MET_RECEIPTS}
    ) as lately
    group by purse_id
  )
  select purse_id
  from met join purse using (purse_id) join issuance using (purse_id)
  where stage = ${PURSE_STAGE.active}
  order by
    flag or settings_seen < settings
      or exists (select from "order" o where o.purse_id = met.purse_id and o.stage = ${ORDER_STAGE.waiting}) desc,
    met.at_ms desc, purse_id
  limit $2`

const WAITING = `
  select ${ORDER.list} from "order"
  where purse_id = $1 and stage = ${ORDER_STAGE.waiting}
  order by at_ms, order_id`

const MOVES = `
  select ${MOVE.list} from move
  where from_purse_id = $1
  order by epoch, number`

const KEY_USES = `
  select key_version, key_floor, settings_seen >= settings as settled, count(*), max(keys_since_ms)
  from ${WHOLE_PURSE.name} where stage not in (${PURSE_STAGE.reserved}, ${PURSE_STAGE.retired})
  group by 1, 2, 3 order by 1, 2, 3`

const KEY_USE: Field<KeyUse> = fields<KeyUse>({
  version: numbers('key_version'),
  floor: numbers('key_floor'),
  settled: booleans('settled'),
  purses: numbers('purses'),
  since: numbers('since'),
})

const OPERATIONS = `
  select ${OPERATION.list} from operation
  where ($1::bigint is null or purse_id = $1)
    and ($2::boolean is null or $2 = (closed_at_ms is null))
    and opened_at_ms >= $3
  order by opened_at_ms, purse_id, epoch, number limit $4`

const OPEN_OPERATIONS = `
  select ${OPERATION.list} from operation
  where closed_at_ms is null and opened_at_ms >= $1
  order by opened_at_ms, purse_id limit $2`

const ALARMS = `
  select ${ALARM.list} from alarm
  where at_ms <= $1
  order by at_ms desc, subject_id desc, what desc limit $2`

/** Operations of one purse never overlap, so the order of their places is that of both their ends. */
const STORY_OPERATIONS = `
  select ${OPERATION.list} from operation
  where purse_id = $1 and coalesce(closed_at_ms, opened_at_ms) >= $2
  order by epoch, number limit $3`

const storyFrom = <Row>({ list, name }: Table<Row>, owner: string): string => `
  select ${list} from ${name}
  where ${owner} = $1 and at_ms >= $2
  order by at_ms limit $3`

const STORY = [
  STORY_OPERATIONS,
  storyFrom(RECEIPT, 'purse_id'),
  storyFrom(LOAD, 'purse_id'),
  storyFrom(ORDER, 'purse_id'),
  storyFrom(ENTRY, 'subject_id'),
  storyFrom(ALARM, 'subject_id'),
]

const TRAIL = 'select trail from purse where purse_id = $1'
const TRAILS = byteStrings('trail')

/** More than one command writes about one purse: they bear one instant, and a page may end among them. */
const ONE_INSTANT = 64

const PROPOSALS = `
  select ${PROPOSAL.list} from proposal
  where ($1::boolean is null or $1 = (stage = ${PROPOSAL_STAGE.proposed})) and at_ms >= $2
  order by at_ms, proposal_id limit $3`

const WITH_FOUND = `
  select ${WHOLE_PURSE.list} from ${WHOLE_PURSE.name}
  where purse_id > $1 and purse_id in (select purse_id from found where standing <> ${FOUND_STANDING.settled})
  order by purse_id limit $2`

const LOST_SALES = `
  select ${HONOURED.list} from honoured
  where verdict = ${HONOURED_VERDICT.paid} and not exists (
    select from number where number.store_id = honoured.store_id and number.transaction = honoured.transaction)
  order by at_ms desc, store_id, transaction limit ${FOUND_SALES}`

const STATEMENTS = `
  select ${SETTLEMENT.list} from settlement
  where store_id = $1 and settled_window < $2
  order by settled_window desc limit $3`

const STATEMENT = `select ${SETTLEMENT.list} from settlement where store_id = $1 and settled_window = $2`

const BALANCES = `
  select kind, currency, sum(amount)::bigint, count(distinct owner)
  from (
    select debit_kind, debit_owner, currency, amount from entry where at_ms < $1
    union all
    select credit_kind, credit_owner, currency, -amount from entry where at_ms < $1
  ) as side (kind, owner, currency, amount)
  group by kind, currency
  order by kind, currency`

/**
 * A purse's entries stand under its own name, and what was collected of it in its row; of a store only a settlement's and
 * its batches' do, and all but a settlement's have a claim.
 */
const OWN = `cause not in (${CAUSE.collected}, ${CAUSE['collected-voids']})`

const BALANCES_OF = `
  select kind, currency, sum(amount)::bigint, 1::bigint
  from (
    select debit_kind, currency, amount from entry where subject_id = $1 and debit_owner = $1 and ${OWN}
    union all
    select credit_kind, currency, -amount from entry where subject_id = $1 and credit_owner = $1 and ${OWN}
    union all
    select ${ACCOUNT_KIND['store-payable']}, currency, -amount from claim where store_id = $1
    union all
    select ${ACCOUNT_KIND.collected}, currency, booked_amount - voided_amount from purse
    where purse_id = $1 and booked_count > 0
  ) as side (kind, currency, amount)
  group by kind, currency
  order by kind, currency`

const BALANCE: Field<Balance> = fields<Balance>({
  kind: words<AccountKind>('kind', ACCOUNT_KIND),
  currency: currencies('currency'),
  balance: bigints('balance'),
  accounts: numbers('accounts'),
})

/** Earlier and later than any row. */
const [FIRST, LAST] = [-(2n ** 63n), 2n ** 63n - 1n]

export class PostgresViews implements Views {
  readonly #pool: Pool

  constructor(options: { readonly url: string; readonly connections?: number }) {
    this.#pool = openPool({ url: options.url, connections: options.connections ?? 4, name: 'kozeni views' })
  }

  async listed(): ReturnType<Views['listed']> {
    return {
      purses: await this.#rows(ids<PurseId>('purse_id'), LISTED_PURSES),
      terminals: await this.#rows(ids<TerminalId>('terminal_id'), LISTED_TERMINALS),
    }
  }

  hotlists(after: number): Promise<readonly HotlistRow[]> {
    return this.#rows(HOTLIST, HOTLISTS, after)
  }

  metLately(store: StoreId, limit: number): Promise<readonly PurseId[]> {
    return this.#rows(ids<PurseId>('purse_id'), MET_LATELY, idNumber(store), limit)
  }

  async behind({ limit, after }: PageQuery): Promise<Page<PurseRow>> {
    const rows = await this.#rows(WHOLE_PURSE, BEHIND, after === undefined ? 0n : idNumber(after as PurseId), limit + 1)
    return { rows: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1]?.purse : undefined }
  }

  waiting(purse: PurseId): Promise<readonly OrderRow[]> {
    return this.#rows(ORDER, WAITING, idNumber(purse))
  }

  moves(from: PurseId): Promise<readonly MoveRow[]> {
    return this.#rows(MOVE, MOVES, idNumber(from))
  }

  keyUses(): Promise<readonly KeyUse[]> {
    return this.#rows(KEY_USE, KEY_USES)
  }

  async story(purse: PurseId, page: PageQuery): Promise<Page<StoryLine>> {
    const since = startOf(page) ?? FIRST
    const [[operations, held, loads, orders, entries, alarms], booked] = await withSession(
      this.#pool,
      async session => {
        const answers = await session.all([
          'begin isolation level repeatable read read only',
          ...STORY.map(text => statement(text, idNumber(purse), since, enoughFor(page) + ONE_INSTANT)),
          statement(TRAIL, idNumber(purse)),
        ])
        const [trail] = read(TRAILS, answers.at(-1)?.rows)
        const booked = trail === undefined ? [] : await bookedOf(session, trail)
        await session.all(['commit'])
        return [answers.slice(1, -1).map(answer => answer.rows), booked] as const
      },
    )
    const lines = storyOf({
      operations: read(OPERATION, operations),
      receipts: [...read(RECEIPT, held), ...booked],
      loads: read(LOAD, loads),
      orders: read(ORDER, orders),
      entries: read(ENTRY, entries),
      alarms: read(ALARM, alarms),
    })
    return pageOfTimes(
      lines.filter(line => line.at >= since),
      line => line.at,
      page,
    )
  }

  async operations({ open, purse }: OperationsWanted, page: PageQuery): Promise<Page<OperationRow>> {
    const since = startOf(page) ?? FIRST
    const rows =
      open === true && purse === undefined
        ? await this.#rows(OPERATION, OPEN_OPERATIONS, since, enoughFor(page))
        : await this.#rows(OPERATION, OPERATIONS, purse && idNumber(purse), open, since, enoughFor(page))
    return pageOfTimes(rows, row => row.openedAt, page)
  }

  async alarms(page: PageQuery): Promise<Page<AlarmRow>> {
    const rows = await this.#rows(ALARM, ALARMS, startOf(page) ?? LAST, enoughFor(page))
    return pageOfTimes(rows, row => row.at, page)
  }

  async proposals(open: boolean | undefined, page: PageQuery): Promise<Page<ProposalRow>> {
    const rows = await this.#rows(PROPOSAL, PROPOSALS, open, startOf(page) ?? FIRST, enoughFor(page))
    return pageOfTimes(rows, row => row.at, page)
  }

  async withFound({ limit, after }: PageQuery): Promise<Page<PurseRow>> {
    const rows = await this.#rows(
      WHOLE_PURSE,
      WITH_FOUND,
      after === undefined ? 0n : idNumber(id<PurseId>(after)),
      limit + 1,
    )
    return { rows: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1]?.purse : undefined }
  }

  lostSales(): Promise<readonly HonouredRow[]> {
    return this.#rows(HONOURED, LOST_SALES)
  }

  lastSeal(): Promise<SealRow | undefined> {
    return withSession(this.#pool, lastSeal)
  }

  async statements(store: StoreId, { limit, after }: PageQuery): Promise<Page<SettlementRow>> {
    const rows = await this.#rows(SETTLEMENT, STATEMENTS, idNumber(store), after ?? LAST, limit + 1)
    return { rows: rows.slice(0, limit), next: rows.length > limit ? String(rows[limit - 1]?.window) : undefined }
  }

  async statement(store: StoreId, window: number): Promise<SettlementRow | undefined> {
    const [row] = await this.#rows(SETTLEMENT, STATEMENT, idNumber(store), window)
    return row
  }

  balances(until?: Instant): Promise<readonly Balance[]> {
    return this.#rows(BALANCE, BALANCES, until ?? LAST)
  }

  balancesOf(owner: PurseId | StoreId): Promise<readonly Balance[]> {
    return this.#rows(BALANCE, BALANCES_OF, idNumber(owner))
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #rows<Row>(field: Field<Row>, text: string, ...values: readonly Parameter[]): Promise<readonly Row[]> {
    const [answer] = await withSession(this.#pool, session => session.all([statement(text, ...values)]))
    return read(field, answer?.rows)
  }
}

const read = <Row>(field: Field<Row>, rows: readonly (readonly unknown[])[] = []): readonly Row[] =>
  rows.map(field.read)

const startOf = ({ after }: PageQuery): Instant | undefined => (after === undefined ? undefined : timeCursor(after).at)
