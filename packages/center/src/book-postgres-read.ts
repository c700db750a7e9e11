/**
 * What a group of commands is shown: each table is read by one statement for all of them, and all statements go out
 * together. The rows that a command names are locked first, table by table, and only then is anything else read, so that
 * everybody sees what the last one left. Changes nothing.
 */
import { type Id, idBytes, idNumber, type PurseId, type StoreId } from '@kozeni/base/ids'
import { has } from '@kozeni/base/ranges'
import { comparePlaces } from '@kozeni/protocol/operation'
import type { Instant, Keys, OperationRow, OrderRow, Seen } from './book.ts'
import { ORDER_KIND, ORDER_STAGE } from './book-codes.ts'
import { type EpochRow, FIRST_EPOCH } from './book-epoch.ts'
import type { HotlistRow } from './book-hotlist.ts'
import { type Booked, readBooked } from './book-postgres-booked.ts'
import { BY } from './book-postgres-keys.ts'
import { bigintIn, SUMS, sumsFrom } from './book-postgres-sums.ts'
import type { SettlementRow, Unsettled } from './book-settlement.ts'
import { EPOCH, ORDER, SETTLEMENT } from './book-tables.ts'
import { HOTLIST } from './book-tables-hotlist.ts'
import { type StandingRow, wholePurse } from './book-tables-purse.ts'
import type { TerminalSales } from './book-tables-receipt.ts'
import {
  concerns,
  NO_SUMS,
  numberName,
  operationName,
  paidName,
  receiptName,
  type Sums,
  saleName,
} from './book-writes.ts'
import { arrayOf, type Cell } from './postgres-array.ts'
import { Lookups, type Question } from './postgres-lookup.ts'
import { type Session, statement } from './postgres-session.ts'

export interface ReadOptions {
  /** How the transaction begins; sent with the first questions. */
  readonly begin: string
  /** How it ends, where nothing is written: sent with them too, where nobody can have more to ask. */
  readonly end?: string
  /**
   * `own`: what belongs to one command at a time: purse, chip, load, order, move, proposal, number. `all`: also what many commands share
   * and few change: account, device, store, terminal.
   */
  readonly lock: 'nothing' | 'own' | 'all'
  readonly lockOneByOne: boolean
  /** The book's clock, from the database's. */
  readonly now: (databaseNow: Instant) => Instant
}

/** What a group was shown. */
export interface Shown {
  /** To each command, in the order of the keys. */
  readonly seen: readonly Seen[]
  /** Which sales of the terminals that were named are paid, by the terminal. */
  readonly sold: ReadonlyMap<string, TerminalSales>
  /** Whether the transaction is over. */
  readonly ended: boolean
}

/** Locks, reads and shows. */
export async function readSeen(session: Session, group: readonly Keys[], options: ReadOptions): Promise<Shown> {
  const lookups = new Lookups(options.lockOneByOne)
  const sold = findSold(lookups, group, options.lock)
  const named = findNamed(lookups, group, options.lock)
  const around = findAround(lookups, group)
  const clock = askClock(lookups, options.now)
  const ended = options.end !== undefined && group.every(asksOnce)
  await lookups.answer(session, [options.begin], ended ? [options.end] : [])
  const further = new Lookups(options.lockOneByOne)
  const behind = findBehind(further, group, named, around, clock.present)
  await further.answer(session)
  const booked = await readBooked(session, { group, purses: named.purses, held: behind.held, sold })
  const found = { ...named, ...around, ...behind, ...booked, ...clock }
  return { seen: group.map(keys => seenIn(found, keys)), sold, ended }
}

/** What it names refers to nothing further. */
const asksOnce = ({ purse, number, sales }: Keys): boolean =>
  purse === undefined && number === undefined && sales === undefined

type Found = ReturnType<typeof findNamed> &
  ReturnType<typeof findAround> &
  ReturnType<typeof findBehind> &
  Booked &
  Readonly<ReturnType<typeof askClock>>

type Rows<Row> = ReadonlyMap<string, Row>

