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

/**
 * The twenty-second: what a column may hold is said by its type. A domain's check is read once a connection, a table's check
 * in every statement that writes to the table; of a pay by itself that was two fifths of all that PostgreSQL did.
 */
const DOMAINS = {
  /** The number of a word of book-codes.ts, or of the protocol's tables. */
  word: 'smallint check (value >= 0)',
  positive: 'bigint check (value > 0)',
  never_negative: 'bigint check (value >= 0)',
}

type Domain = keyof typeof DOMAINS

/** The tables that every pay writes to. */
const TYPED: Readonly<Record<string, Partial<Record<Domain, readonly string[]>>>> = {
  purse: { positive: ['purse_id'], word: ['chip_class', 'stage'], never_negative: NEVER_NEGATIVE },
  operation: { word: ['kind', 'decision', 'closed_source', 'closed_outcome'], never_negative: ['amount'] },
  number: { positive: ['amount'], never_negative: ['refunded'] },
  entry: { positive: ['subject_id', 'amount'], word: ['cause', 'debit_kind', 'credit_kind'] },
  claim: { positive: ['store_id'], word: ['part'], never_negative: ['settled_window', 'count'] },
  outbox: { word: ['task'] },
}

const typed = (domains: Partial<Record<Domain, readonly string[]>>): string =>
  Object.entries(domains)
    .flatMap(([domain, columns]) => columns.map(column => `alter column ${column} type ${domain}`))
    .join(', ')

const REPLACED: Readonly<Record<string, readonly string[]>> = {
  purse: ['purse_check', 'purse_chip_class_check', 'purse_never_negative', 'purse_purse_id_check', 'purse_stage_check'],
  operation: [
    ...['operation_amount_check', 'operation_check', 'operation_check1', 'operation_closed_outcome_check'],
    ...['operation_closed_source_check', 'operation_decision_check', 'operation_kind_check'],
  ],
  number: ['number_amount_check', 'number_check', 'number_refunded_check'],
  entry: ['entry_check', 'entry_check1', 'entry_check2', 'entry_positive'],
  claim: [
    'claim_amount_check',
    'claim_count_check',
    'claim_part_check',
    'claim_settled_window_check',
    'claim_store_id_check',
  ],
  outbox: ['outbox_task_check'],
}

/** What columns may not be together is left to one function a table: it is compiled once a connection. */
const soundness = (table: string, condition: string): string => `
create function is_sound(${table}) returns boolean language plpgsql immutable as $$
begin
  return ${condition};
end $$;

alter table ${table} add constraint ${table}_is_sound check (is_sound(${table}.*));
`

const ENTRY_IS_SOUND = soundness(
  'entry',
  `($1.debit_kind between 3 and 6 or $1.debit_kind = 9) = ($1.debit_owner > 0)
    and ($1.credit_kind between 3 and 6 or $1.credit_kind = 9) = ($1.credit_owner > 0)
    and ($1.debit_kind, $1.debit_owner) <> ($1.credit_kind, $1.credit_owner)`,
)

/** The twenty-fourth: no more is refunded than was paid; an operation is closed wholly or not at all, and decided before. */
export const SOUND =
  soundness('number', '$1.refunded <= $1.amount') +
  soundness(
    'operation',
    `num_nulls($1.closed_at_ms, $1.closed_source, $1.closed_outcome) in (0, 3)
    and ($1.closed_at_ms is null or $1.decision <> 1)`,
  )

/** The twenty-fifth: rows that were read without a lock are changed all, or not at all: then their reader reads again. */
export const ALL_CHANGED = `
create function all_changed(changed bigint, wanted bigint) returns void language plpgsql as $$
begin
  if changed <> wanted then
    raise exception '% of % rows stand as they were read', changed, wanted using errcode = 'serialization_failure';
  end if;
end $$;
`

export const CHECKED_BY_TYPE =
  Object.entries(DOMAINS)
    .map(([name, type]) => `create domain ${name} as ${type};\n`)
    .join('') +
  Object.entries(TYPED)
    .map(([table, domains]) => {
      const drops = (REPLACED[table] ?? []).map(each => `drop constraint ${each}`)
      return `alter table ${table} ${drops.join(', ')};\nalter table ${table} ${typed(domains)};\n`
    })
    .join('') +
  ENTRY_IS_SOUND
