/** The tables about tills, in schema.ts's order: what they must not serve, and what goes back of their sales. */

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
