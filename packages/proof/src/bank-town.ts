/**
 * One round's town: two centers on one database, people with chips, tills, and everything that was asked of the centers.
 * Whatever is asked is sent one to five times, at once or late, to either center; of what is answered, one answer is believed.
 */
import type { ContactAnswer } from '@kozeni/api/meet'
import { hex } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import { SeededDice } from '@kozeni/base/dice'
import type { PurseId, StoreId } from '@kozeni/base/ids'
import type { Result } from '@kozeni/base/result'
import type { NumberRow, TerminalRow } from '@kozeni/center/book'
import { PostgresBook } from '@kozeni/center/book-postgres'
import { TestFunding } from '@kozeni/center/funding-for-tests'
import type { Honoured } from '@kozeni/center/honoured'
import type { LoadRequest } from '@kozeni/center/load'
import { memoryMarks } from '@kozeni/center/mark-memory'
import type { PaymentRequest } from '@kozeni/center/payment'
import type { RefundRequest } from '@kozeni/center/refund'
import { declareRestored } from '@kozeni/center/restore'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import type { TransactionNumber } from '@kozeni/protocol/number'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Center as TillCenter } from '@kozeni/terminal/center'
import { MemoryJournal } from '@kozeni/terminal/journal-memory'
import { sameAsHardware } from '@kozeni/terminal/limits'
import { Terminal } from '@kozeni/terminal/terminal'
import { RECHECK_SECONDS } from '@kozeni/terminal/upload'
import { type Branch, openBranch } from './bank-branch.ts'
import { type Counter, readersOf, type Scene } from './bank-scene.ts'
import { runningClock } from './running-clock.ts'

/** A holder; one reader at a time has the chip. */
export interface Holder {
  readonly purse: PurseId
  readonly wire: Reader
  readonly radio: Reader
  inField: boolean
}

export interface Till {
  readonly terminal: Terminal
  readonly store: StoreId
}

/** What somebody has asked for, and whether a center has said that it has it. */
export interface Asked<Request> {
  readonly request: Request
  acknowledged: boolean
}

const MOST_COPIES = 5
/** A copy that comes this late finds the world changed. */
const LATEST_MS = 60

export class BankTown {
  #branches: readonly Branch[] = []
  readonly clock: Clock
  readonly stores: readonly StoreId[]
  readonly people: readonly Holder[]
  readonly tills: Till[] = []
  /** Asked for, each once: what ought to have happened once, or not at all. */
  readonly loads: Asked<LoadRequest>[] = []
  readonly sales: Asked<PaymentRequest>[] = []
  readonly refunds: Asked<RefundRequest & { readonly used: NumberRow }>[] = []
  /** What stores were told for good, by their numbers. */
  readonly honoured = new Map<TransactionNumber, Honoured>()
  readonly funding = new TestFunding()
  /** Sentences about what no center may do. */
  readonly found: string[] = []
  /** What could not be answered: nothing on a sound database, and to be expected when it dies. */
  readonly interrupted: string[] = []
  operations = 0
  copies = 0
  /** How often a book waited and tried a command again. */
  retries = 0
  readonly #dice: SeededDice
  readonly #late = new Set<Promise<unknown>>()
  #relay: TerminalRow | undefined

  /** How much later it is at the tills than at the centers. */
  #laterMs = 0
  readonly #scene: Scene
  readonly #marks = memoryMarks()

  private constructor(scene: Scene, seed: number) {
    this.#scene = scene
    this.#dice = new SeededDice(seed)
    this.clock = runningClock(scene.at)
    this.stores = scene.stores
    this.people = scene.people.map(({ purse, silicon }, i) => ({
      purse,
      ...readersOf(silicon.copy(), seed + i),
      inField: false,
    }))
  }

