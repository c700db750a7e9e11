/** The tables about tills, in schema.ts's order: what they must not serve, and what goes back of their sales. */
import { runsOf } from './schema-batches.ts'

/** Terminals that are lost; the hotlist's versions. */
export const HOTLISTS = `
alter table terminal add column lost_at_ms bigint;

-- what changed from version to version; no version is followed by two
create table hotlist (
  follows bigint primary key check (follows >= 0),
  version bigint not null check (version > follows),
  at_ms bigint not null,
  purses_listed bytea not null,
  purses_unlisted bytea not null,
  terminals_listed bytea not null,
  terminals_unlisted bytea not null
);
`

/** What goes back of off-line sales. */
export const RETURNS = `
-- what goes back of an off-line debit: seldom one row for thousands of them
create table "return" (
  purse_id bigint not null,
  seq bigint not null,
  store_id bigint not null,
  terminal_id bigint not null,
  sale bigint not null,
  not_given_at_ms bigint,
  refunded bigint not null check (refunded >= 0),
  primary key (purse_id, seq)
);
`

/** Where terminals' journals stood at their last upload. */
export const JOURNALS = `
alter table terminal
  add column journal_position bigint,
  add column journal_hash bytea,
  add check ((journal_position is null) = (journal_hash is null));
`

/** Claims that are held for voids that have not come. */
export const HOLDS = `
alter table purse add column holds bigint not null default 0;

-- seldom one: a debit is here, and only its chip's totals tell of its void
create table hold (
  purse_id bigint not null,
  seq bigint not null,
  store_id bigint not null,
  amount bigint not null check (amount > 0),
  currency smallint not null,
  stage smallint not null check (stage between 1 and 4),
  at_ms bigint not null,
  charged_at_ms bigint,
  ended_at_ms bigint,
  primary key (purse_id, seq),
  check ((stage in (3, 4)) = (charged_at_ms is not null)),
  check ((stage in (2, 4)) = (ended_at_ms is not null))
);
`

/** What purses have taken more than they were given is written off at once, and by turns. */
export const WRITE_OFFS = `
alter table purse add column write_offs bigint not null default 0;
update purse set write_offs = 1 where written_off > 0;
`

/** Receipts that no chip can be charged for. */
export const LOSSES = `
-- seldom one: under a seq that is taken, of a purse with nothing left, or made too late
create table loss (
  purse_id bigint not null,
  seq bigint not null,
  digest bigint not null,
  kind smallint not null check (kind between 1 and 2),
  amount bigint not null check (amount > 0),
  currency smallint not null,
  terminal_id bigint not null,
  sale bigint not null,
  store_id bigint not null,
  whole bytea not null,
  bearer smallint not null check (bearer between 1 and 2),
  journal_position bigint not null,
  hotlist bigint not null,
  listed_version bigint,
  listed_until_ms bigint,
  at_ms bigint not null,
  primary key (purse_id, seq, digest),
  check ((listed_version is null) = (listed_until_ms is null))
);
`

/** A record of the amount 0 is a record, whoever asked its chip for it. */
export const NOTHING_TAKEN = `
alter table receipt drop constraint receipt_amount_check, add constraint receipt_amount_check check (amount >= 0);
alter table loss drop constraint loss_amount_check, add constraint loss_amount_check check (amount >= 0);
`

/** What the issuer has paid for takes its sale, like a booked debit: as runs of numbers (base/ranges.ts). */
export const SALES_PAID_BY_ISSUER = `
create index loss_of_sale on loss (terminal_id, sale);

create temporary table paid on commit drop as
  select terminal_id, sale from loss where bearer = 1 and kind = 1
  union
  select terminal_id, generate_series(low, high)
  from (
    select terminal_id,
      ('x' || encode(substring(sold from 8 * i + 1 for 4), 'hex'))::bit(32)::bigint as low,
      ('x' || encode(substring(sold from 8 * i + 5 for 4), 'hex'))::bit(32)::bigint as high
    from terminal_sales, generate_series(0, length(sold) / 8 - 1) as i
    where terminal_id in (select terminal_id from loss where bearer = 1 and kind = 1)
  ) as run;

insert into terminal_sales select owner, runs from (${runsOf('terminal_id', 'sale', 'paid')}) as had
  on conflict (terminal_id) do update set sold = excluded.sold;
`
