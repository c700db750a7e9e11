/** What migrations add for purses in use: moves, loads in parts, further key versions. Once shipped never changed. */

/** Moving to another purse of the same holder; what comes onto a chip in parts. */
export const MOVES = `
alter table purse add column moving_to bigint, drop constraint purse_stage_check, add check (stage between 1 and 5);

create index purse_leaving on purse (moving_to) where stage = 5;

alter table load add column in_parts boolean not null default false;

alter table "order"
  add column delivered bigint not null default 0 check (delivered between 0 and amount),
  add column in_parts boolean not null default false,
  drop constraint order_kind_check, add check (kind between 1 and 3);

update "order" set delivered = amount where stage = 3;

-- what sweeps have taken off a purse, on its way to another of the same account
create table move (
  move_id bigint primary key check (move_id > 0),
  account_id bigint not null,
  from_purse_id bigint not null,
  epoch bigint not null,
  number bigint not null,
  amount bigint not null check (amount > 0),
  currency smallint not null,
  stage smallint not null check (stage between 1 and 2),
  to_purse_id bigint,
  at_ms bigint not null,
  check (stage = 1 or to_purse_id is not null)
);

create index move_from on move (from_purse_id);
create index move_to on move (to_purse_id);

alter table entry
  drop constraint entry_cause_check, drop constraint entry_debit_kind_check, drop constraint entry_credit_kind_check,
  drop constraint entry_check, drop constraint entry_check1,
  add check (cause > 0),
  add check (debit_kind > 0),
  add check (credit_kind > 0),
  add check ((debit_kind between 3 and 6 or debit_kind = 9) = (debit_owner > 0)),
  add check ((credit_kind between 3 and 6 or credit_kind = 9) = (credit_owner > 0));

alter table outbox drop constraint outbox_task_check, add check (task > 0);
`

/** Which of its key versions a chip is to accept still. */
export const KEYS = `
alter table purse
  add column keys_since_ms bigint not null default 0,
  add column key_floor bigint not null default 1;
`
