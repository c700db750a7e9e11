/**
 * A terminal: journal, machines, reader, clock and center tied together. All waiting is here; all deciding is in the
 * machines. One tap at a time; an upload may go on beside it.
 */
import type { Report } from '@kozeni/api/meet'
import { assert } from '@kozeni/base/assert'
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { PurseId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { bring, carry } from './bring.ts'
import type { Self } from './card.ts'
import type { Center } from './center.ts'
import { Contact, type Counter } from './counter.ts'
import type { Journal } from './journal.ts'
import { maySell, type SoftwarePolicy, softwarePolicy, unuploaded } from './limits.ts'
import { Memory } from './memory.ts'
import { beginSale, resumeSale, stepSale } from './sale.ts'
import { type Effect, type Input, isNoCenter, type Outcome, type Step, type TapState, type World } from './tap.ts'
import type { Sale } from './till.ts'
import { type Uploaded, Uploader } from './uploader.ts'
import { beginVoid, stepVoid } from './void.ts'

export interface TerminalParts {
  readonly crypto: Crypto
  readonly clock: Clock
  readonly journal: Journal
  readonly center: Center
  /** The terminal's private key, 32 bytes. */
  readonly key: Bytes
  /** Left out: the product's own. */
  readonly software?: SoftwarePolicy
}

/** What stands on the till's screen all the time. Times in seconds since 1970, ages in seconds. */
export interface Status {
  readonly terminal: string | undefined
  readonly offlineSince: number | undefined
  readonly hotlistVersion: number | undefined
  readonly hotlistAge: number | undefined
  readonly unuploadedAmount: bigint
  readonly unuploadedCount: number
  readonly unresolved: readonly Sale[]
  /** Voids of which it is not known whether they were done. */
  readonly unresolvedVoids: readonly Sale[]
  readonly lastSale: Sale | undefined
  /** Why it may not sell now. */
  readonly stopped: Refusal | undefined
}

/** A center that has not answered is not asked again for so long before a sale: holders stand there. */
const ALONE_MS = 60_000

type Stepper = (world: World, state: TapState, input: Input) => Step

export class Terminal {
  readonly #parts: TerminalParts
  readonly #memory: Memory
  readonly #uploader: Uploader
  #tapping = false
  #aloneUntilMs = 0

  private constructor(parts: TerminalParts) {
    this.#parts = parts
    this.#memory = new Memory(parts.journal, parts.clock)
    this.#uploader = new Uploader(parts, this.#memory)
  }

  /**
   * The terminal that this journal tells of; a new journal gets its first entry.
   *
   * @refuses journal-broken (check: owner): the journal belongs to another key
   */
  static async open(parts: TerminalParts): Promise<Result<Terminal, Refusal>> {
    const terminal = new Terminal(parts)
    const memory = terminal.#memory
    const { publicKey } = terminal
    if (memory.till.publicKey === undefined) await memory.write({ entry: 'opened', at: memory.now, publicKey })
    const { publicKey: owner } = memory.till
    return owner && equal(owner, publicKey) ? ok(terminal) : no(refusal('journal-broken', { check: 'owner' }))
  }

  /**
   * Takes an amount from the first purse that taps.
   *
   * @refuses terminal-busy · sale-unresolved · sale-too-large · what maySell refuses; nothing was begun
   * @spec    D-1…D-4, D-7
   */
  sell(amount: Money, counter: Counter): Promise<Result<Outcome, Refusal>> {
    return this.#alone(async () => {
      await this.#abandonOpen()
      return this.#drive(stepSale, beginSale(this.#memory.till, amount, this.#memory.now), counter)
    })
  }

  /**
   * Takes up a sale, or its void, whose end is not known, or a sale that never happened: by default the oldest.
   *
   * @refuses terminal-busy · not-found · sale-final · sale-offered
   * @spec    D-4
   */
  retry(counter: Counter, number?: number): Promise<Result<Outcome, Refusal>> {
    return this.#alone(async () => {
      const sale = this.#memory.sale(number ?? this.#loose())
      if (sale === undefined) return no(refusal('not-found'))
      return sale.voidStage === 'unresolved'
        ? this.#void(sale, counter)
        : this.#drive(stepSale, resumeSale(sale), counter)
    })
  }

  /**
   * The clerk's durable, final word that the goods were not and will not be given for this sale.
   *
   * @refuses terminal-busy · not-found · sale-final
   * @spec    D-5
   */
  markNotGiven(number: number): Promise<Result<Sale, Refusal>> {
    return this.#alone(async () => {
      const sale = this.#memory.sale(number)
      if (sale === undefined) return no(refusal('not-found'))
      if (sale.stage === 'unresolved') return ok(await this.#end('not-given', number))
      if (sale.stage === 'open') return ok(await this.#end('abandoned', number))
      return sale.stage === 'not-given' ? ok(sale) : no(refusal('sale-final', { sale: number, stage: sale.stage }))
    })
  }

  /**
   * Gives the newest paid sale back to the chip that paid it.
   *
   * @refuses terminal-busy · not-found · sale-final · sale-offered
   * @spec    D-6
   */
  voidLast(counter: Counter): Promise<Result<Outcome, Refusal>> {
    return this.#alone(async () => {
      const sale = this.sales().findLast(({ stage }) => stage === 'paid')
      return sale === undefined ? no(refusal('not-found')) : this.#void(sale, counter)
    })
  }

  /** Shows the center every receipt that it may lack, and fetches what the terminal needs: see Uploader. */
  upload(): Promise<Result<Uploaded, Refusal>> {
    return this.#uploader.upload()
  }

  /**
   * Relays one contact between the center and the first purse that taps: a load that waits arrives, whatever was
   * interrupted is led on. Sales, and what stops them, have no part in it.
   *
   * @returns what the center said, in order
   * @refuses terminal-busy · terminal-not-certified · chip-absent · chip-gone · center-unreachable · what chip or center
   *          refuse; the next contact finishes it
   * @spec    F-7
   */
  contact(counter: Counter): Promise<Result<Report, Refusal>> {
    return this.#alone(async () =>
      this.#memory.till.terms === undefined
        ? no(refusal('terminal-not-certified'))
        : bring(this.#self(), counter, this.#parts),
    )
  }

  /** What the clerk has to see at any time. @spec D-7 */
  status(): Status {
    const { till, now } = this.#memory
    const { terms, hotlist, offlineSince, unresolved, unanswered, lastSale } = till
    const standing = maySell(till, now)
    return {
      terminal: terms?.terminal,
      offlineSince,
      hotlistVersion: hotlist?.version,
      hotlistAge: hotlist && now - hotlist.made,
      unuploadedAmount: unuploaded(till),
      unuploadedCount: unanswered.size,
      unresolved: this.#salesOf(unresolved),
      unresolvedVoids: this.#unresolvedVoids(),
      lastSale: this.sale(lastSale),
      stopped: standing.ok ? undefined : standing.refusal,
    }
  }

  /** What an operator registers at the center. */
  get publicKey(): Bytes {
    return this.#parts.crypto.publicKey(this.#parts.key)
  }

  /** One sale, as the journal tells it. */
  sale(number: number): Sale | undefined {
    return this.#memory.sale(number)
  }

  /** All sales, the oldest first. */
  sales(): readonly Sale[] {
    return [...this.#memory.till.sales.values()]
  }

  /** The oldest sale without an end; else the oldest void without one; else the last sale. */
  #loose(): number | undefined {
    const [unresolved] = this.#memory.till.unresolved
    return unresolved ?? this.#unresolvedVoids()[0]?.sale ?? this.#memory.till.lastSale
  }

  #unresolvedVoids(): readonly Sale[] {
    return this.#salesOf(this.#memory.till.unanswered).filter(({ voidStage }) => voidStage === 'unresolved')
  }

  #salesOf(numbers: ReadonlySet<number>): readonly Sale[] {
    return [...numbers].flatMap(number => this.sale(number) ?? [])
  }

  /** One tap at a time: a second would show two sales on one counter. */
  async #alone<T>(work: () => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
    if (this.#tapping) return no(refusal('terminal-busy'))
    this.#tapping = true
    try {
      return await work()
    } finally {
      this.#tapping = false
    }
  }

  /** A sale that was begun and asked of no chip, before a power cut or because it never happened, makes way. */
  async #abandonOpen(): Promise<void> {
    const { sale, stage } = this.#memory.sale(this.#memory.till.lastSale) ?? {}
    if (sale !== undefined && stage === 'open') await this.#end('abandoned', sale)
  }

  async #end(entry: 'not-given' | 'abandoned', number: number): Promise<Sale> {
    await this.#memory.write({ entry, at: this.#memory.now, sale: number })
    const sale = this.sale(number)
    assert(sale !== undefined, 'a sale that ends was begun')
    return sale
  }

  async #void(sale: Sale, counter: Counter): Promise<Result<Outcome, Refusal>> {
    if (this.#uploader.isOffering(sale.sale)) return no(refusal('sale-offered', { sale: sale.sale }))
    return this.#uploader.holding(sale.sale, () => this.#drive(stepVoid, beginVoid(sale), counter))
  }

  /** Runs a machine to its end: does what it says, and tells it what came of it. */
  async #drive(stepper: Stepper, first: Result<Step, Refusal>, counter: Counter): Promise<Result<Outcome, Refusal>> {
    if (!first.ok) return first
    const contact = new Contact(this.#parts.clock, counter)
    try {
      let { state, effects } = first.value
      for (;;) {
        const input = await this.#perform(effects, counter)
        if (state.phase.at === 'over') return ok(await this.#ledOn(state.phase.outcome, counter))
        const next = input ?? (await this.#await(contact, state))
        ;({ state, effects } = stepper(this.#world(), state, next))
      }
    } finally {
      await contact.end()
    }
  }

  /**
   * A chip that wants the center is relayed to it while it is still there, after the screen has said how its sale ended;
   * without a center it goes without.
   *
   * @spec F-7
   */
  async #ledOn(outcome: Outcome, { reader }: Counter): Promise<Outcome> {
    if (outcome.onlineWanted && outcome.purse !== undefined) await carry(outcome.purse, reader, this.#parts.center)
    return outcome
  }

  /** @returns what the machine waits for, or nothing when it waits for a chip */
  async #perform(effects: readonly Effect[], { reader, show }: Counter): Promise<Input | undefined> {
    let input: Input | undefined
    for (const effect of effects) {
      if (effect.effect === 'show') show?.(effect.screen)
      if (effect.effect === 'journal') {
        await this.#memory.write(effect.entry)
        input = { input: 'durable', now: this.#memory.now }
      }
      if (effect.effect === 'transmit') {
        const response = await reader.transmit(effect.command)
        input = { input: 'response', response, now: this.#memory.now }
      }
      if (effect.effect === 'relay') {
        const why = await this.#meets(effect.purse, reader)
        input = { input: 'relayed', why, now: this.#memory.now }
      }
    }
    return input
  }

  /** Lets the chip that is there meet the center. @returns why it did not, or not to its end */
  async #meets(purse: PurseId, reader: Reader): Promise<Refusal | undefined> {
    const { center, clock } = this.#parts
    const met = await carry(purse, reader, center)
    if (met.ok) return undefined
    if (isNoCenter(met.refusal)) this.#aloneUntilMs = clock.now() + ALONE_MS
    return met.refusal
  }

  async #await(contact: Contact, { trouble }: TapState): Promise<Input> {
    const came = await contact.next(trouble)
    return { input: came ? 'chip' : 'stop', now: this.#memory.now }
  }

  #world(): World {
    const { clock, software = softwarePolicy } = this.#parts
    const onlineFirst = software.onlineFirst && clock.now() >= this.#aloneUntilMs
    return { self: this.#self(), till: this.#memory.till, software: { ...software, onlineFirst } }
  }

  #self(): Self {
    const { crypto, key } = this.#parts
    const { terms } = this.#memory.till
    assert(terms !== undefined, 'a terminal without certificate begins nothing')
    return { crypto, key, terms }
  }
}
