/** The tables about what two operators decide together, in schema.ts's order. Never changed once they have shipped. */

/** Proposals; and which purses' chips have answered a fence that did not settle everything. */
export const PROPOSALS = `
create table proposal (
  proposal_id bigint primary key,
  what smallint not null check (what between 1 and 4),
  purse_id bigint,
  epoch bigint,
  number bigint,
  facts jsonb not null,
  reason text not null,
  proposed_by text not null,
  at_ms bigint not null,
  stage smallint not null check (stage between 1 and 3),
  ended_by text,
  ended_at_ms bigint,
  check (num_nulls(purse_id, epoch, number) in (0, 3)),
  check ((what = 1) = (purse_id is null)),
  check ((stage = 1) = (ended_by is null) and (stage = 1) = (ended_at_ms is null)),
  check (stage <> 2 or ended_by <> proposed_by)
);

create index proposal_by_time on proposal (at_ms);
create index proposal_by_purse on proposal (purse_id) where purse_id is not null;

alter table purse add column seen_floor bigint not null default 0;

alter table operation
  drop constraint operation_closed_source_check,
  add constraint operation_closed_source_check check (closed_source between 1 and 5);
`

/** An end to a version of the purses' keys is about no purse. */
export const REVOCATIONS = `
alter table proposal
  drop constraint proposal_what_check, add constraint proposal_what_check check (what between 1 and 6),
  drop constraint proposal_check1, add constraint proposal_of_purse_check check ((what in (1, 6)) = (purse_id is null));
`
