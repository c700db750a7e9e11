/**
 * A counter with a terminal: the real machine over a journal that dies at any write, before it or after it. Sells, voids,
 * takes up what was interrupted, relays contacts, and uploads now and then.
 */
import type { Post } from '@kozeni/api/meet'
import type { Bytes } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { PurseId, TerminalId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { no, type Result } from '@kozeni/base/result'
import type { TerminalRow } from '@kozeni/center/book'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, type RefusalCode, refusal } from '@kozeni/protocol/refusal'
import type { Center } from '@kozeni/terminal/center'
import type { Entry } from '@kozeni/terminal/entry'
import type { Journal, Placed } from '@kozeni/terminal/journal'
import { MemoryJournal } from '@kozeni/terminal/journal-memory'
import type { SoftwarePolicy } from '@kozeni/terminal/limits'
import type { Outcome } from '@kozeni/terminal/tap'
import { Terminal } from '@kozeni/terminal/terminal'
import { type City, diceOf, type Request, strikes, wrongBy } from './city.ts'
import type { QuickDice } from './quick-dice.ts'

const PATIENCE_MS = 4_000
/** Uploads in a world's life, about; and the longest that a terminal may wait with one. */
const UPLOADS = 24
const MOST_WAIT_MS = 24 * 3_600_000
/** What a till asks its center for when it may not sell; and no more often than this. */
const HELPED_BY_UPLOAD: ReadonlySet<RefusalCode> = new Set([
  'terminal-not-certified',
  'clock-doubted',
  'offline-too-long',
  'hotlist-too-old',
  'upload-due',
])
const HELP_EVERY_MS = 3_600_000
/** How many tills let chips in software meet the center first, and how many turn away those whose flag is up. */
const ONLINE_FIRST = 0.25
const CONFIRMED_ONLY = 0.1

/** The terminal has lost its power, or its disk. */
class PowerCut extends Error {}

/** Somebody who comes to a counter with a chip. */
export interface Customer {
  readonly purse: PurseId
  /** The chip over radio. */
  readonly atCounter: Reader
  /** They never come again. */
  readonly isGone: boolean
}

export class Till {
  readonly #city: City
  readonly #row: TerminalRow
  readonly #key: Bytes
  readonly #dice: QuickDice
  readonly #clock: Clock
  readonly #contact: Post
  readonly #software: SoftwarePolicy
  /** Its disk, and what it was when an older copy was put back in its place. */
  readonly #disks: MemoryJournal[]
  #copy: MemoryJournal
  #place: 'counter' | 'stolen' | 'gone' = 'counter'
  /** Whose sale it is that has no end yet. */
  readonly #waiting = new Map<number, Customer>()
  #aheadMs = 0
  #helpedAt = 0
  #terminal: Promise<Terminal> | undefined

  constructor(city: City, row: TerminalRow, key: Bytes) {
    this.#city = city
    this.#row = row
    this.#key = key
    this.#dice = diceOf(city, `till ${row.terminal}`)
    const wrong = wrongBy(city, this.#dice, 'clockWrongMs')
    this.#clock = city.timeline.clock(() => wrong() + this.#aheadMs)
    const post: Post = body => this.#ask(center => center.contact({ caller: this.#caller, body }))
    this.#contact = city.recoveries.watched(post)
    this.#software = {
      onlineFirst: this.#dice.chance(ONLINE_FIRST),
      unconfirmed: this.#dice.chance(CONFIRMED_ONLY) ? 'refused' : 'accepted',
    }
    this.#disks = [new MemoryJournal(city.crypto)]
    this.#copy = new MemoryJournal(city.crypto)
  }

  get id(): TerminalId {
    return this.#row.terminal
  }

  /** From now on somebody else has it; and then its store again, or nobody. */
  carry(place: 'counter' | 'stolen' | 'gone'): void {
    this.#place = place
    this.#note(`is now ${place}`)
  }

