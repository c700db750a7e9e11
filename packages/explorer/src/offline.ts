/**
 * What may happen at terminals that work alone: sales and voids over as many taps as they take, relayed and repeated
 * requests, uploads, losses. Power may fail between any two steps: what the machine had not journaled is gone.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, equal } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import type { Collected } from '@kozeni/center/collect'
import { readReceipt, receiptMac } from '@kozeni/protocol/debit'
import type { Deed } from '@kozeni/terminal/entry'
import type { Sale } from '@kozeni/terminal/till'
import {
  answersOf,
  batchesOf,
  dueSales,
  overdueVoids,
  RECHECK_SECONDS,
  receiptsOf,
  VOID_PATIENCE_SECONDS,
} from '@kozeni/terminal/upload'
import { type Cast, named, PRESENT, STORE } from './cast.ts'
import { spell } from './centers.ts'
import { type Desk, Desks, NOW, requesting } from './desks.ts'
import { crypto, START_MS, vault } from './issuer.ts'
import type { Outcome } from './move.ts'
import { TillJudge } from './till-judge.ts'

/** What the judge asks of the terminals. */
export interface Shelf {
  judge(state: Int32Array): string | undefined
  isAtRest(state: Int32Array): boolean
}

/** The center's book after a receipt, and what the till is told. */
interface Taken {
  readonly book: number
  readonly answer: { readonly standing: Collected['standing']; readonly final: boolean }
}

/** All of a plot's terminals, each with what may happen at it. */
export function offline(cast: Cast): Shelf {
  const judges = cast.plot.terminals.map((_, i) => new Counter(cast, i).judge)
  return {
    judge: state => judges.map(judge => judge.judge(state)).find(broken => broken !== undefined),
    isAtRest: state => judges.every(judge => judge.isAtRest(state)),
  }
}

class Counter {
  readonly judge: TillJudge
  readonly #cast: Cast
  readonly #desks: Desks
  readonly #place: number
  readonly #name: string

