/**
 * The book in PostgreSQL. Commands that wait are decided and written together, in one transaction (group commit), each on
 * its own rows. When the transaction fails, each of its commands is tried by itself, so that one's trouble is no other's;
 * what lost a race is decided again on what the winner wrote. migrate.ts makes the tables, before.
 */
import type { Clock } from '@kozeni/base/clock'
import { systemClock } from '@kozeni/base/clock'
import { type Dice, systemDice } from '@kozeni/base/dice'
import type { Pool } from 'pg'
import {
  AnswerLost,
  type Book,
  type Command,
  type Decision,
  type Instant,
  type Keys,
  RowTaken,
  type Seen,
  unchanged,
} from './book.ts'
import type { OutboxRow } from './book-outbox.ts'
import { batchNames } from './book-postgres-batch.ts'
import { Groups, type Job } from './book-postgres-group.ts'
import { dueTasks, type Told, tasksTold } from './book-postgres-outbox.ts'
import { bookPlain, type PlainBooking } from './book-postgres-plain.ts'
import { type Task, taskOf } from './book-postgres-task.ts'
import { show, type TransactionOptions, transact } from './book-postgres-transaction.ts'
import type { ProvedUpload, Upload } from './book-receipt.ts'
import { failureOf, openPool, WRITERS, withSession } from './postgres-session.ts'

export interface PostgresBookOptions {
  /** Of a database that migrate() has been at. */
  readonly url: string
  /** Groups of commands that may be in their transactions at once; one connection each. */
  readonly writers?: number
  /** Connections for looks, and for the outbox. */
  readonly readers?: number
  /** The most commands in one transaction. */
  readonly groupSize?: number
  /** The most purses whose receipts are collected in one. */
  readonly collectionSize?: number
  /** The most uploads whose plain receipts are booked in one. */
  readonly plainSize?: number
  /** For waiting between attempts; the book's own time is the database's. */
  readonly clock?: Clock
  readonly dice?: Dice
  /** For tests that want it to be another day: the book's time, given the database's. */
  readonly now?: (databaseNow: Instant) => Instant
  /** Where plain receipts are booked, and put away with the book; left out, here. */
  readonly plain?: PlainBooking
  /** For Citus, which does not lock several purses in one statement. */
  readonly lockOneByOne?: boolean
}

/**
 * The most purses whose receipts are collected in one transaction while people wait: a group is decided in one go, and
 * nobody else is answered meanwhile.
 */
const BESIDE_PEOPLE = 128
/** And the most uploads whose plain receipts are; after which it rests for so many times as long as it took. */
const UPLOADS_BESIDE_PEOPLE = 2
const RESTS_BESIDE_PEOPLE = 3
/** Where somebody has just asked for something, the next is not far. */
const MOMENT_MS = 250

/** A transaction of so few commands costs each of them twice what one of many does: they go when another is through. */
const FEW = 15
/** But are held back no longer: a transaction takes two of these where nobody has what it wants. */
const HELD_BACK_MS = 4

/** One transaction at a time: while it is under way the next uploads are proved, and no two of them want one purse. */
const PLAIN_LANES = 1

/** How often a command is tried by itself before its caller hears of it: about two seconds in all. */
const TRIES = 8
const FIRST_WAIT_MS = 8

export class PostgresBook implements Book {
  readonly #writers: Pool
  readonly #readers: Pool
  readonly #commands: Groups<Task>
  /** Apart, in groups of their own size: whoever waits for an answer at a counter does not wait for a night's receipts. */
  readonly #collections: Groups<Task>
  readonly #told: Groups<ToldTask>
  readonly #plain: Groups<PlainTask>
  readonly #plainBooking: PlainBooking
  readonly #looks: Groups<Task>
  readonly #options: TransactionOptions
  readonly #clock: Clock
  readonly #dice: Dice
  readonly #unanswered = new Set<Promise<unknown>>()
  /** When somebody has last asked for what is not collection, by this process's clock. */
  #lastAsked = Number.NEGATIVE_INFINITY

