/**
 * Seals in PostgreSQL: a stretch of time is sealed when no transaction is at work that could still add to it. Reads the
 * rows by their times, which indexes of a few pages find; no row of the money path is touched, or waits.
 * @spec INV-AUDIT
 */
import { assert } from '@kozeni/base/assert'
import { type Total, total } from '@kozeni/base/money'
import type { Crypto } from '@kozeni/protocol/crypto'
import { bigintIn } from './book-postgres-sums.ts'
import { RECORD_BYTES } from './book-postgres-trail.ts'
import { type Session, statement, WRITERS } from './postgres-session.ts'
import { bigints, byteStrings, fields, mapped, numbers, table } from './postgres-table.ts'
import type { Statement } from './postgres-trip.ts'
import { type Content, type Contents, type SealedKind, type SealRow, type Stretch, sealed } from './seal.ts'
import type { Vault } from './vault.ts'

const contentColumns = (kind: string) =>
  fields({
    count: numbers(`${kind}_count`),
    sum: mapped<bigint, Total>(bigints(`${kind}_sum`), sum => sum, total),
    digest: byteStrings(`${kind}_digest`),
  })

export const SEAL = table<SealRow>('seal', {
  number: numbers('number'),
  from: numbers('from_ms'),
  until: numbers('until_ms'),
  entries: contentColumns('entry'),
  operations: contentColumns('operation'),
  receipts: contentColumns('receipt'),
  head: byteStrings('head'),
  signature: byteStrings('signature'),
})

/** Before this instant nothing can be added any more: the oldest transaction that may write began later. */
const SAFE = `
  select floor(extract(epoch from least(clock_timestamp() - interval '1 second', min(xact_start))) * 1000)::bigint
  from pg_stat_activity
  where datname = current_database() and application_name = '${WRITERS}'`

interface Rows {
  readonly table: string
  readonly time: string
  /** What is hashed of a row, and in which order rows follow. */
  readonly hashed: string
  readonly order: string
  readonly count?: string
  readonly sum: string
}

const text = (columns: string): string => `convert_to(row(${columns})::text, 'UTF8')`

const ROWS: Readonly<Record<SealedKind, Rows>> = {
  entries: {
    table: 'entry',
    time: 'at_ms',
    hashed: text(
      'subject_id, cause, first, second, debit_kind, debit_owner, credit_kind, credit_owner, amount, currency, at_ms',
    ),
    order: 'subject_id, cause, first, second',
    sum: 'amount',
  },
  operations: {
    table: 'operation',
    time: 'closed_at_ms',
    hashed: text(
      'purse_id, epoch, number, kind, amount, currency, reference, digest, decision, closed_at_ms, closed_source, ' +
        'closed_outcome, opened_at_ms, session_end_ms, store_id, transaction, order_id',
    ),
    order: 'purse_id, epoch, number',
    sum: 'amount',
  },
  // booked ones alone, by their batches: a held one may be booked yet. What they move stands in the entries
  receipts: {
    table: 'receipt_batch',
    time: 'at_ms',
    hashed: `${text('batch_id, part, terminal_id, store_id, first_sale, last_sale, at_ms')} || records`,
    order: 'batch_id, part',
    count: `coalesce(sum(octet_length(records) / ${RECORD_BYTES}), 0)::bigint`,
    sum: '0',
  },
}

const contentOf = ({ table: name, time, hashed, order, count = 'count(*)', sum }: Rows): string => `
  select ${count}, coalesce(sum(${sum}), 0)::bigint,
    sha256(coalesce(string_agg(sha256(${hashed}), ''::bytea order by ${order}), ''))
  from ${name} where ${time} >= $1 and ${time} < $2`

const CONTENT: Readonly<Record<SealedKind, string>> = {
  entries: contentOf(ROWS.entries),
  operations: contentOf(ROWS.operations),
  receipts: contentOf(ROWS.receipts),
}

/** What the book has in a stretch of time now. */
export async function contentsOf(session: Session, from: number, until: number): Promise<Contents> {
  const one = (kind: SealedKind): Statement => statement(CONTENT[kind], from, until)
  const answers = await session.all([one('entries'), one('operations'), one('receipts')])
  const [entries, operations, receipts] = answers.map(({ rows }) => contentIn(rows[0] ?? []))
  assert(entries && operations && receipts, 'three answers')
  return { entries, operations, receipts }
}

function contentIn([count, sum, digest]: readonly unknown[]): Content {
  assert(digest instanceof Uint8Array, 'a digest')
  return { count: Number(bigintIn(count)), sum: total(bigintIn(sum)), digest }
}

const isEmpty = ({ entries, operations, receipts }: Contents): boolean =>
  entries.count + operations.count + receipts.count === 0

const LAST = `select ${SEAL.list} from seal order by number desc limit 1`
const ADD = `insert into seal (${SEAL.list}) select * from unnest(${SEAL.arrays}) on conflict do nothing`

/** The newest seal. */
export async function lastSeal(session: Session): Promise<SealRow | undefined> {
  const [answer] = await session.all([LAST])
  return (answer?.rows ?? []).map(SEAL.read)[0]
}

/** Whoever looks back looks over this much at a time; nothing in it, and it looks further. */
const SPAN_MS = 10_000
/** A stretch in which nothing happened is sealed after this long, so that nothing can be put into it later. */
const QUIET_MS = 3_600_000

export interface SealMeans {
  readonly crypto: Crypto
  readonly vault: Vault
  /** The book's time, from the database's. */
  readonly now: (databaseNow: number) => number
}

/**
 * Seals the next stretch, if there is anything to seal. Several centers may: one of them adds the seal.
 *
 * @returns the seal that was made
 */
export async function sealNext(session: Session, means: SealMeans): Promise<SealRow | undefined> {
  const last = await lastSeal(session)
  const [safe] = await session.all([SAFE])
  const until = means.now(Number(bigintIn(safe?.rows[0]?.[0])))
  const stretch = await nextStretch(session, last, until)
  if (stretch === undefined) return undefined
  const row = sealed(means, last, stretch)
  await session.all([statement(ADD, ...SEAL.parameters([row]))])
  return row
}

async function nextStretch(session: Session, last: SealRow | undefined, safe: number): Promise<Stretch | undefined> {
  const from = last?.until ?? 0
  const number = (last?.number ?? 0) + 1
  for (let span = last === undefined ? safe : SPAN_MS; from < safe; span *= 2) {
    const until = Math.min(from + span, safe)
    const contents = await contentsOf(session, from, until)
    if (!isEmpty(contents) || until - from >= QUIET_MS) return { number, from, until, ...contents }
    if (until === safe) return undefined
  }
  return undefined
}

const EVERY = `select ${SEAL.list} from seal where number > $1 order by number limit 100`

/** Every seal, with what the book has now in its stretch. */
export async function* sealsOf(session: Session): AsyncGenerator<{ readonly seal: SealRow; readonly now: Contents }> {
  for (let after = 0; ; ) {
    const [answer] = await session.all([statement(EVERY, after)])
    const page = (answer?.rows ?? []).map(SEAL.read)
    for (const seal of page) yield { seal, now: await contentsOf(session, seal.from, seal.until) }
    const end = page.at(-1)
    if (end === undefined) return
    after = end.number
  }
}
