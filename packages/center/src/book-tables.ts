/** Where each row of the book stands in PostgreSQL: one declaration a table, beside schema.ts, which makes the tables. */
import { assert } from '@kozeni/base/assert'
import {
  type AccountId,
  type ChipId,
  type DeviceId,
  idFromNumber,
  idNumber,
  type LoadId,
  type MoveId,
  type OrderId,
  type PurseId,
  type StoreId,
  type TerminalId,
} from '@kozeni/base/ids'
import { type Money, money, type Total, total } from '@kozeni/base/money'
import { ACCOUNT_KIND, type Account, type AccountKind } from '@kozeni/ledger/account'
import { CAUSE, type Cause, type Entry } from '@kozeni/ledger/entry'
import { CHIP_CLASS, type ChipClass } from '@kozeni/protocol/certificate'
import { KIND, type Kind, OUTCOME, type Outcome } from '@kozeni/protocol/operation'
import type {
  AccountRow,
  ChipRow,
  DeviceRow,
  LoadRow,
  NumberRow,
  OperationRow,
  OrderRow,
  StoreRow,
  TerminalRow,
} from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import {
  ALARM_WHAT,
  CLAIM_PART,
  EVIDENCE_SOURCE,
  FOUND_STANDING,
  HONOURED_VERDICT,
  LOAD_STAGE,
  MOVE_STAGE,
  OPERATION_DECISION,
  ORDER_KIND,
  ORDER_STAGE,
  TASK,
} from './book-codes.ts'
import type { EpochRow, FoundRow, HonouredRow } from './book-epoch.ts'
import type { MoveRow } from './book-move.ts'
import type { OutboxRow } from './book-outbox.ts'
import type { JournalHead } from './book-receipt.ts'
import type { ReturnRow } from './book-return.ts'
import type { SettlementRow } from './book-settlement.ts'
import type { ClaimRow } from './book-writes.ts'
import {
  amounts,
  bigints,
  booleans,
  byteStrings,
  currencies,
  type Field,
  fields,
  ids,
  mapped,
  numbers,
  optional,
  table,
  textRecords,
  texts,
  words,
} from './postgres-table.ts'

const moneys = (name: string): Field<Money> => amounts(name, money)
const totals = (name: string): Field<Total> => amounts(name, total)

export const ACCOUNT = table<AccountRow>('account', {
  account: ids<AccountId>('account_id'),
  secretDigest: byteStrings('secret_digest'),
  at: numbers('at_ms'),
})

export const DEVICE = table<DeviceRow>('device', {
  device: ids<DeviceId>('device_id'),
  account: ids<AccountId>('account_id'),
  publicKey: byteStrings('public_key'),
  at: numbers('at_ms'),
})

export const CHIP = table<ChipRow>('chip', {
  chip: ids<ChipId>('chip_id'),
  chipClass: words<ChipClass>('chip_class', CHIP_CLASS),
  purse: optional(ids<PurseId>('purse_id')),
})

export const STORE = table<StoreRow>('store', {
  store: ids<StoreId>('store_id'),
  name: texts('name'),
  currency: currencies('currency'),
  publicKey: byteStrings('public_key'),
  generation: numbers('generation'),
  feeBasisPoints: numbers('fee_basis_points'),
  webhookUrl: optional(texts('webhook_url')),
  webhookSecret: texts('webhook_secret'),
  reportedEpoch: numbers('reported_epoch'),
})

export const TERMINAL = table<TerminalRow>('terminal', {
  terminal: ids<TerminalId>('terminal_id'),
  store: ids<StoreId>('store_id'),
  publicKey: byteStrings('public_key'),
  stolen: booleans('stolen'),
  lostAt: optional(numbers('lost_at_ms')),
  lastUpload: optional(numbers('last_upload_ms')),
  journal: optional(fields<JournalHead>({ position: numbers('journal_position'), hash: byteStrings('journal_hash') })),
})

export const OPERATION = table<OperationRow>('operation', {
  purse: ids<PurseId>('purse_id'),
  epoch: numbers('epoch'),
  number: numbers('number'),
  kind: words<Kind>('kind', KIND),
  amount: moneys('amount'),
  currency: currencies('currency'),
  reference: byteStrings('reference'),
  digest: byteStrings('digest'),
  decision: words('decision', OPERATION_DECISION),
  closed: optional(
    fields<NonNullable<OperationRow['closed']>>({
      at: numbers('closed_at_ms'),
      source: words('closed_source', EVIDENCE_SOURCE),
      outcome: words<Outcome>('closed_outcome', OUTCOME),
    }),
  ),
  openedAt: numbers('opened_at_ms'),
  sessionEnd: optional(numbers('session_end_ms')),
  store: optional(ids<StoreId>('store_id')),
  transaction: optional(texts('transaction')),
  order: optional(ids<OrderId>('order_id')),
})

export const LOAD = table<LoadRow>('load', {
  load: ids<LoadId>('load_id'),
  purse: ids<PurseId>('purse_id'),
  amount: moneys('amount'),
  currency: currencies('currency'),
  method: texts('method'),
  stage: words('stage', LOAD_STAGE),
  cancelled: booleans('cancelled'),
  inParts: booleans('in_parts'),
  capture: optional(texts('capture')),
  checkedEpoch: numbers('checked_epoch'),
  inputDigest: byteStrings('input_digest'),
  at: numbers('at_ms'),
})

