/**
 * The book's tables, as numbered migrations in plain SQL. A migration that has shipped is never changed; add one.
 *
 * For PostgreSQL 15 to 18 and for Citus: a key begins with the column that a distributed table would be distributed by;
 * there are no triggers, no sequences, no foreign keys, no deferred constraints. Names are 63 random bits, instants are
 * milliseconds since 1970, words are the numbers of book-codes.ts and of the protocol's own tables. There is no row that
 * every sale updates: what a store is owed is the sum of its claims.
 */

import { BATCHES } from './schema-batches.ts'
import { ALL_CHANGED, CHECKED_BY_TYPE, CHECKS_IN_ONE, SOUND } from './schema-checks.ts'
import { ISSUANCES } from './schema-issuance.ts'
import { PROPOSALS, REVOCATIONS } from './schema-proposals.ts'
import { KEYS, MOVES } from './schema-purses.ts'
import { CHECKS, EPOCHS, FORGOTTEN, FOUND, LOST } from './schema-recovery.ts'
import { SEALS } from './schema-seals.ts'
import {
  HOLDS,
  HOTLISTS,
  JOURNALS,
  LOSSES,
  NOTHING_TAKEN,
  RETURNS,
  SALES_PAID_BY_ISSUER,
  WRITE_OFFS,
} from './schema-tills.ts'

export interface Migration {
  readonly number: number
  readonly sql: string
}

const PEOPLE = `
create table account (
  account_id bigint primary key check (account_id > 0),
  secret_digest bytea not null,
  at_ms bigint not null
);

create table device (
  device_id bigint primary key check (device_id > 0),
  account_id bigint not null,
  public_key bytea not null,
  at_ms bigint not null
);

create table chip (
  chip_id bigint primary key check (chip_id > 0),
  chip_class smallint not null check (chip_class between 1 and 2),
  purse_id bigint
);

create table store (
  store_id bigint primary key check (store_id > 0),
  name text not null,
  currency smallint not null,
  public_key bytea not null,
  generation bigint not null check (generation >= 0),
  fee_basis_points bigint not null check (fee_basis_points between 0 and 10000),
  webhook_url text,
  webhook_secret text not null
);

create table terminal (
  terminal_id bigint primary key check (terminal_id > 0),
  store_id bigint not null,
  public_key bytea not null,
  stolen boolean not null,
  last_upload_ms bigint
);

create index terminal_stolen on terminal (terminal_id) where stolen;
`

const PURSES = `
-- fillfactor: a purse is updated in place, and no index holds what changes
create table purse (
  purse_id bigint primary key check (purse_id > 0),
  chip_id bigint not null,
  device_id bigint not null,
  account_id bigint not null,
  currency smallint not null,
  chip_class smallint not null check (chip_class between 1 and 2),
  stage smallint not null check (stage between 1 and 4),
  reserved_until_ms bigint not null,
  public_key bytea,
  certificate bytea,
  key_version bigint not null,
  epoch bigint not null,
  number bigint not null,
  closed_epoch bigint not null,
  closed_number bigint not null,
  flag boolean not null,
  credits bigint not null check (credits >= 0),
  debits bigint not null check (debits >= 0),
  seen_credits bigint not null check (seen_credits >= 0),
  seen_debits bigint not null check (seen_debits >= 0),
  seen_seq bigint not null check (seen_seq >= 0),
  booked_amount bigint not null check (booked_amount >= 0),
  booked_count bigint not null check (booked_count >= 0),
  settings bigint not null,
  settings_seen bigint not null,
  blocked boolean not null,
  maximum_value bigint not null check (maximum_value >= 0),
  maximum_debit bigint not null check (maximum_debit >= 0),
  lower_amount bigint not null check (lower_amount >= 0),
  upper_amount bigint not null check (upper_amount >= 0),
  lower_count bigint not null check (lower_count >= 0),
  upper_count bigint not null check (upper_count >= 0),
  pin_above bigint not null check (pin_above >= 0),
  check ((closed_epoch, closed_number) <= (epoch, number))
) with (fillfactor = 70);

create index purse_blocked on purse (purse_id) where blocked;

create table operation (
  purse_id bigint not null,
  epoch bigint not null,
  number bigint not null,
  kind smallint not null check (kind between 1 and 4),
  amount bigint not null check (amount >= 0),
  currency smallint not null,
  reference bytea not null,
  digest bytea not null,
  decision smallint not null check (decision between 1 and 3),
  closed_at_ms bigint,
  closed_source smallint check (closed_source between 1 and 4),
  closed_outcome smallint check (closed_outcome between 0 and 4),
  opened_at_ms bigint not null,
  session_end_ms bigint,
  store_id bigint,
  transaction text,
  order_id bigint,
  primary key (purse_id, epoch, number),
  check (num_nulls(closed_at_ms, closed_source, closed_outcome) in (0, 3)),
  check (closed_at_ms is null or decision <> 1)
) with (fillfactor = 80);

-- at most one open operation a purse (F-10)
create unique index operation_open on operation (purse_id) where closed_at_ms is null;

create index operation_by_time on operation (opened_at_ms);

create table load (
  load_id bigint primary key check (load_id > 0),
  purse_id bigint not null,
  amount bigint not null check (amount > 0),
  currency smallint not null,
  method text not null,
  stage smallint not null check (stage between 1 and 6),
  cancelled boolean not null,
  capture text,
  input_digest bytea not null,
  at_ms bigint not null
);

create index load_of_purse on load (purse_id);

create table "order" (
  order_id bigint primary key check (order_id > 0),
  purse_id bigint not null,
  kind smallint not null check (kind between 1 and 2),
  amount bigint not null check (amount > 0),
  currency smallint not null,
  stage smallint not null check (stage between 1 and 4),
  store_id bigint,
  transaction text,
  input_digest bytea not null,
  at_ms bigint not null
);

create index order_of_purse on "order" (purse_id);
create index order_waiting on "order" (purse_id, at_ms, order_id) where stage = 1;
`