/** The rows that the commands name, which are locked. */
function findNamed(lookups: Lookups, group: readonly Keys[], lock: ReadOptions['lock']) {
  const own = lock !== 'nothing'
  const all = lock === 'all'
  const find = <Row>(asked: Question<Row>, key: (keys: Keys) => Id | undefined, locks: boolean): Rows<Row> =>
    lookups.find(asked, byId(group.map(key)), locks)
  return {
    purses: find(BY.purse, keys => keys.purse, own),
    chips: find(BY.chip, keys => keys.chip, own),
    loads: find(BY.load, keys => keys.load, own),
    orders: find(BY.order, keys => keys.order, own),
    moves: find(BY.move, keys => keys.move, own),
    proposals: find(BY.proposal, keys => keys.proposal, own),
    numbers: lookups.find(BY.number, byNumber(group), own),
    accounts: find(BY.account, keys => keys.account, all),
    devices: find(BY.device, keys => keys.device, all),
    stores: find(BY.store, keys => keys.store, all),
    terminals: find(BY.terminal, keys => keys.terminal, all),
  }
}

/** What belongs to the rows that are locked by now. */
function findAround(lookups: Lookups, group: readonly Keys[]) {
  const purses = byId(group.map(keys => keys.purse))
  return {
    issuances: lookups.find(BY.issuance, purses),
    open: lookups.find(BY.open, purses),
    waiting: findWaiting(lookups, group),
    operations: lookups.find(BY.operation, byPlace(group.map(placeIn))),
    ring: lookups.find(BY.operation, byPlace(group.flatMap(ringIn))),
    returns: lookups.find(BY.return, group.flatMap(returnedIn)),
    hotlists: lookups.find(BY.hotlist, byNumbers(group.map(keys => keys.hotlistAfter))),
    losses: lookups.find(BY.loss, byId(judgedIn(group))),
    holds: lookups.find(BY.hold, byId(judgedIn(group))),
    listings: findListings(lookups, judgedIn(group)),
    sums: findSums(lookups, group),
    settlements: findLastSettlements(lookups, group),
  }
}

/**
 * Before everything else: whoever takes sales of a terminal waits here for whoever else does, and holds nothing yet that
 * anybody waits for.
 */
function findSold(lookups: Lookups, group: readonly Keys[], lock: ReadOptions['lock']): Rows<TerminalSales> {
  const terminals = byId(group.flatMap(({ sales = [] }) => sales.map(({ terminal }) => terminal)))
  const locks = lock !== 'nothing'
  if (locks && terminals.length > 0)
    lookups.ask(statement(FIRST_SALES, arrayOf('bigint', terminals.flat())), () => undefined)
  return lookups.find(BY.sales, terminals, locks)
}

/** A row that is not there cannot be locked: two who bring a terminal's first sales would both add it. */
export const FIRST_SALES = `
  insert into terminal_sales (terminal_id, sold)
  select id, '' from unnest($1::bigint[]) as id order by id
  on conflict do nothing`

/** What the rows found so far refer to. */
function findBehind(
  lookups: Lookups,
  group: readonly Keys[],
  { numbers, purses }: ReturnType<typeof findNamed>,
  around: ReturnType<typeof findAround>,
  present: EpochRow,
) {
  const older = [...around.open.values()].filter(({ epoch }) => epoch < present.epoch)
  const restored = present.epoch > 1
  const sales = [...(restored ? byNumber(group) : []), ...older.flatMap(paidBy)]
  const orders = [...around.open.values()].map(operation => operation.order)
  const receipts = group.flatMap(keys => seqsHere(keys, purses))
  return {
    openOrders: lookups.find(BY.order, byId(orders)),
    openLoads: lookups.find(BY.load, byId(orders)),
    numbered: lookups.find(BY.operation, byPlace([...numbers.values()])),
    honoured: lookups.find(BY.honoured, sales),
    found: lookups.find(BY.found, restored ? byId(group.map(keys => keys.purse)) : []),
    waitingLoads: lookups.find(BY.load, restored ? byId([...around.waiting.values()].map(row => row.order)) : []),
    openStores: lookups.find(BY.store, byId(older.map(({ store }) => store))),
    held: lookups.find(BY.receipt, receipts),
  }
}

/** The receipts that a command names and its purse's row says are here: of most there is none. */
const seqsHere = ({ purse, receipts = [] }: Keys, purses: Rows<StandingRow>): Key[] => {
  const row = at(purses, purse)
  return receipts.filter(seq => row && has(row.taken, seq)).map(seq => [idNumber(purse as PurseId), BigInt(seq)])
}

type Key = readonly Cell[]

const byId = (ids: readonly (Id | undefined)[]): Key[] => numbersOf(ids).map(number => [number])

const numbersOf = (ids: readonly (Id | undefined)[]): bigint[] =>
  [...new Set(ids)].filter(each => each !== undefined).map(idNumber)

const byNumbers = (numbers: readonly (number | undefined)[]): Key[] =>
  numbers.filter(each => each !== undefined).map(each => [BigInt(each)])

