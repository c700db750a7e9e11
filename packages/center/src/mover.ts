/**
 * Moves what the book says must be done after a transaction: captures, refunds of captures, webhooks, moves to a next purse. A task is leased, done, and
 * struck out; whatever interrupts it is done again, which each of them allows. Also decides VOID for pays whose session
 * is over, so that stores hear of it. The mover decides nothing else and closes nothing (F-6).
 */
import type { LoadId, MoveId, PurseId } from '@kozeni/base/ids'
import type { Instant, LoadRow, OperationRow } from './book.ts'
import type { OutboxRow } from './book-outbox.ts'
import type { FundingSource } from './funding.ts'
import { type HoldStep, holdClaims } from './hold.ts'
import { checkFunds, fund, returnFunds } from './load-funding.ts'
import { payOutLost } from './lost.ts'
import type { Marks } from './mark.ts'
import { bringMove } from './move-settle.ts'
import { settleVerdict } from './payment.ts'
import type { Policy } from './policy.ts'
import { Pulse } from './pulse.ts'
import { sendWebhook, type WebhookMeans } from './store-webhook.ts'
import type { Views } from './views.ts'

export interface MoverMeans extends WebhookMeans {
  readonly policy: Policy
  readonly views: Pick<Views, 'operations'>
  readonly funding: FundingSource
  readonly marks: Marks
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>) => void
}

/** Longer than one call to the world may take; what a dead center had leased is told this much later. */
const LEASE_MS = 30_000
const TASKS_AT_ONCE = 16
const LEAST_WAIT_MS = 1000
/** What is tried until it works; a gap says itself when it is to be looked at. */
type Retried = Exclude<OutboxRow['task'], 'gap'>
const MOST_WAIT_MS: Readonly<Record<Retried, number>> = {
  capture: 5 * 60_000,
  check: 5 * 60_000,
  'give-back': 5 * 60_000,
  lost: 60 * 60_000,
  move: 5 * 60_000,
  webhook: 60 * 60_000,
}
/** The store may ask for ever; it is told for three days. */
const WEBHOOK_MS = 3 * 24 * 3_600_000
/** The holder's own request asks the provider first. */
const GRACE_MS = 5_000
const IDLE_MS = 200
/** How often pays past their session are looked for. */
const SWEEP_MS = 1000
const PAGE = 500

/** What became of a task: struck out, or due again; `since` is when the world should have been told. */
type Moved = 'done' | { readonly since: Instant }

export class Mover {
  readonly #means: MoverMeans
  #running: Promise<void> | undefined
  #stopped = false
  #sweptAt = Number.NEGATIVE_INFINITY

  constructor(means: MoverMeans) {
    this.#means = means
  }

