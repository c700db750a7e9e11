/**
 * What may happen at terminals that work alone: what the clerk does, what chips do at the counter (taps.ts), what is shown to
 * the center (uploads.ts), losses. Power may fail between any two steps: what the machine had not journaled is gone.
 */
import { money } from '@kozeni/base/money'
import { overdueVoids, VOID_PATIENCE_SECONDS } from '@kozeni/terminal/upload'
import type { Cast } from './cast.ts'
import { type Desk, Desks, NOW } from './desks.ts'
import type { Naming } from './met.ts'
import { taps } from './taps.ts'
import { TillJudge } from './till-judge.ts'
import { uploads } from './uploads.ts'
import { withheld, withholding } from './withheld.ts'

/** What the judge asks of the terminals. */
export interface Shelf {
  judge(state: Int32Array): string | undefined
  isAtRest(state: Int32Array): boolean
  /** Whether a till is lost, and what it alone knew with it. */
  isLost(state: Int32Array): boolean
  /** The tills' places in a state. */
  readonly places: readonly number[]
  /** Whether a chip is just being asked at the first till, when it is this one. */
  isTapping(number: number): boolean
  readonly namings: readonly Naming[]
  /** Whether the first till, when it is this one, has shown the center all that it ever will. */
  isCleared(number: number, book: number): boolean
}

/** All of a plot's terminals, each with what may happen at it. */
export function offline(cast: Cast): Shelf {
  const counters = cast.plot.terminals.map((_, i) => new Counter(cast, i))
  const judges = counters.map(({ judge }) => judge)
  return {
    judge: state => judges.map(judge => judge.judge(state)).find(broken => broken !== undefined),
    isAtRest: state => judges.every(judge => judge.isAtRest(state)),
    isLost: state => judges.some(judge => judge.isLost(state)),
    isTapping: number => counters[0]?.isTapping(number) ?? false,
    namings: judges.map(judge => judge.naming),
    places: counters.map(({ place }) => place),
    isCleared: (number, book) => counters.every(({ judge }) => judge.isCleared(number, book)),
  }
}

class Counter {
  readonly judge: TillJudge
  readonly #cast: Cast
  readonly #desks: Desks
  readonly place: number
  readonly #name: string

  constructor(cast: Cast, index: number) {
    const { sales = [], voids, losable, withholds } = cast.plot.terminals[index] ?? {}
    this.#cast = cast
    this.#desks = new Desks(cast.design, index)
    this.place = cast.stage.part(this.#desks.first)
    this.#name = `Till ${index + 1}`
    this.judge = new TillJudge(cast, this.#desks, this.place, index)
    this.#selling(sales)
    if (voids === true) this.#voiding()
    if (losable === true)
      this.#may('is lost with all that it knows', false, desk => ({ ...desk, tap: undefined, lost: true }))
    const till = { cast, desks: this.#desks, place: this.place, name: this.#name }
    taps(till)
    uploads(till)
    withheld(till, index)
    if (withholds === true) withholding(till)
  }

  isTapping(number: number): boolean {
    return this.#desks.desk(number).tap?.state.phase.at === 'acting'
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
      parts: [this.place],
      perform: number => {
        const desk = this.#desks.desk(number)
        const after = desk.lost ? undefined : act(desk)
        return after === undefined
          ? []
          : [{ next: [this.#desks.number(after)], sends: [], fair, says: `${this.#name} ${says}` }]
      },
    })
  }
}
