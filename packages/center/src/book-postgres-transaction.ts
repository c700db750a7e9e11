/** One transaction for a group of tasks: lock and read, decide each on its own rows, write, commit, and then answer. */
import { AnswerLost, type Instant, RowTaken, type Seen, type Write } from './book.ts'
import { readSeen } from './book-postgres-read.ts'
import { isShared, type Outcome, type Task } from './book-postgres-task.ts'
import { type Change, changesOf } from './book-postgres-write.ts'
import { rowName, saleName, takesSale, wasSeen } from './book-writes.ts'
import { failureOf, type Session } from './postgres-session.ts'

export interface TransactionOptions {
  readonly lockOneByOne: boolean
  /** The book's clock, from the database's. */
  readonly now: (databaseNow: Instant) => Instant
  /** A name for a batch of receipts. */
  readonly newBatch: (at: Instant) => bigint
}

/**
 * Runs the group's commands in one transaction.
 *
 * @returns those that have to be decided again: one wrote what another of the group had written, or what many share
 * @throws  AnswerLost when the connection broke during the commit; else nothing of the group is written
 */
export async function transact(
  session: Session,
  group: readonly Task[],
  options: TransactionOptions,
): Promise<readonly Task[]> {
  const lock = group.some(task => task.exclusive) ? 'all' : 'own'
  const begin = 'begin isolation level read committed'
  const keys = group.map(task => task.keys)
  const { seen, sold } = await readSeen(session, keys, { ...options, begin, lock })
  const { decided, again } = decideAll(group, seen)
  await writeAll(session, changesOf(decided, { sold, newBatch: options.newBatch }))
  for (const { outcome } of decided) outcome.give()
  return again
}

/** Shows each task of the group what it asks for: all as of one instant, nothing locked. */
export async function show(session: Session, group: readonly Task[], options: TransactionOptions): Promise<void> {
  const begin = 'begin isolation level repeatable read read only'
  const keys = group.map(task => task.keys)
  const { seen, ended } = await readSeen(session, keys, { ...options, begin, end: 'commit', lock: 'nothing' })
  for (const { outcome } of decideAll(group, seen).decided) outcome.give()
  if (!ended) await session.all(['commit'])
}

interface Done {
  readonly seen: Seen
  readonly writes: Outcome['writes']
  readonly outcome: Outcome
}

/** A throw from one decision is that command's alone. */
function decideAll(group: readonly Task[], seen: readonly Seen[]): { decided: Done[]; again: Task[] } {
  const [decided, again]: [Done[], Task[]] = [[], []]
  const written = new Set<string>()
  group.forEach((task, i) => {
    const shown = seen[i]
    const outcome = shown && decideOne(task, shown)
    if (shown === undefined || outcome === undefined) return
    const { writes } = outcome
    const names = writes.flatMap(namesOf)
    const unlocked = !task.exclusive && writes.some(write => isShared(write) && wasSeen(shown, write))
    if (unlocked) task.exclusive = true
    if (unlocked || names.some(name => written.has(name))) return again.push(task)
    for (const name of names) written.add(name)
    return decided.push({ seen: shown, writes, outcome })
  })
  return { decided, again }
}

/** What no two commands of a group may both write: the row, and the sale that a receipt takes. */
const namesOf = (write: Write): string[] => {
  const name = `${write.write} ${rowName(write)}`
  return write.write === 'receipt' && takesSale(write.row) ? [name, `sale ${saleName(write.row)}`] : [name]
}

function decideOne(task: Task, seen: Seen): Outcome | undefined {
  try {
    return task.decide(seen)
  } catch (error) {
    task.fail(error)
    return undefined
  }
}

async function writeAll(session: Session, changes: readonly Change[]): Promise<void> {
  const statements = changes.map(change => change.statement)
  if (changes.every(change => change.holds === undefined)) return await commit(session, statements)
  const answers = await session.all(statements)
  const stands = changes.every(({ holds }, i) => answers[i] === undefined || holds === undefined || holds(answers[i]))
  if (!stands) throw new RowTaken('what is unsettled has changed')
  await commit(session, [])
}

/** From here on a broken connection leaves open whether the group is written. */
export async function commit(session: Session, statements: Parameters<Session['all']>[0]): Promise<void> {
  try {
    await session.all([...statements, 'commit'])
  } catch (error) {
    if (failureOf(error) !== 'lost') throw error
    throw new AnswerLost('the connection to PostgreSQL broke during a commit', { cause: error })
  }
}
