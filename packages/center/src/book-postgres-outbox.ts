/** The outbox in PostgreSQL: what is due is leased, so that of several centers one tells it, unless that one dies. */
import type { Instant } from './book.ts'
import type { OutboxRow } from './book-outbox.ts'
import { bigintIn } from './book-postgres-sums.ts'
import { OUTBOX } from './book-tables.ts'
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

/** The task is done and forgotten, or is due again. */
export async function taskTold(session: Session, name: string, again: Instant | undefined): Promise<void> {
  const told =
    again === undefined
      ? statement('delete from outbox where name = $1', name)
      : statement('update outbox set due_ms = $2 where name = $1', name, again)
  await session.all([told])
}