  constructor(options: PostgresBookOptions) {
    const { url, writers = 2, readers = 2, groupSize = 256, collectionSize = 2048, plainSize = 128 } = options
    const dice = options.dice ?? systemDice
    this.#options = {
      lockOneByOne: options.lockOneByOne ?? false,
      now: options.now ?? (now => now),
      newBatch: batchNames(dice),
    }
    this.#clock = options.clock ?? systemClock
    this.#dice = dice
    this.#writers = openPool({ url, connections: writers + 2 + PLAIN_LANES, name: WRITERS, byKey: true })
    this.#readers = openPool({ url, connections: readers + 1, name: 'kozeni book, looks', byKey: true })
    this.#plainBooking = options.plain ?? this.#bookingHere()
    this.#commands = new Groups({
      size: () => groupSize,
      lanes: () => writers,
      few: { most: Math.min(FEW, groupSize - 1), pause: () => this.#clock.wait(HELD_BACK_MS) },
      work: group => this.#transact(this.#commands, group),
    })
    this.#collections = new Groups({
      size: () => (this.#isBesidePeople ? Math.min(BESIDE_PEOPLE, collectionSize) : collectionSize),
      lanes: () => (this.#isBesidePeople ? 1 : 2),
      work: group => this.#transact(this.#collections, group),
    })
    this.#looks = new Groups({
      size: () => groupSize,
      lanes: () => readers,
      work: group => this.#show(group),
    })
    this.#told = new Groups({
      size: () => groupSize,
      lanes: () => 1,
      work: group => this.#tell(group),
    })
    this.#plain = new Groups({
      size: () => (this.#isBesidePeople ? Math.min(UPLOADS_BESIDE_PEOPLE, plainSize) : plainSize),
      lanes: () => PLAIN_LANES,
      work: group => this.#bookPlainByTurns(group),
    })
  }

  run<A>(command: Command<A>): Promise<A> {
    const isCollection = command.keys.sales !== undefined
    if (!isCollection) this.#lastAsked = this.#clock.now()
    return this.#ask(isCollection ? this.#collections : this.#commands, command.keys, seen => command.decide(seen))
  }

  get #isBesidePeople(): boolean {
    return this.#commands.isBusy || this.#clock.now() - this.#lastAsked < MOMENT_MS
  }

  bookPlain(upload: ProvedUpload): Promise<Uint8Array> {
    const task = plainTaskOf(upload)
    this.#plain.add(task)
    return this.#remembered(task.answer)
  }

  look(keys: Keys): Promise<Seen> {
    return this.#ask(this.#looks, keys, unchanged)
  }

  due(limit: number, leaseMs: number): Promise<readonly OutboxRow[]> {
    return withSession(this.#readers, session => dueTasks(session, limit, leaseMs, this.#options.now))
  }

  told(name: string, again?: Instant): Promise<void> {
    const { promise: answer, resolve, reject } = Promise.withResolvers<void>()
    this.#told.add({ name, again, give: resolve, fail: reject, alone: false, needs: () => [name] })
    return this.#remembered(answer)
  }

  /** Waits for all that was asked. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#unanswered)
    await Promise.all([this.#plainBooking.close(), this.#writers.end(), this.#readers.end()])
  }

  #bookingHere = (): PlainBooking => ({
    book: uploads => withSession(this.#writers, session => bookPlain(session, uploads, this.#options)),
    close: async () => undefined,
  })

  #ask<A>(groups: Groups<Task>, keys: Keys, decide: (seen: Seen) => Decision<A>): Promise<A> {
    const { task, answer } = taskOf(keys, decide)
    groups.add(task)
    return this.#remembered(answer)
  }

  #remembered<A>(answer: Promise<A>): Promise<A> {
    this.#unanswered.add(answer)
    const forget = (): boolean => this.#unanswered.delete(answer)
    answer.then(forget, forget)
    return answer
  }

  /** Beside people it rests longer than it has worked: they have the processors for themselves then. */
  async #bookPlainByTurns(group: readonly PlainTask[]): Promise<void> {
    const begun = this.#clock.now()
    await this.#bookPlain(group)
    if (this.#isBesidePeople) await this.#clock.wait(RESTS_BESIDE_PEOPLE * (this.#clock.now() - begun))
  }

  /** What fails here is not plain, unless the answer was lost. */
  async #bookPlain(group: readonly PlainTask[]): Promise<void> {
    try {
      const uploads = group.map(({ upload }) => upload)
      const booked = await this.#plainBooking.book(uploads)
      // when the next transaction is under way: whoever is answered has much to do with it
      setImmediate(() => group.forEach((task, i) => task.give(booked[i] ?? nonePlain(task.upload))))
    } catch (error) {
      for (const task of group) {
        if (error instanceof AnswerLost) task.fail(error)
        else task.give(nonePlain(task.upload))
      }
    }
  }

  async #transact(groups: Groups<Task>, group: readonly Task[]): Promise<void> {
    try {
      const again = await withSession(this.#writers, session => transact(session, group, this.#options))
      groups.addFirst(...again)
    } catch (error) {
      this.#afterFailure(groups, group, error)
    }
  }

  async #show(group: readonly Task[]): Promise<void> {
    try {
      await withSession(this.#readers, session => show(session, group, this.#options))
    } catch (error) {
      this.#afterFailure(this.#looks, group, error)
    }
  }

  async #tell(group: readonly ToldTask[]): Promise<void> {
    try {
      await withSession(this.#readers, session => tasksTold(session, group))
      for (const task of group) task.give()
    } catch (error) {
      for (const task of group) task.fail(error)
    }
  }

  /** Nothing of the group is written, unless the answer was lost. */
  #afterFailure(groups: Groups<Task>, group: readonly Task[], error: unknown): void {
    const open = group.filter(task => !task.told)
    if (error instanceof AnswerLost) for (const task of open) task.fail(error)
    else if (open.length > 1) {
      for (const task of open) task.alone = true
      groups.addFirst(...open)
    } else for (const task of open) this.#tryAgain(groups, task, error)
  }

  #tryAgain(groups: Groups<Task>, task: Task, error: unknown): void {
    task.alone = true
    task.tries++
    if (failureOf(error) === 'final' || task.tries === TRIES) task.fail(explained(error))
    else void this.#clock.wait(this.#pauseMs(task.tries)).then(() => groups.add(task))
  }

  /** Twice as long each time, more or less, so that two who got in each other's way do not meet again. */
  #pauseMs(tries: number): number {
    const chance = (this.#dice.bytes(1)[0] ?? 0) / 255
    return FIRST_WAIT_MS * 2 ** tries * (0.5 + chance / 2)
  }
}

/** Somebody else's row, where this command was to add one, and decided again it was to add it still. */
function explained(error: unknown): unknown {
  if (failureOf(error) !== 'conflict' || !(error instanceof Error) || error instanceof RowTaken) return error
  return 'code' in error && error.code === '23505' ? new RowTaken(error.message, { cause: error }) : error
}

/** What has become of a task of the outbox, on its way into it. */
interface ToldTask extends Job, Told {
  give(): void
  fail(error: unknown): void
}

/** An upload on its way through the book. */
interface PlainTask extends Job {
  readonly upload: ProvedUpload
  readonly answer: Promise<Uint8Array>
  give(booked: Uint8Array): void
  fail(error: unknown): void
}

function plainTaskOf(upload: ProvedUpload): PlainTask {
  const { promise: answer, resolve: give, reject: fail } = Promise.withResolvers<Uint8Array>()
  return { upload, answer, give, fail, alone: false, needs: () => [] }
}

const nonePlain = ({ receipts }: Upload): Uint8Array => new Uint8Array(receipts.count)
