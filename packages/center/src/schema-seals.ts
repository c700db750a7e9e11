/**
 * The tables of the audit chain. What the book had in one stretch of time, and may never change again (seal.ts), is found by
 * block ranges: rows lie in the order of their times.
 */

/** One migration of schema.ts. */
export const SEALS = `
create table seal (
  number bigint primary key check (number > 0),
  from_ms bigint not null,
  until_ms bigint not null,
  entry_count bigint not null,
  entry_sum bigint not null,
  entry_digest bytea not null,
  operation_count bigint not null,
  operation_sum bigint not null,
  operation_digest bytea not null,
  receipt_count bigint not null,
  receipt_sum bigint not null,
  receipt_digest bytea not null,
  head bytea not null,
  signature bytea not null,
  check (from_ms < until_ms)
);

create index entry_by_time on entry using brin (at_ms) with (pages_per_range = 16);
create index operation_closed on operation using brin (closed_at_ms) with (pages_per_range = 16);
create index receipt_by_time on receipt using brin (at_ms) with (pages_per_range = 16);
`
