/**
 * The twenty-third migration: what a purse was given no longer stands in the row that every payment writes anew (decision
 * 40). Both tables are made anew, and their keys when all rows are there: so no row keeps the width that it had.
 */

const STANDING = [
  ...['purse_id', 'seen_floor', 'holds', 'voided_amount', 'epoch', 'closed_epoch', 'credits', 'seen_credits'],
  ...['currency', 'stage', 'blocked', 'flag', 'number', 'closed_number', 'seen_epoch', 'seen_number', 'seen_stage'],
  ...['debits', 'seen_debits', 'seen_seq', 'booked_amount', 'booked_count', 'taken', 'trail'],
].join(', ')

const GIVEN = [
  ...[
    'purse_id',
    'chip_id',
    'device_id',
    'account_id',
    'reserved_until_ms',
    'key_version',
    'keys_since_ms',
    'key_floor',
  ],
  ...['settings', 'settings_seen', 'maximum_value', 'maximum_debit', 'lower_amount', 'upper_amount', 'lower_count'],
  ...['upper_count', 'pin_above', 'written_off', 'write_offs', 'moving_to', 'lost_at_ms', 'chip_class'],
  ...['public_key', 'certificate'],
].join(', ')

export const ISSUANCES = `
create table issuance (
  purse_id positive not null,
  chip_id bigint not null,
  device_id bigint not null,
  account_id bigint not null,
  reserved_until_ms bigint not null,
  key_version bigint not null,
  keys_since_ms bigint not null default 0,
  key_floor bigint not null default 1,
  settings bigint not null,
  settings_seen bigint not null,
  maximum_value never_negative not null,
  maximum_debit never_negative not null,
  lower_amount never_negative not null,
  upper_amount never_negative not null,
  lower_count never_negative not null,
  upper_count never_negative not null,
  pin_above never_negative not null,
  written_off never_negative not null default 0,
  write_offs bigint not null default 0,
  moving_to bigint,
  lost_at_ms bigint,
  chip_class word not null,
  public_key bytea,
  certificate bytea
) with (fillfactor = 90);

-- fillfactor: when all purses of a page are changed, each finds room beside where it stood, and no index is told.
-- Columns that change together stand together, last those that a receipt changes: what lies before the first byte that
-- differs, and behind the last, does not go into the log
create table purse_standing (
  purse_id positive not null,
  seen_floor bigint not null default 0,
  holds bigint not null default 0,
  voided_amount never_negative not null default 0,
  epoch bigint not null,
  closed_epoch bigint not null,
  credits never_negative not null,
  seen_credits never_negative not null,
  currency smallint not null,
  stage word not null,
  blocked boolean not null,
  flag boolean not null,
  number bigint not null,
  closed_number bigint not null,
  seen_epoch bigint not null default 0,
  seen_number bigint not null default 0,
  seen_stage bigint not null default 0,
  debits never_negative not null,
  seen_debits never_negative not null,
  seen_seq never_negative not null,
  booked_amount never_negative not null,
  booked_count never_negative not null,
  taken bytea not null default '',
  trail bytea not null default ''
) with (fillfactor = 45);

insert into issuance (${GIVEN}) select ${GIVEN} from purse;
insert into purse_standing (${STANDING}) select ${STANDING} from purse;

drop table purse;
alter table purse_standing rename to purse;

alter table issuance add primary key (purse_id);
alter table purse add primary key (purse_id);
create index purse_blocked on purse (purse_id) where blocked;

analyze purse;
analyze issuance;
`
