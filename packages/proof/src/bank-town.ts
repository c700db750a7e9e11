/**
 * One round's town: two centers on one database, people with chips, tills, and everything that was asked of the centers.
 * Whatever is asked is sent one to five times, at once or late, to either center; of what is answered, one answer is believed.
 */
import type { ContactAnswer } from '@kozeni/api/meet'
import type { Clock } from '@kozeni/base/clock'
import { SeededDice } from '@kozeni/base/dice'
import type { LoadId, OrderId, PurseId, StoreId } from '@kozeni/base/ids'
import type { Result } from '@kozeni/base/result'
import type { TerminalRow } from '@kozeni/center/book'
import { TestFunding } from '@kozeni/center/funding-for-tests'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Center as TillCenter } from '@kozeni/terminal/center'
import { MemoryJournal } from '@kozeni/terminal/journal-memory'
import { Terminal } from '@kozeni/terminal/terminal'
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

const MOST_COPIES = 5
/** A copy that comes this late finds the world changed. */
const LATEST_MS = 60

export class BankTown {
  readonly branches: readonly Branch[]
  readonly clock: Clock
  readonly stores: readonly StoreId[]
  readonly people: readonly Holder[]
  readonly tills: Till[] = []
  /** Asked for, each once: what ought to have happened once. */
  readonly loads: { readonly load: LoadId; readonly purse: PurseId; readonly amount: bigint }[] = []
  readonly sales: Offer[] = []
  readonly refunds: { readonly order: OrderId; readonly purse: PurseId }[] = []
  readonly funding = new TestFunding()
  /** Sentences about what no center may do. */
  readonly found: string[] = []
  operations = 0
  copies = 0
  /** How often a book waited and tried a command again. */
  retries = 0
  readonly #dice: SeededDice
  readonly #late = new Set<Promise<unknown>>()
  #relay: TerminalRow | undefined

  private constructor(scene: Scene, url: string, pool: number, seed: number) {
    this.#dice = new SeededDice(seed)
    this.clock = runningClock(scene.at)
    this.stores = scene.stores
    const counting = { ...this.clock, wait: (ms: number) => this.#retry(ms) }
    const parts = {
      url,
      pool,
      clock: this.clock,
      retryClock: counting,
      seed: scene.seed,
      module: scene.module,
      funding: this.funding,
    }
    const log = (message: string): void => void this.found.push(message)
    this.branches = [openBranch({ ...parts, log }), openBranch({ ...parts, log })]
    this.people = scene.people.map(({ purse, silicon }, i) => ({
      purse,
      ...readersOf(silicon.copy(), seed + i),
      inField: false,
    }))
  }

  /** @param pool  connections of each center that write; @param url  of a copy of the scene's database */
  static async open(scene: Scene, url: string, pool: number, seed: number): Promise<BankTown> {
    const town = new BankTown(scene, url, pool, seed)
    for (const counter of scene.tills) town.tills.push(await town.#openTill(counter))
    return town
  }

  /** A center, by chance. */
  get anyBranch(): Branch {
    const branch = this.branches[this.#dice.below(this.branches.length)]
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

  /** Waits for every copy that is still under way. */
  async settled(): Promise<void> {
    while (this.#late.size > 0) await Promise.allSettled(this.#late)
  }

  async close(): Promise<void> {
    await this.settled()
    await Promise.all(this.branches.map(branch => branch.close()))
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
      .catch(error => this.found.push(`a center gave up: ${error instanceof Error ? error.message : String(error)}`))
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
    const opened = await Terminal.open({ crypto, clock: this.clock, journal: new MemoryJournal(crypto), center, key })
    if (!opened.ok) throw new Error(`a till does not open: ${opened.refusal.code}`)
    await opened.value.upload()
    return { terminal: opened.value, store }
  }
}
