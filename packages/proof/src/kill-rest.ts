/** After a death: everybody recovers by the ordinary means, and how long it takes until nothing is left to do is measured. */
import { LOAD_STAGE, ORDER_STAGE } from '@kozeni/center/book-codes'
import { openPool, statement, withSession } from '@kozeni/center/postgres-session'
import type { KillTown } from './kill-town.ts'

/** The longest that anything may take after a restart. */
export const MOST_MS = 60_000

const PAUSE_MS = 100

const UNDONE = `
  select 'open operation ' || purse_id || ' ' || number from operation where closed_at_ms is null
  union all select 'waiting order ' || order_id from "order" where stage = ${ORDER_STAGE.waiting}
  union all select 'load ' || load_id from load
    where stage in (${LOAD_STAGE.requested}, ${LOAD_STAGE.captured}, ${LOAD_STAGE['giving-back']})
  union all select 'task ' || name from outbox`

/**
 * What is still to be told to the world when everything else rests. A task that a dead center had leased is hidden until
 * the lease ends; the next cycle need not wait for it, but within a minute of its restart it must be gone.
 */
export class Outstanding {
  readonly #since = new Map<string, number>()
  worstMs = 0

  /** @param tasks  that are there now; @param restartedAt  when what was killed was up again */
  note(tasks: readonly string[], restartedAt: number): void {
    for (const [name, since] of this.#since) {
      if (tasks.includes(name)) continue
      this.#since.delete(name)
      this.worstMs = Math.max(this.worstMs, performance.now() - since)
    }
    for (const name of tasks) if (!this.#since.has(name)) this.#since.set(name, restartedAt)
  }

  /** Tasks that have waited for more than a minute. */
  get late(): readonly string[] {
    return [...this.#since].filter(([, since]) => performance.now() - since > MOST_MS).map(([name]) => name)
  }
}

/**
 * Lets everybody recover until nothing is open but leased tasks, or a minute has passed.
 *
 * @param restartedAt  by performance.now()
 * @returns what is still undone; empty at rest
 */
export async function recoverAll(
  town: KillTown,
  outstanding: Outstanding,
  restartedAt: number,
): Promise<readonly string[]> {
  for (;;) {
    await Promise.allSettled([...town.phones.map(phone => phone.ask('POST /recover')), recoverTill(town)])
    const undone = await undoneIn(town.postgres.url)
    const tasks = undone.filter(each => each.startsWith('task '))
    outstanding.note(tasks, restartedAt)
    const others = undone.filter(each => !each.startsWith('task '))
    if (others.length === 0) return outstanding.late
    if (performance.now() - restartedAt > MOST_MS) return others
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}

/** Waits for the last leased tasks. @returns those that did not go in time */
export async function untilTold(town: KillTown, outstanding: Outstanding): Promise<readonly string[]> {
  for (;;) {
    const tasks = (await undoneIn(town.postgres.url)).filter(each => each.startsWith('task '))
    outstanding.note(tasks, performance.now())
    if (tasks.length === 0 || outstanding.late.length > 0) return outstanding.late
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}

/** A sale whose end is not known is led to its end by the same chip's tap; then everything is uploaded. */
async function recoverTill({ till }: KillTown): Promise<void> {
  const status = await till.ask('GET /status')
  const loose = status.ok ? [status.value['unresolved'], status.value['unresolvedVoids']].flat() : []
  for (const _ of loose) await till.ask('POST /retry', { waitMs: 1_000 })
  await till.ask('POST /upload')
}

async function undoneIn(url: string): Promise<readonly string[]> {
  const pool = openPool({ url, connections: 1, name: 'kozeni proof', patient: true })
  try {
    const [answer] = await withSession(pool, session => session.all([statement(UNDONE)]))
    return (answer?.rows ?? []).map(([what]) => String(what))
  } finally {
    await pool.end()
  }
}