  /** Takes an amount from a holder's chip; now and then the clerk takes it back at once. @returns whether it was paid */
  async sell(holder: Customer, amount: bigint): Promise<boolean> {
    if (this.#place === 'gone') return false
    const done = this.#city.history.begun('off-line sale')
    await this.takeUp()
    const sold = await this.#work(terminal => terminal.sell(money(amount), this.#counter(holder)))
    if (sold === undefined || !sold.ok) {
      this.#note(`could not sell: ${sold === undefined ? 'dead' : sold.refusal.code}`)
      if (sold !== undefined) await this.#help(sold.refusal)
      return false
    }
    this.#ended(holder, sold.value)
    if (sold.value.outcome !== 'done') return false
    done()
    if (this.#dice.chance(0.08)) await this.#giveBack(holder)
    return true
  }

  /** The clerk does what the screen says: looks at the clock, and lets the till meet its center. */
  async #help({ code }: Refusal): Promise<void> {
    const { now } = this.#city.timeline
    if (this.#place !== 'counter' || !HELPED_BY_UPLOAD.has(code) || now < this.#helpedAt + HELP_EVERY_MS) return
    this.#helpedAt = now
    if (code === 'clock-doubted') this.#aheadMs = 0
    await this.upload()
  }

  /** Takes up every sale and void without an end, with the chip that it was begun with; else it was not given. */
  async takeUp(): Promise<void> {
    if (this.#place === 'gone') return
    const { unresolved = [], unresolvedVoids = [] } = (await this.#work(async terminal => terminal.status())) ?? {}
    for (const { sale } of [...unresolved, ...unresolvedVoids]) {
      const holder = this.#waiting.get(sale)
      if (holder !== undefined && !holder.isGone && this.#dice.chance(0.8)) await this.#retry(holder, sale)
      else await this.#work(terminal => terminal.markNotGiven(sale))
    }
  }

  /** Relays a contact of this holder's chip. */
  async bring(holder: Customer): Promise<void> {
    if (this.#place === 'gone') return
    const done = this.#city.history.begun('contact at a till')
    const met = await this.#work(terminal => terminal.contact(this.#counter(holder)))
    if (met?.ok) done()
  }

  async upload(): Promise<boolean> {
    if (this.#place === 'gone') return false
    const done = this.#city.history.begun('upload')
    const uploaded = await this.#work(terminal => terminal.upload())
    this.#note(
      `uploaded: ${uploaded === undefined ? 'dead' : uploaded.ok ? uploaded.value.receipts : uploaded.refusal.code}`,
    )
    if (uploaded?.ok) done()
    return uploaded?.ok === true
  }

  /** Uploads now and then; its clock is put right, or wrong. */
  async live(untilMs: number): Promise<void> {
    const clock = this.#city.timeline.clock()
    const aboutMs = Math.min(MOST_WAIT_MS, (untilMs - clock.now()) / UPLOADS)
    await this.upload()
    while (clock.now() < untilMs) {
      await clock.wait(this.#dice.spread(aboutMs / 10, 3 * aboutMs))
      if (strikes(this.#city, this.#dice, 'clockJumps')) this.#aheadMs += this.#dice.pick([-1, 1]) * 3_600_000
      if (this.#dice.chance(0.3)) this.#copy = this.#copied()
      if (strikes(this.#city, this.#dice, 'tillRolledBack')) this.#putBack()
      await this.takeUp()
      if (this.#place === 'counter' || this.#dice.chance(0.3)) await this.upload()
    }
  }

  #copied(): MemoryJournal {
    return new MemoryJournal(this.#city.crypto, this.#disk.entries())
  }

  get #disk(): MemoryJournal {
    const newest = this.#disks.at(-1)
    if (newest === undefined) throw new Error('a till has a disk')
    return newest
  }

  /** What was written since the copy is forgotten: sales, and what was said of them. */
  #putBack(): void {
    this.#city.doubtedTills.add(this.id)
    this.#disks.push(this.#copy)
    this.#copy = this.#copied()
    this.#terminal = undefined
    this.#waiting.clear()
    this.#note('its disk was put back')
  }

  /** From now on its clock is right. */
  mend(): void {
    this.#aheadMs = 0
  }

  /** What it knows; of one that is gone, nobody does. */
  async sales(): Promise<ReturnType<Terminal['sales']>> {
    if (this.#place === 'gone') return []
    return (await this.#work(async terminal => terminal.sales())) ?? []
  }

  /** What it has done and nobody knows: it is gone, or its disk was put back. */
  async forgotten(): Promise<ReturnType<Terminal['sales']>> {
    const disks = this.#place === 'gone' ? this.#disks : this.#disks.slice(0, -1)
    const opened = await Promise.all(disks.map(disk => this.#opened(disk)))
    return opened.flatMap(terminal => terminal.sales())
  }

  async #giveBack(holder: Customer): Promise<void> {
    const done = this.#city.history.begun('void')
    const voided = await this.#work(terminal => terminal.voidLast(this.#counter(holder)))
    if (voided?.ok) this.#ended(holder, voided.value)
    if (voided?.ok && voided.value.outcome === 'done') done()
  }

  async #retry(holder: Customer, sale: number): Promise<void> {
    const again = await this.#work(terminal => terminal.retry(this.#counter(holder), sale))
    if (again?.ok) this.#ended(holder, again.value)
  }

  #ended(holder: Customer, { outcome, deed, sale, amount }: Outcome): void {
    if (outcome === 'unresolved') this.#waiting.set(sale, holder)
    else this.#waiting.delete(sale)
    if (deed === 'debit' && (outcome === 'done' || outcome === 'unresolved'))
      this.#city.recoveries.debited(holder.purse)
    this.#note(`${deed} ${sale} of ${amount} from ${holder.purse}: ${outcome}`)
  }

  #counter(holder: Customer) {
    return { reader: holder.atCounter, waitMs: PATIENCE_MS }
  }

  /** Does it with a terminal that has power; undefined when that goes over it, or has gone meanwhile. */
  async #work<T>(work: (terminal: Terminal) => Promise<T>): Promise<T | undefined> {
    this.#terminal ??= this.#open()
    const terminal = this.#terminal
    try {
      const done = await work(await terminal)
      return terminal === this.#terminal ? done : undefined
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error
      if (terminal === this.#terminal) this.#terminal = undefined
      return undefined
    }
  }

  #open(): Promise<Terminal> {
    const disk = this.#disk
    return this.#opened(new MortalJournal(this.#city, this.#dice, disk, () => disk === this.#disk))
  }

  async #opened(journal: Journal): Promise<Terminal> {
    const { crypto } = this.#city
    const parts = { crypto, clock: this.#clock, center: this.#center, key: this.#key, software: this.#software }
    const opened = await Terminal.open({ ...parts, journal })
    if (!opened.ok) throw new Error(`a terminal does not open: ${opened.refusal.code}`)
    return opened.value
  }

  readonly #center: Center = {
    deliver: body => this.#deliver(body),
    standing: since =>
      this.#ask(center => center.getTerminal({ caller: this.#caller, query: { since: String(since) } })),
    mail: body => this.#ask(center => center.exchangeMail({ caller: this.#caller, body })),
    contact: body => this.#contact(body),
  }

  /** All of it, or a part, of which nobody hears. */
  async #deliver(whole: Parameters<Center['deliver']>[0]): ReturnType<Center['deliver']> {
    const { receipts } = whole
    const isCut = receipts.length > 1 && strikes(this.#city, this.#dice, 'halfBatch')
    const body = isCut
      ? { ...whole, receipts: receipts.slice(0, this.#dice.below(receipts.length)), notGiven: [] }
      : whole
    const answer = await this.#ask(center => center.uploadReceipts({ caller: this.#caller, body }))
    if (isCut) return no(refusal('center-unreachable'))
    if (answer.ok)
      for (const { purse, code } of answer.value.answers) if (purse) this.#city.watch.hearRefusal(purse, code)
    return answer
  }

  get #caller() {
    const terminal = this.#city.book.tables.terminal.get(this.#row.terminal) ?? this.#row
    return { kind: 'terminal', terminal } as const
  }

  #ask<T>(request: Request<T>): Promise<Result<T, Refusal>> {
    return this.#city.network.insist<T>(this.#row.terminal, request)
  }

  #note(what: string): void {
    this.#city.history.note(this.#city.timeline.now, this.#row.terminal, what)
  }
}

/** A journal on a disk that outlives it; its power goes at any write, or its disk is full until the next start. */
class MortalJournal implements Journal {
  readonly #city: City
  readonly #dice: QuickDice
  readonly #disk: MemoryJournal
  readonly #isIn: () => boolean
  #dead = false

  /** @param isIn  whether this disk is still in the terminal */
  constructor(city: City, dice: QuickDice, disk: MemoryJournal, isIn: () => boolean) {
    this.#isIn = isIn
    this.#city = city
    this.#dice = dice
    this.#disk = disk
  }

  entries(): readonly Placed[] {
    return this.#disk.entries()
  }

  async append(entry: Entry): Promise<Placed> {
    this.#dead ||= !this.#isIn() || strikes(this.#city, this.#dice, 'diskFull')
    if (this.#dead) throw new PowerCut('disk full')
    if (!strikes(this.#city, this.#dice, 'terminalDies')) return await this.#disk.append(entry)
    this.#dead = true
    if (this.#dice.chance(0.5)) await this.#disk.append(entry)
    throw new PowerCut('power cut')
  }

  async close(): Promise<void> {}
}