export const ORDER = table<OrderRow>('"order"', {
  order: ids<OrderId>('order_id'),
  purse: ids<PurseId>('purse_id'),
  kind: words('kind', ORDER_KIND),
  amount: moneys('amount'),
  delivered: moneys('delivered'),
  inParts: booleans('in_parts'),
  currency: currencies('currency'),
  stage: words('stage', ORDER_STAGE),
  store: optional(ids<StoreId>('store_id')),
  transaction: optional(texts('transaction')),
  inputDigest: byteStrings('input_digest'),
  at: numbers('at_ms'),
})

export const MOVE = table<MoveRow>('move', {
  move: ids<MoveId>('move_id'),
  account: ids<AccountId>('account_id'),
  from: ids<PurseId>('from_purse_id'),
  epoch: numbers('epoch'),
  number: numbers('number'),
  amount: moneys('amount'),
  currency: currencies('currency'),
  stage: words('stage', MOVE_STAGE),
  to: optional(ids<PurseId>('to_purse_id')),
  at: numbers('at_ms'),
})

export const NUMBER = table<NumberRow>('number', {
  store: ids<StoreId>('store_id'),
  transaction: texts('transaction'),
  purse: ids<PurseId>('purse_id'),
  epoch: numbers('epoch'),
  number: numbers('number'),
  generation: numbers('generation'),
  window: numbers('seed_window'),
  amount: moneys('amount'),
  refunded: moneys('refunded'),
})

export const RETURN = table<ReturnRow>('"return"', {
  purse: ids<PurseId>('purse_id'),
  seq: numbers('seq'),
  store: ids<StoreId>('store_id'),
  terminal: ids<TerminalId>('terminal_id'),
  sale: numbers('sale'),
  notGivenAt: optional(numbers('not_given_at_ms')),
  refunded: moneys('refunded'),
})

/** The kinds that have one account in all are owned by 0. */
const accounts = (kind: string, owner: string): Field<Account> =>
  mapped(
    fields<{ kind: AccountKind; owner: bigint }>({
      kind: words<AccountKind>(kind, ACCOUNT_KIND),
      owner: bigints(owner),
    }),
    account => ({ kind: account.kind, owner: 'owner' in account ? idNumber(account.owner) : 0n }),
    row => accountFrom(row.kind, row.owner),
  )

/** The account of this kind and owner; the one gate from two numbers to an Account. */
export function accountFrom(kind: AccountKind, owner: bigint): Account {
  switch (kind) {
    case 'in-transit':
    case 'in-doubt':
    case 'purse-float':
      return { kind, owner: idFromNumber<PurseId>(owner) }
    case 'store-payable':
      return { kind, owner: idFromNumber<StoreId>(owner) }
    case 'moving':
      return { kind, owner: idFromNumber<AccountId>(owner) }
    default:
      assert(owner === 0n, `${kind} has no owners`)
      return { kind }
  }
}

export const ENTRY = table<Entry>('entry', {
  subject: ids<Entry['subject']>('subject_id'),
  cause: words<Cause>('cause', CAUSE),
  first: bigints('first'),
  second: bigints('second'),
  debit: accounts('debit_kind', 'debit_owner'),
  credit: accounts('credit_kind', 'credit_owner'),
  amount: totals('amount'),
  currency: currencies('currency'),
  at: numbers('at_ms'),
})

export const CLAIM = table<ClaimRow>('claim', {
  store: ids<StoreId>('store_id'),
  window: numbers('settled_window'),
  at: numbers('at_ms'),
  subject: ids<Entry['subject']>('subject_id'),
  cause: words<Cause>('cause', CAUSE),
  first: bigints('first'),
  second: bigints('second'),
  part: words('part', CLAIM_PART),
  amount: bigints('amount'),
  count: numbers('count'),
  currency: currencies('currency'),
})

export const SETTLEMENT = table<SettlementRow>('settlement', {
  store: ids<StoreId>('store_id'),
  window: numbers('settled_window'),
  from: numbers('from_ms'),
  until: numbers('until_ms'),
  onlineCount: numbers('online_count'),
  online: bigints('online'),
  offlineCount: numbers('offline_count'),
  offline: bigints('offline'),
  refunds: bigints('refunds'),
  fee: moneys('fee'),
  net: moneys('net'),
  carried: bigints('carried'),
  currency: currencies('currency'),
})

export const EPOCH = table<EpochRow>('epoch', {
  epoch: numbers('epoch'),
  beat: numbers('beat'),
  since: numbers('since_ms'),
})

export const HONOURED = table<HonouredRow>('honoured', {
  store: ids<StoreId>('store_id'),
  transaction: texts('transaction'),
  verdict: words('verdict', HONOURED_VERDICT),
  reference: byteStrings('reference'),
  epoch: numbers('epoch'),
  at: numbers('at_ms'),
})

export const FOUND = table<FoundRow>('found', {
  purse: ids<PurseId>('purse_id'),
  epoch: numbers('epoch'),
  number: numbers('number'),
  kind: words<Kind>('kind', KIND),
  digest: byteStrings('digest'),
  outcome: words<Outcome>('outcome', OUTCOME),
  standing: words('standing', FOUND_STANDING),
  at: numbers('at_ms'),
})

export const ALARM = table<AlarmRow>('alarm', {
  subject: ids<PurseId | TerminalId | StoreId>('subject_id'),
  what: words('what', ALARM_WHAT),
  facts: textRecords('facts'),
  at: numbers('at_ms'),
})

export const OUTBOX = table<OutboxRow>('outbox', {
  name: texts('name'),
  task: words('task', TASK),
  subject: ids<StoreId | LoadId | MoveId>('subject_id'),
  body: textRecords('body'),
  due: numbers('due_ms'),
})