  /** @param url  of a copy of the scene's database; @param pool  connections of each center that write */
  static async open(scene: Scene, url: string, pool: number, seed: number): Promise<BankTown> {
    const town = new BankTown(scene, seed)
    await town.moveTo(url, pool)
    for (const counter of scene.tills) town.tills.push(await town.#openTill(counter))
    return town
  }

  /** The centers are closed, if there are any, and opened again on this database. */
  async moveTo(url: string, pool: number): Promise<void> {
    await this.#closeBranches()
    const { seed, module } = this.#scene
    const { clock, funding } = this
    const retryClock = { ...clock, wait: (ms: number) => this.#retry(ms) }
    const log = (message: string): void => void this.interrupted.push(message)
    const parts = { url, pool, clock, retryClock, seed, module, funding, marks: this.#marks, log }
    this.#branches = [await openBranch(parts), await openBranch(parts)]
  }

  /** What an operator does before the centers are started on a database that was put back. @spec F-12 */
  async declareRestored(url: string): Promise<void> {
    const book = new PostgresBook({ url, writers: 1, clock: this.clock, now: () => this.clock.now() })
    await declareRestored({ book, marks: this.#marks })
    await book.close()
  }

  /** A center, by chance. */
  get anyBranch(): Branch {
    const branch = this.#branches[this.#dice.below(this.#branches.length)]
    if (branch === undefined) throw new Error('there are centers')
    return branch
  }

  /**
   * Sends one request one to five times. The copies that come late are not waited for, but nothing of theirs is lost.
   *
   * @param facts  what all answers must agree on, whichever center gave them; undefined: an answer that says nothing
   * @returns      one of the answers that came at once
   */
  async ask<A>(send: (branch: Branch) => Promise<A>, facts: (answer: A) => string | undefined): Promise<A> {
    this.operations += 1
    const more = this.#dice.below(MOST_COPIES)
    const copies = [this.#send(send, 0)]
    for (let i = 0; i < more; i++) copies.push(this.#send(send, this.#dice.below(2) * this.#dice.below(LATEST_MS)))
    void this.#remember(Promise.all(copies).then(answers => this.#compare(answers.map(facts))))
    const answers = await Promise.all(copies.slice(0, 1 + this.#dice.below(copies.length)))
    const answer = answers[this.#dice.below(answers.length)]
    if (answer === undefined) throw new Error('one is always sent')
    return answer
  }

  /** A contact of the chip's own phone, if nobody else has the chip. */
  async contact(round: Parameters<TillCenter['contact']>[0]): Promise<Result<ContactAnswer, Refusal>> {
    const terminal = this.#relay
    if (terminal === undefined) throw new Error('a till is open')
    return await this.ask(
      branch => branch.contacts.contact({ caller: { kind: 'terminal', terminal }, body: round }),
      () => undefined,
    )
  }

  /** So much time goes by at the tills that they show again what was booked and is not settled for good. @spec F-12 */
  waitAtTills(): void {
    this.#laterMs += 1000 * RECHECK_SECONDS
  }

  /** Every store tells a center all that it has honoured, and that this was all. @spec F-12 */
  async reportHonoured(): Promise<void> {
    const { center, stores } = this.anyBranch
    for (const name of this.stores) {
      const { present, store } = await center.book.look({ store: name })
      if (store === undefined) throw new Error('a store is known')
      const told = [...this.honoured].filter(([, each]) => each.store === name)
      const honoured = told.map(([number, { verdict, reference, epoch }]) => ({
        ...{ number, verdict, epoch },
        operation: hex(reference),
      }))
      await stores.reportHonoured({
        caller: { kind: 'store', store },
        body: { epoch: present.epoch, honoured, last: true },
      })
    }
  }

  /** Waits for every copy that is still under way. */
  async settled(): Promise<void> {
    while (this.#late.size > 0) await Promise.allSettled(this.#late)
  }

  async close(): Promise<void> {
    await this.settled()
    await this.#closeBranches()
  }

  async #closeBranches(): Promise<void> {
    await Promise.all(this.#branches.map(branch => branch.close()))
    this.#branches = []
  }

  #retry(delayMs: number): Promise<void> {
    this.retries += 1
    return this.clock.wait(delayMs)
  }

  async #send<A>(send: (branch: Branch) => Promise<A>, delayMs: number): Promise<A> {
    this.copies += 1
    if (delayMs > 0) await this.clock.wait(delayMs)
    return await send(this.anyBranch)
  }

  #remember(work: Promise<unknown>): void {
    const one = work
      .catch(error => this.interrupted.push(error instanceof Error ? error.message : String(error)))
      .finally(() => this.#late.delete(one))
    this.#late.add(one)
  }

  #compare(said: readonly (string | undefined)[]): void {
    const different = new Set(said.filter(each => each !== undefined))
    if (different.size > 1) this.found.push(`one request, two answers: ${[...different].join(' and ')}`)
  }

  async #openTill({ terminal: name, store, key }: Counter): Promise<Till> {
    const { terminal: row } = await this.anyBranch.center.book.look({ terminal: name })
    if (row === undefined) throw new Error('the till is known')
    this.#relay = row
    const caller = { kind: 'terminal', terminal: row } as const
    const center: TillCenter = {
      deliver: body =>
        this.ask(
          branch => branch.tills.uploadReceipts({ caller, body }),
          () => undefined,
        ),
      mail: body =>
        this.ask(
          branch => branch.tills.exchangeMail({ caller, body }),
          () => undefined,
        ),
      standing: since => this.anyBranch.tills.getTerminal({ caller, query: { since: String(since) } }),
      contact: round => this.contact(round),
    }
    // its tills sell as if alone: who has the chip is a matter of this town
    const clock: Clock = { ...this.clock, now: () => this.clock.now() + this.#laterMs }
    const parts = { crypto, clock, center, key, software: sameAsHardware }
    const opened = await Terminal.open({ ...parts, journal: new MemoryJournal(crypto) })
    if (!opened.ok) throw new Error(`a till does not open: ${opened.refusal.code}`)
    await opened.value.upload()
    return { terminal: opened.value, store }
  }
}
