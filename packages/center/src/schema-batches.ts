/** The ninth migration: booked receipts stand in batches, those that were booked before too (decision 22). */

const TABLES = `
-- what was booked in one transaction, terminal by terminal: receipts as they came, each with its links to its purse's
-- others (book-postgres-trail.ts). Signed bytes do not compress
create table receipt_batch (
  batch_id bigint not null check (batch_id > 0),
  part bigint not null check (part between 0 and 65535),
  terminal_id bigint not null,
  store_id bigint not null,
  first_sale bigint not null,
  last_sale bigint not null,
  at_ms bigint not null,
  records bytea not null,
  primary key (batch_id, part)
);

alter table receipt_batch alter column records set storage external;

create index receipt_batch_of_terminal on receipt_batch (terminal_id, batch_id);
create index receipt_batch_of_store on receipt_batch (store_id, batch_id);
create index receipt_batch_by_time on receipt_batch using brin (at_ms) with (pages_per_range = 16);

-- which of a terminal's sales are paid, as runs of numbers (base/ranges.ts): one sale is paid once (K-1)
create table terminal_sales (
  terminal_id bigint primary key,
  sold bytea not null
) with (fillfactor = 50);

-- taken: the seqs of all receipts that are here, as runs. trail: where the booked ones are
alter table purse add column voided_amount bigint not null default 0 check (voided_amount >= 0);
alter table purse add column taken bytea not null default '';
alter table purse add column trail bytea not null default '';

alter table claim add column count bigint not null default 1 check (count >= 0);


drop index receipt_of_sale, receipt_of_store, receipt_by_time;
`

/** Numbers as runs, as base/ranges.ts has them: `select owner, runs`. */
export const runsOf = (owner: string, number: string, from: string): string => `
  select ${owner} as owner, string_agg(substring(int8send(low) from 5) || substring(int8send(high) from 5), '' order by low) as runs
  from (
    select ${owner}, min(${number}) as low, max(${number}) as high
    from (select ${owner}, ${number}, ${number} - row_number() over (partition by ${owner} order by ${number}) as run from ${from}) as numbered
    group by ${owner}, run
  ) as run
  group by ${owner}`

const RECEIPTS_INTO_BATCHES = `
-- what was booked one by one becomes a batch of one each, linked without milestones
create temporary table packed on commit drop as
  select *, coalesce(lag(batch_id) over (partition by purse_id order by batch_id), 0) as before
  from (select *, row_number() over (order by at_ms, purse_id, seq) as batch_id from receipt where standing = 1) as booked;

insert into receipt_batch
  select batch_id, 0, terminal_id, store_id, sale, sale, at_ms, whole || int8send(before) || decode(repeat('00', 20), 'hex')
  from packed;

update purse set trail = int8send(latest) || decode(repeat('00', 16), 'hex') || int4send(count) || int4send(0), voided_amount = voided
  from (
    select purse_id as owner, max(batch_id) as latest, count(*)::int as count, coalesce(sum(amount) filter (where kind = 2), 0) as voided
    from packed group by purse_id
  ) as had
  where purse_id = owner;

update purse set taken = runs from (${runsOf('purse_id', 'seq', 'receipt')}) as had where purse_id = owner;

insert into terminal_sales select owner, runs from (${runsOf('terminal_id', 'sale', 'sale')}) as had;

insert into entry
  select store_id, 14 + kind, batch_id, 1,
    case kind when 1 then 10 else 6 end, case kind when 1 then 0 else store_id end,
    case kind when 1 then 6 else 10 end, case kind when 1 then store_id else 0 end, amount, currency, at_ms
  from packed;

update claim set subject_id = packed.store_id, cause = 14 + kind, first = batch_id, second = 1, count = 2 - kind
  from packed
  where claim.subject_id = purse_id and claim.cause in (6, 7) and claim.first = seq and claim.store_id = packed.store_id;

delete from entry where cause in (6, 7);
delete from receipt where standing = 1;
drop table sale;
`

/** The tables, and what stood in others before. */
export const BATCHES = TABLES + RECEIPTS_INTO_BATCHES