const byNumber = (group: readonly Keys[]): Key[] =>
  group.flatMap(({ number }) => (number === undefined ? [] : [[idNumber(number.store), number.transaction]]))

/** The number that a pay was opened for. */
const paidBy = ({ store, transaction }: OperationRow): Key[] =>
  store === undefined || transaction === undefined ? [] : [[idNumber(store), transaction]]

type Place = Pick<OperationRow, 'purse' | 'epoch' | 'number'>

const byPlace = (places: readonly (Place | undefined)[]): Key[] =>
  places
    .filter(place => place !== undefined)
    .map(({ purse, epoch, number }) => [idNumber(purse), BigInt(epoch), BigInt(number)])

const placeIn = ({ purse, operation }: Keys): Place | undefined => purse && operation && { purse, ...operation }

const ringIn = ({ purse, ring = [] }: Keys): Place[] =>
  purse === undefined ? [] : ring.map(place => ({ epoch: place.epoch, number: place.number, purse }))

const returnedIn = ({ purse, returned }: Keys): Key[] =>
  purse === undefined || returned === undefined ? [] : [[idNumber(purse), BigInt(returned)]]

const WAITING = `
  select distinct on (purse_id) ${ORDER.list} from "order"
  where purse_id = any($1) and stage = ${ORDER_STAGE.waiting}
  order by purse_id, (kind <> ${ORDER_KIND.refund}), at_ms, order_id`

const WAITING_OF_ONE = `
  select ${ORDER.list} from "order"
  where purse_id = $1 and stage = ${ORDER_STAGE.waiting}
  order by (kind <> ${ORDER_KIND.refund}), at_ms, order_id limit 1`

const judgedIn = (group: readonly Keys[]): PurseId[] =>
  group.flatMap(({ purse, fraud }) => (fraud && purse !== undefined ? [purse] : []))

const LISTINGS = `
  select ${HOTLIST.list} from hotlist
  where position($1 in purses_listed) > 0 or position($1 in purses_unlisted) > 0`

/** The hotlist's versions that may concern a purse that is judged, by their number: a rare question, asked of each by itself. */
function findListings(lookups: Lookups, purses: readonly PurseId[]): Rows<HotlistRow> {
  const found = new Map<string, HotlistRow>()
  for (const purse of new Set(purses)) {
    lookups.ask(statement(LISTINGS, Buffer.from(idBytes(purse))), cells => {
      const row = HOTLIST.read(cells)
      found.set(String(row.version), row)
    })
  }
  return found
}

/** Each purse's next waiting order, by the purse: refunds first, for a load may have to wait for long. */
function findWaiting(lookups: Lookups, group: readonly Keys[]): Rows<OrderRow> {
  const found = new Map<PurseId, OrderRow>()
  const purses = numbersOf(group.map(keys => keys.purse))
  if (purses.length === 0) return found
  const [one] = purses
  const asked = purses.length === 1 ? statement(WAITING_OF_ONE, one) : statement(WAITING, arrayOf('bigint', purses))
  lookups.ask(asked, cells => {
    const row = ORDER.read(cells)
    found.set(row.purse, row)
  })
  return found
}

const UNSETTLED = `
  select ${SUMS} from claim
  where store_id = $1 and settled_window = 0 and at_ms < $2`

const LAST_SETTLEMENT = `
  select ${SETTLEMENT.list} from settlement
  where store_id = $1
  order by settled_window desc limit 1`

type Wanted = NonNullable<Keys['unsettled']>

const wantedName = ({ store, until }: Wanted): string => `${store} ${until}`

const windowsIn = (group: readonly Keys[]): Wanted[] =>
  group.map(keys => keys.unsettled).filter(wanted => wanted !== undefined)

/** What is unsettled, by store and instant: a rare question, asked for each store by itself. */
function findSums(lookups: Lookups, group: readonly Keys[]): Rows<Sums> {
  const found = new Map<string, Sums>()
  for (const wanted of windowsIn(group)) {
    lookups.ask(statement(UNSETTLED, idNumber(wanted.store), wanted.until), cells => {
      found.set(wantedName(wanted), sumsFrom(cells))
    })
  }
  return found
}

function findLastSettlements(lookups: Lookups, group: readonly Keys[]): Rows<SettlementRow> {
  const found = new Map<StoreId, SettlementRow>()
  for (const { store } of windowsIn(group)) {
    lookups.ask(statement(LAST_SETTLEMENT, idNumber(store)), cells => found.set(store, SETTLEMENT.read(cells)))
  }
  return found
}

