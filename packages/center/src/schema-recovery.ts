/** Migrations for what goes wrong: a restored book, a lost purse. Numbered in schema.ts; never changed once they have shipped. */

/** What a restored center needs to know, and what else it must compare (F-12, K-1). */
export const EPOCHS = `
create table epoch (
  epoch bigint primary key check (epoch > 0),
  beat bigint not null check (beat >= 0),
  since_ms bigint not null
);

insert into epoch values (1, 0, 0);

create table honoured (
  store_id bigint not null,
  transaction text not null,
  verdict smallint not null check (verdict between 1 and 2),
  reference bytea not null,
  epoch bigint not null,
  at_ms bigint not null,
  primary key (store_id, transaction)
);

alter table store add reported_epoch bigint not null default 1;

alter table purse
  add seen_epoch bigint not null default 0,
  add seen_number bigint not null default 0,
  add seen_stage bigint not null default 0;
`

/** What chips have done that a restored book does not know (F-12). */
export const FOUND = `
create table found (
  purse_id bigint not null,
  epoch bigint not null,
  number bigint not null,
  kind smallint not null check (kind between 1 and 4),
  digest bytea not null,
  outcome smallint not null check (outcome between 1 and 4),
  standing smallint not null check (standing between 1 and 3),
  at_ms bigint not null,
  primary key (purse_id, epoch, number)
);
`

/** Purses that were reported lost (F-11). */
export const LOST = `
alter table purse
  add column lost_at_ms bigint,
  add column written_off bigint not null default 0 check (written_off >= 0),
  drop constraint purse_stage_check, add constraint purse_stage_check check (stage between 1 and 6);
`

/** Loads whose provider must be asked again after a restore (F-12). */
export const CHECKS = `
alter table load add column checked_epoch bigint not null default 1;
`

/** Where a ring is too short, and what two people then decide of what waits (F-12). */
export const FORGOTTEN = `
alter table found
  drop constraint found_standing_check, add constraint found_standing_check check (standing between 1 and 4);

alter table proposal
  drop constraint proposal_what_check, add constraint proposal_what_check check (what between 1 and 5);
`
