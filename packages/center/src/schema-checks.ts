/**
 * The fifteenth migration: what may not be below zero is checked in one go. PostgreSQL reads each check of a table anew in
 * every statement that writes to it, so that eighteen of them cost a purse's update more than the update does.
 */

const NEVER_NEGATIVE = [
  ...['credits', 'debits', 'seen_credits', 'seen_debits', 'seen_seq', 'booked_amount', 'booked_count', 'voided_amount'],
  ...['written_off', 'maximum_value', 'maximum_debit', 'lower_amount', 'upper_amount', 'lower_count', 'upper_count'],
  'pin_above',
]

const POSITIVE = ['subject_id', 'cause', 'debit_kind', 'credit_kind', 'amount']

const dropped = (table: string, columns: readonly string[]): string =>
  columns.map(column => `drop constraint ${table}_${column}_check`).join(', ')

export const CHECKS_IN_ONE = `
alter table purse ${dropped('purse', NEVER_NEGATIVE)},
  add constraint purse_never_negative check (least(${NEVER_NEGATIVE.join(', ')}) >= 0);

alter table entry ${dropped('entry', POSITIVE)},
  add constraint entry_positive check (least(${POSITIVE.join(', ')}) > 0);
`