export const CLOCK = `
  select floor(extract(epoch from clock_timestamp()) * 1000)::bigint, ${EPOCH.list} from epoch
  order by epoch desc limit 1`

/**
 * The database's clock and the present epoch, read when everything is locked: of two commands on one purse, the later one
 * sees them later.
 */
function askClock(lookups: Lookups, now: ReadOptions['now']): { now: Instant; present: EpochRow } {
  const clock = { now: 0, present: FIRST_EPOCH }
  lookups.ask(statement(CLOCK), cells => Object.assign(clock, clockIn(cells, now)))
  return clock
}

/** What CLOCK answers. */
export const clockIn = (
  [cell, ...present]: readonly unknown[],
  now: ReadOptions['now'],
): { readonly now: Instant; readonly present: EpochRow } => ({
  now: now(Number(bigintIn(cell))),
  present: EPOCH.read(present),
})

/** One command's share of what was found. */
function seenIn(found: Found, keys: Keys): Seen {
  const open = at(found.open, keys.purse)
  const place = placeIn(keys)
  const number = at(found.numbers, keys.number && numberName(keys.number))
  const older = open !== undefined && open.epoch < found.present.epoch ? open : undefined
  return {
    purse: wholePurse(at(found.purses, keys.purse), at(found.issuances, keys.purse)),
    open,
    openOrder: at(found.openOrders, open?.order),
    openLoad: at(found.openLoads, open?.order),
    waiting: at(found.waiting, keys.purse),
    operation: at(found.operations, place && operationName(place)),
    account: at(found.accounts, keys.account),
    device: at(found.devices, keys.device),
    chip: at(found.chips, keys.chip),
    store: at(found.stores, keys.store),
    terminal: at(found.terminals, keys.terminal),
    load: at(found.loads, keys.load),
    order: at(found.orders, keys.order),
    move: at(found.moves, keys.move),
    proposal: at(found.proposals, keys.proposal),
    number,
    numbered: at(found.numbered, number && operationName(number)),
    receipts: receiptsIn(found, keys),
    sales: salesIn(found, keys),
    returned: at(found.returns, keys.purse && receiptName({ purse: keys.purse, seq: keys.returned ?? 0 })),
    fraud: fraudIn(found, keys),
    hotlistAfter: at(found.hotlists, keys.hotlistAfter === undefined ? undefined : String(keys.hotlistAfter)),
    unsettled: keys.unsettled && unsettledIn(found, keys.unsettled),
    honoured: at(found.honoured, keys.number && numberName(keys.number)),
    openHonoured: at(found.honoured, older && paidName(older)),
    openStore: at(found.openStores, older?.store),
    ring: new Map(ringIn(keys).flatMap(place => entryAt(found.ring, operationName(place)))),
    found: [...found.found.values()].filter(row => row.purse === keys.purse).sort(comparePlaces),
    waitingLoad: at(found.waitingLoads, at(found.waiting, keys.purse)?.order),
    present: found.present,
    now: found.now,
  }
}

const at = <Row>(rows: Rows<Row>, name: string | undefined): Row | undefined =>
  name === undefined ? undefined : rows.get(name)

const entryAt = <Row>(rows: Rows<Row>, name: string): (readonly [string, Row])[] => {
  const row = rows.get(name)
  return row === undefined ? [] : [[name, row]]
}

function receiptsIn(found: Found, { purse, receipts = [] }: Keys): Seen['receipts'] {
  const names = receipts.map(seq => purse && receiptName({ purse, seq }))
  const rows = names.map(name => at(found.held, name) ?? at(found.booked, name))
  return new Map(rows.filter(row => row !== undefined).map(row => [row.seq, row]))
}

function fraudIn(found: Found, { purse, fraud }: Keys): Seen['fraud'] {
  if (!fraud || purse === undefined) return undefined
  const listings = [...found.listings.values()].filter(row => concerns(row, purse))
  return {
    losses: [...found.losses.values()].filter(row => row.purse === purse),
    holds: [...found.holds.values()].filter(row => row.purse === purse).sort((a, b) => a.seq - b.seq),
    listings: listings.sort((a, b) => a.version - b.version),
  }
}

function salesIn(found: Found, { sales = [] }: Keys): Seen['sales'] {
  const rows = sales.map(sale => found.payers.get(saleName(sale)))
  return new Map(rows.filter(row => row !== undefined).map(row => [saleName(row), row]))
}

const unsettledIn = (found: Found, wanted: Wanted): Unsettled => ({
  last: found.settlements.get(wanted.store),
  ...(found.sums.get(wantedName(wanted)) ?? NO_SUMS),
})
