/** The outbox in PostgreSQL: what is due is leased, so that of several centers one tells it, unless that one dies. */
import type { Instant } from './book.ts'
import type { OutboxRow } from './book-outbox.ts'
import { bigintIn } from './book-postgres-sums.ts'
import { OUTBOX } from './book-tables.ts'
import { arrayOf } from './postgres-array.ts'
import { type Session, statement } from './postgres-session.ts'

const NOW = 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint'

const LEASE = `
  with due as (
    select ${OUTBOX.list} from outbox
    where due_ms <= $1
    order by due_ms, name limit $2
    for update skip locked
  ), leased as (
    update outbox set due_ms = $3 from due where outbox.name = due.name
  )
  select ${OUTBOX.list} from due order by due_ms, name`

/** @returns the oldest due tasks, as they were; nobody else is given them for `leaseMs` */
export async function dueTasks(
  session: Session,
  limit: number,
  leaseMs: number,
  now: (databaseNow: Instant) => Instant,
): Promise<readonly OutboxRow[]> {
  const [clock] = await session.all([statement(NOW)])
  const at = now(Number(bigintIn(clock?.rows[0]?.[0])))
  const [leased] = await session.all([statement(LEASE, at, limit, at + leaseMs)])
  return (leased?.rows ?? []).map(OUTBOX.read)
}

/** What has become of a task: due again, or done and forgotten. */
export interface Told {
  readonly name: string
  readonly again: Instant | undefined
}

const FORGET = 'delete from outbox where name = any($1)'
const PUT_OFF = `
  update outbox set due_ms = given.due_ms from unnest($1::text[], $2::bigint[]) as given (name, due_ms)
  where outbox.name = given.name`

/** Of different tasks; all of them, or none. In the order of their names, as who adds them. */
export async function tasksTold(session: Session, told: readonly Told[]): Promise<void> {
  const ordered = told.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const done = ordered.filter(({ again }) => again === undefined)
  const putOff = ordered.filter(({ again }) => again !== undefined)
  const dues = putOff.map(({ again = 0 }) => BigInt(again))
  await session.all([
    ...(done.length > 0 ? [statement(FORGET, namesOf(done))] : []),
    ...(putOff.length > 0 ? [statement(PUT_OFF, namesOf(putOff), arrayOf('bigint', dues))] : []),
  ])
}

const namesOf = (told: readonly Told[]): Buffer =>
  arrayOf(
    'text',
    told.map(({ name }) => name),
  )