  /** Does what is due now. @returns how many tasks and overdue pays there were */
  async step(): Promise<number> {
    const overdue = await this.#expire()
    const tasks = await this.#means.book.due(TASKS_AT_ONCE, LEASE_MS)
    await Promise.all(tasks.map(task => this.#move(task)))
    return overdue + tasks.length
  }

  /** Goes on until stop(). A book that is away for a while is waited for. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Ends when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const moved = await this.step().catch(error => this.#failed('the mover could not read the book', error))
      if (moved === 0) await this.#means.clock.wait(IDLE_MS)
    }
  }

  /** @spec F-8 */
  async #expire(): Promise<number> {
    const { clock } = this.#means
    if (clock.now() < this.#sweptAt + SWEEP_MS) return 0
    this.#sweptAt = clock.now()
    let [decided, after]: [number, string | undefined] = [0, undefined]
    do {
      const page = await this.#means.views.operations({ open: true, purse: undefined }, { limit: PAGE, after })
      for (const pay of page.rows.filter(row => isOverdue(row, clock.now()))) decided += await this.#decide(pay)
      after = page.next
    } while (after !== undefined)
    return decided
  }

  async #decide({ store, transaction }: OperationRow): Promise<number> {
    const { book } = this.#means
    if (store === undefined || transaction === undefined) return 0
    const { number } = await book.look({ number: { store, transaction } })
    if (number === undefined) return 0
    await book.run(settleVerdict(this.#means, number))
    return 1
  }

  async #move(task: OutboxRow): Promise<void> {
    const { book } = this.#means
    try {
      await book.told(task.name, await this.#act(task, task.task))
    } catch (error) {
      this.#failed(`the task ${task.name} met a bug and is tried again`, error)
    }
  }

  /** @returns when it is due again, undefined when it is struck out */
  async #act(task: OutboxRow, kind: OutboxRow['task']): Promise<Instant | undefined> {
    if (kind === 'gap') return againOf(await holdClaims(this.#means, task.subject as PurseId))
    const moved = await this.#try(task)
    return moved === 'done' ? undefined : againAt(kind, moved.since, this.#means.clock.now())
  }

  async #try(task: OutboxRow): Promise<Moved> {
    if (task.task === 'webhook') return await this.#tellStore(task)
    if (task.task === 'move') return await this.#bring(task.subject as MoveId)
    if (task.task === 'lost') return await this.#payOut(task.subject as PurseId, task.due)
    const { load } = await this.#means.book.look({ load: task.subject as LoadId })
    if (load === undefined) return 'done'
    if (task.task === 'check') return (await checkFunds(this.#means, load)) ? 'done' : { since: task.due }
    return task.task === 'capture' ? await this.#capture(load) : await this.#giveBack(load)
  }

  /** @spec F-13 */
  async #capture(load: LoadRow): Promise<Moved> {
    if (load.stage !== 'requested') return 'done'
    if (this.#means.clock.now() < load.at + GRACE_MS) return { since: load.at }
    const funded = await fund(this.#means, load)
    return funded.load.stage === 'requested' ? { since: load.at } : 'done'
  }

  /** @spec F-5 */
  async #giveBack(load: LoadRow): Promise<Moved> {
    // first the mark: a restored book that has forgotten it is behind, and loads nothing that went back
    if (load.stage === 'giving-back') await new Pulse(this.#means).beat()
    return (await returnFunds(this.#means, load)) ? 'done' : { since: load.at }
  }

  /** Once: who names another purse later, or asks, has it brought then. @spec P-3 */
  async #bring(name: MoveId): Promise<Moved> {
    const { book } = this.#means
    const { move } = await book.look({ move: name })
    if (move !== undefined) await bringMove(book, move)
    return 'done'
  }

  /** Unless it was found again; a store that has not told what it honoured is waited for. @spec F-11 */
  async #payOut(purse: PurseId, since: Instant): Promise<Moved> {
    const paid = await payOutLost(this.#means, purse)
    return paid.ok || paid.refusal.code === 'purse-not-lost' || paid.refusal.code === 'not-found' ? 'done' : { since }
  }

  /** @spec T-5 */
  async #tellStore(task: OutboxRow): Promise<Moved> {
    const sent = await sendWebhook(this.#means, task)
    if (sent.told) return 'done'
    if (this.#means.clock.now() - sent.since < WEBHOOK_MS) return sent
    this.#means.log('warn', 'a store did not take its webhook for three days', { task: task.name })
    return 'done'
  }

  #failed(message: string, error: unknown): 0 {
    const facts = error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : {}
    this.#means.log('error', message, { error: facts })
    return 0
  }
}

const isOverdue = ({ kind, decision, sessionEnd }: OperationRow, now: Instant): boolean =>
  kind === 'pay' && decision === 'open' && sessionEnd !== undefined && sessionEnd < now

const againOf = (step: HoldStep): Instant | undefined => (step === 'done' ? undefined : step.again)

/** Waits as long again as it has been waiting already: that doubles, needs no counter, and survives a restart. */
export function againAt(task: Retried, since: Instant, now: Instant): Instant {
  return now + Math.min(Math.max(now - since, LEAST_WAIT_MS), MOST_WAIT_MS[task])
}