  constructor(cast: Cast, index: number) {
    const { sales = [], voids, losable } = cast.plot.terminals[index] ?? {}
    this.#cast = cast
    this.#desks = new Desks(cast.design, index)
    this.#place = cast.stage.part(this.#desks.first)
    this.#name = `Till ${index + 1}`
    this.judge = new TillJudge(cast, this.#desks, this.#place, index)
    this.#selling(sales)
    if (voids === true) this.#voiding()
    if (losable === true)
      this.#may('is lost with all that it knows', false, desk => ({ ...desk, tap: undefined, lost: true }))
    for (const chip of cast.chipAt.keys()) this.#taps(chip)
    for (const later of [0, RECHECK_SECONDS]) this.#uploads(later)
  }

  /** What the clerk does: begins, stops, takes up again. Power may fail at any of it, which is a stop too. */
  #selling(sales: readonly bigint[]): void {
    const { design } = this.#cast
    const desks = this.#desks
    this.#may('begins a sale', false, desk => {
      const { lastSale, sales: before } = desks.till(desk)
      const amount = sales[lastSale]
      if (desk.tap !== undefined || amount === undefined) return undefined
      const isOpen = before.get(lastSale)?.stage === 'open'
      const ready = isOpen ? desks.written(desk, { entry: 'abandoned', at: NOW, sale: lastSale }) : desk
      const step = design.sale.begin(desks.till(ready), money(amount), NOW)
      return step.ok ? desks.driven(ready, 'debit', step.value) : undefined
    })
    this.#may('takes the sale up again', true, desk => {
      const [unresolved] = desks.till(desk).unresolved
      const sale = unresolved === undefined ? undefined : desks.till(desk).sales.get(unresolved)
      if (desk.tap !== undefined || sale === undefined) return undefined
      const step = design.sale.resume(sale)
      return step.ok ? desks.driven(desk, 'debit', step.value) : undefined
    })
    this.#may('stops waiting for a chip', false, desk => desks.told(desk, 'listening', { input: 'stop', now: NOW }))
    this.#may('gets no answer from the chip', false, desk =>
      desks.told(desk, 'acting', { input: 'response', response: undefined, now: NOW }),
    )
  }

  #voiding(): void {
    const desks = this.#desks
    this.#may('begins to void its last sale', false, desk => {
      const sale = [...desks.till(desk).sales.values()].findLast(({ stage }) => stage === 'paid')
      if (desk.tap !== undefined || sale === undefined) return undefined
      const step = this.#cast.design.void.begin(sale)
      return step.ok ? desks.driven(desk, 'void', step.value) : undefined
    })
    this.#may('gives up the void that got no answer', true, desk => {
      const [overdue] = overdueVoids(desks.till(desk), NOW + VOID_PATIENCE_SECONDS)
      if (desk.tap !== undefined || overdue === undefined) return undefined
      return desks.written(desk, { entry: 'void-given-up', at: NOW, sale: overdue.sale })
    })
  }

  /** One thing that happens at the counter without a chip or the center. */
  #may(says: string, fair: boolean, act: (desk: Desk) => Desk | undefined): void {
    this.#cast.stage.may({
      parts: [this.#place],
      perform: number => {
        const desk = this.#desks.desk(number)
        const after = desk.lost ? undefined : act(desk)
        return after === undefined
          ? []
          : [{ next: [this.#desks.number(after)], sends: [], fair, says: `${this.#name} ${says}` }]
      },
    })
  }

  /** A chip at the counter: it is read, it is asked, it answers. */
  #taps(chip: number): void {
    this.#cast.stage.may({
      parts: [this.#place, this.#cast.chipAt[chip] ?? 0, ...this.#cast.loss],
      perform: (number, record, lost = PRESENT) => {
        const { tap, lost: gone } = this.#desks.desk(number)
        if (lost !== PRESENT || gone) return []
        if (tap?.state.phase.at === 'listening') return this.#read(number, chip, record)
        return tap?.state.phase.at === 'acting' ? this.#answered(number, chip, record) : []
      },
    })
  }

  #read(number: number, chip: number, record: number): readonly Outcome[] {
    const { chips } = this.#cast
    const opening = this.#desks.introduction(chips, record)
    const [greeted, met] = [opening.slice(0, 1), opening].map(commands => chips.whole(record, commands).answer)
    const selecting = this.#desks.told(this.#desks.desk(number), 'listening', { input: 'chip', now: NOW })
    const introducing =
      selecting && this.#desks.told(selecting, 'selecting', { input: 'response', response: greeted, now: NOW })
    const after =
      introducing && this.#desks.told(introducing, 'introducing', { input: 'response', response: met, now: NOW })
    if (after === undefined || this.#desks.number(after) === number) return []
    const { tap } = after
    const asked = tap?.state.phase.at === 'acting' ? tap.state.task.asked : undefined
    const sends = asked === undefined || tap === undefined ? [] : [this.#request(chip, asked.bytes, tap.deed)]
    const says =
      asked === undefined
        ? `meets ${named(chip)}`
        : `asks ${named(chip)} at seq ${asked.request.seq} ${tap?.deed === 'void' ? 'to take back' : 'for'} ${asked.request.amount}`
    return [
      { next: [this.#desks.number(after), record, ...this.#here], sends, fair: true, says: `${this.#name} ${says}` },
    ]
  }

  get #here(): readonly number[] {
    return this.#cast.loss.map(() => PRESENT)
  }

  /** The chip does what it is asked, and its answer comes through. */
  #answered(number: number, chip: number, record: number): readonly Outcome[] {
    const { chips } = this.#cast
    const desk = this.#desks.desk(number)
    const { asked } = desk.tap?.state.task ?? {}
    if (asked === undefined || desk.tap === undefined || asked.request.purse !== chips.purse(record)) return []
    const commands = [...this.#desks.introduction(chips, record), requesting(desk.tap.deed, asked.bytes)]
    const { record: after, answer } = chips.whole(record, commands)
    const told = this.#desks.told(desk, 'acting', { input: 'response', response: answer, now: NOW })
    if (told === undefined) return []
    const sends = after === record ? [] : [this.#cast.statement(chip, after)]
    const says = `${named(chip)} answers ${this.#name.toLowerCase()}: ${endOf(told)}`
    return [{ next: [this.#desks.number(told), after, ...this.#here], sends, fair: true, says }]
  }

  /** A signed request, that a relay may bring to its chip whenever the terminal introduces itself to it. */
  #request(chip: number, bytes: Bytes, deed: Deed): number {
    const { stage, chips, chipAt, loss } = this.#cast
    return stage.net.message(`request ${chip} ${deed} ${spell(bytes)}`, () => ({
      parts: [chipAt[chip] ?? 0, ...loss],
      perform: (record, lost = PRESENT) => {
        if (lost !== PRESENT) return []
        const done = chips.session(record, [...this.#desks.introduction(chips, record), requesting(deed, bytes)])
        return done
          .filter(({ record: after }, i) => after !== record && done[i + 1]?.record !== after)
          .map(({ record: after, answer }) => ({
            next: [after, ...this.#here],
            sends: [this.#cast.statement(chip, after)],
            fair: false,
            says: `${named(chip)} does what ${this.#name.toLowerCase()} has asked${answer === undefined ? ', cut short' : ''}, and the till does not hear of it`,
          }))
      },
    }))
  }

  /** Receipts are shown to the center, and its answers heard; `later`, all that is not settled is shown again. */
  #uploads(later: number): void {
    const again = later === 0 ? '' : ' again'
    this.#may(`begins to show its receipts to the center${again}`, later === 0, desk => {
      const fresh = this.#due(desk, later).filter(({ offered }) => !offered)
      if (fresh.length === 0) return undefined
      return this.#desks.written(desk, { entry: 'offered', at: NOW, sales: fresh.map(({ sale }) => sale) })
    })
    this.#cast.stage.may({
      parts: [this.#place, this.#cast.centerAt],
      perform: (number, book) => this.#showing(number, book, later),
    })
  }

  #due(desk: Desk, later: number): readonly Sale[] {
    const held = desk.tap?.deed === 'void' ? desk.tap.state.task.sale : undefined
    return desk.lost ? [] : (batchesOf(dueSales(this.#desks.till(desk), NOW + later, held))[0] ?? [])
  }

  #showing(number: number, book: number, later: number): readonly Outcome[] {
    const desk = this.#desks.desk(number)
    const batch = this.#due(desk, later)
    if (batch.length === 0 || batch.some(({ offered }) => !offered)) return []
    const receipts = batch.flatMap(receiptsOf)
    let after = book
    const answers = receipts.map(whole => {
      const taken = this.#collect(after, whole)
      after = taken.book
      return taken.answer
    })
    const entries = answersOf(batch, answers, NOW)
    assert(entries.ok, 'one answer for each receipt')
    const heard = this.#desks.number(this.#desks.written(desk, ...entries.value))
    const sends = receipts.map(whole => this.#upload(whole))
    const shows = `${this.#name} shows the center ${receipts.length} receipts`
    const told = answers.map(({ standing }) => standing).join(' and ')
    return [
      { next: [heard, after], sends, fair: later === 0, says: `${shows}, and is told ${told}` },
      { next: [number, book], sends, fair: false, says: `${shows}, but they are delayed` },
    ]
  }

  /** A receipt under way to the center. */
  #upload(whole: Bytes): number {
    const { stage, centerAt } = this.#cast
    return stage.net.message(`receipt ${spell(whole)}`, () => ({
      parts: [centerAt],
      perform: book => {
        const { book: after, answer } = this.#collect(book, whole)
        const says = `A receipt of ${this.#name.toLowerCase()} reaches the center: ${answer.standing}`
        return after === book ? [] : [{ next: [after], sends: [], fair: false, says }]
      },
    }))
  }

  #collect(book: number, whole: Bytes): Taken {
    const { centers, design } = this.#cast
    const signed = readReceipt(whole)
    const keys = signed && vault.purseKeys(signed.receipt.keyVersion, signed.receipt.purse)
    assert(signed !== undefined && keys !== undefined, 'a till keeps receipts')
    const macWrong = !equal(receiptMac(crypto, keys.receipt, signed.body), signed.mac)
    const { book: after, answer } = centers.run(
      book,
      START_MS,
      design.collect({ signed, whole, store: STORE, macWrong }),
    )
    if (answer.standing === 'behind') return this.#collect(this.#cast.newEpoch(after, answer.epoch), whole)
    return { book: after, answer: { standing: answer.standing, final: design.settles(false) } }
  }
}

function endOf({ tap, journal }: Desk): string {
  if (tap !== undefined) return 'tap again'
  const last = journal.at(-1)?.entry.entry
  return last === 'received' ? 'a receipt' : (last ?? 'nothing')
}