const SALES = `
create table number (
  store_id bigint not null,
  transaction text not null,
  purse_id bigint not null,
  epoch bigint not null,
  number bigint not null,
  generation bigint not null,
  seed_window bigint not null,
  amount bigint not null check (amount > 0),
  refunded bigint not null check (refunded >= 0),
  primary key (store_id, transaction),
  check (refunded <= amount)
);

create index number_of_purse on number (purse_id);

create table receipt (
  purse_id bigint not null,
  seq bigint not null,
  kind smallint not null check (kind between 1 and 2),
  amount bigint not null check (amount > 0),
  currency smallint not null,
  terminal_id bigint not null,
  sale bigint not null,
  store_id bigint not null,
  whole bytea not null,
  standing smallint not null check (standing between 1 and 2),
  at_ms bigint not null,
  primary key (purse_id, seq)
);

create index receipt_of_sale on receipt (terminal_id, sale);
create index receipt_of_store on receipt (store_id, at_ms);

-- who was the first to be booked for a terminal's sale: one sale is paid once (K-1)
create table sale (
  terminal_id bigint not null,
  sale bigint not null,
  purse_id bigint not null,
  seq bigint not null,
  primary key (terminal_id, sale)
);
`

const LEDGER = `
-- owners: a purse for in-transit, in-doubt and purse-float, a store for store-payable, 0 for the other kinds
create table entry (
  subject_id bigint not null check (subject_id > 0),
  cause smallint not null check (cause between 1 and 12),
  first bigint not null,
  second bigint not null,
  debit_kind smallint not null check (debit_kind between 1 and 8),
  debit_owner bigint not null,
  credit_kind smallint not null check (credit_kind between 1 and 8),
  credit_owner bigint not null,
  amount bigint not null check (amount > 0),
  currency smallint not null,
  at_ms bigint not null,
  primary key (subject_id, cause, first, second),
  check ((debit_kind between 3 and 6) = (debit_owner > 0)),
  check ((credit_kind between 3 and 6) = (credit_owner > 0)),
  check ((debit_kind, debit_owner) <> (credit_kind, credit_owner))
);

-- the store's side of an entry: what it adds to what the store is owed, or (below zero) takes from it. It waits as
-- window 0 until one settlement takes it, however late it was committed
create table claim (
  store_id bigint not null check (store_id > 0),
  settled_window bigint not null check (settled_window >= 0),
  at_ms bigint not null,
  subject_id bigint not null,
  cause smallint not null,
  first bigint not null,
  second bigint not null,
  part smallint not null check (part between 1 and 3),
  amount bigint not null check (amount <> 0),
  currency smallint not null,
  primary key (store_id, settled_window, at_ms, subject_id, cause, first, second)
);

create table settlement (
  store_id bigint not null,
  settled_window bigint not null check (settled_window > 0),
  from_ms bigint not null,
  until_ms bigint not null,
  online_count bigint not null check (online_count >= 0),
  online bigint not null check (online >= 0),
  offline_count bigint not null check (offline_count >= 0),
  offline bigint not null,
  refunds bigint not null check (refunds >= 0),
  fee bigint not null check (fee >= 0),
  net bigint not null check (net >= 0),
  carried bigint not null check (carried <= 0),
  currency smallint not null,
  primary key (store_id, settled_window),
  check (from_ms <= until_ms)
);
`

const OPERATORS = `
create table alarm (
  subject_id bigint not null,
  at_ms bigint not null,
  what smallint not null check (what > 0),
  facts jsonb not null,
  facts_digest bytea not null,
  primary key (subject_id, at_ms, what, facts_digest)
);

create index alarm_by_time on alarm (at_ms);

-- small: what is told is deleted
create table outbox (
  name text primary key,
  task smallint not null check (task between 1 and 3),
  subject_id bigint not null,
  body jsonb not null,
  due_ms bigint not null
);

create index outbox_due on outbox (due_ms, name);
`

/** All migrations, in the order of their numbers, which have no gaps. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, sql: PEOPLE + PURSES + SALES + LEDGER + OPERATORS },
  { number: 2, sql: EPOCHS },
  { number: 3, sql: MOVES },
  { number: 4, sql: HOTLISTS },
  { number: 5, sql: FOUND },
  { number: 6, sql: SEALS },
  { number: 7, sql: RETURNS },
  { number: 8, sql: LOST },
  { number: 9, sql: BATCHES },
  { number: 10, sql: CHECKS },
  { number: 11, sql: KEYS },
  { number: 12, sql: JOURNALS },
  { number: 13, sql: LOSSES },
  { number: 14, sql: PROPOSALS },
  { number: 15, sql: CHECKS_IN_ONE },
  { number: 16, sql: HOLDS },
  { number: 17, sql: WRITE_OFFS },
  { number: 18, sql: FORGOTTEN },
  { number: 19, sql: NOTHING_TAKEN },
  { number: 20, sql: SALES_PAID_BY_ISSUER },
  { number: 21, sql: REVOCATIONS },
  { number: 22, sql: CHECKED_BY_TYPE },
  { number: 23, sql: ISSUANCES },
  { number: 24, sql: SOUND },
  { number: 25, sql: ALL_CHANGED },
]
