/** What must hold at a till, by what chips really did: INV-SHOW and INV-ONCE. */
import type { Receipt } from '@kozeni/protocol/debit'
import type { Sale } from '@kozeni/terminal/till'
import type { Cast } from './cast.ts'
import { type Desks, lateVoids } from './desks.ts'
import { RECORD_RING } from './history.ts'
import { terminalId } from './issuer.ts'
import { keeping } from './memory.ts'
import type { Naming } from './met.ts'

export class TillJudge {
  readonly #cast: Cast
  readonly #desks: Desks
  readonly #place: number
  readonly #index: number
  readonly #takenForNothing = new Map<number, readonly Receipt[]>()
  readonly #judged = new Map<number, string | undefined>()
  readonly #givenNow = keeping(true, (number, book) => this.#given(number, book))

  /** @param place  of the till in a state. @param index  of the till, from 0 */
  constructor(cast: Cast, desks: Desks, place: number, index: number) {
    this.#cast = cast
    this.#desks = desks
    this.#place = place
    this.#index = index
  }

  get naming(): Naming {
    return { place: this.#place, names: number => this.#names(number) }
  }

  #names(number: number): readonly string[] {
    const desk = this.#desks.desk(number)
    const { sales } = this.#desks.till(desk)
    return [
      ...[...sales.values()].flatMap(({ stage, voidStage }) => [`till: sale ${stage}`, `till: void ${voidStage}`]),
      ...[...sales.values()].flatMap(({ answered }) =>
        answered?.final === true ? ['till: sale settled for good'] : [],
      ),
      ...(desk.lost ? ['till: lost'] : []),
    ]
  }

  isAtRest(state: Int32Array): boolean {
    const number = state[this.#place] ?? 0
    const desk = this.#desks.desk(number)
    if (desk.lost) return true
    const { unresolved, unanswered, withheld, sales } = this.#desks.till(desk)
    const waitsInVain = desk.tap === undefined || unresolved.has(desk.tap.state.task.sale)
    if (!waitsInVain || desk.tap?.state.phase.at === 'acting' || unanswered.size > 0) return false
    if (![...unresolved].every(sale => this.#isBeyondReach(state, sales.get(sale)))) return false
    if ([...withheld].some(sale => sales.get(sale)?.told === undefined)) return false
    return this.#cast.chipAt.every(at => this.#isOwedBack(number, state[at] ?? 0, state[this.#cast.centerAt] ?? 0))
  }

  /** The chip's ring has moved on too far to tell: people decide (D-4). */
  #isBeyondReach(state: Int32Array, sale: Sale | undefined): boolean {
    const { purse, seq } = sale?.asked?.request ?? {}
    const facts = this.#cast.chipAt.map(at => this.#cast.chips.facts(state[at] ?? 0))
    return facts.some(chip => chip.purse === purse && chip.seq - (seq ?? chip.seq) > RECORD_RING)
  }

  /** What a chip has paid for a sale that was refused or not given is on its way back, all of it. @spec D-5 */
  #isOwedBack(number: number, record: number, book: number): boolean {
    const key = record * 2 ** 26 + number
    if (!this.#takenForNothing.has(key)) this.#takenForNothing.set(key, this.#forNothing(number, record))
    const taken = this.#takenForNothing.get(key) ?? []
    return taken.every(({ purse, seq, amount }) => {
      const row = this.#cast.centers.tables(book).return.get(`${purse} ${seq}`)
      return row?.refunded === amount
    })
  }

  #forNothing(number: number, record: number): readonly Receipt[] {
    const { sales } = this.#desks.till(this.#desks.desk(number))
    return this.#cast.chips.facts(record).records.filter(({ terminal, sale, kind }) => {
      const stage = terminal === terminalId(this.#index + 1) && kind === 'debit' ? sales.get(sale)?.stage : undefined
      return stage === 'refused' || stage === 'not-given'
    })
  }

  /** Whether this till is lost, or has nothing that this book has not taken in: what a restored one has forgotten is shown again. */
  isCleared(number: number, book: number): boolean {
    const desk = this.#desks.desk(number)
    const { unanswered, sales } = this.#desks.till(desk)
    const { receipt: taken } = this.#cast.centers.tables(book)
    const isTaken = ({ receipt }: Sale): boolean =>
      receipt === undefined || taken.has(`${receipt.receipt.purse} ${receipt.receipt.seq}`)
    return desk.lost || (unanswered.size === 0 && [...sales.values()].every(isTaken))
  }

  isLost(state: Int32Array): boolean {
    return this.#desks.desk(state[this.#place] ?? 0).lost
  }

  judge(state: Int32Array): string | undefined {
    const number = state[this.#place] ?? 0
    const given = this.#givenNow(number, state[this.#cast.centerAt] ?? 0)
    if (given !== undefined) return given
    for (const at of this.#cast.chipAt) {
      const record = state[at] ?? 0
      const key = record * 2 ** 26 + number
      if (!this.#judged.has(key)) this.#judged.set(key, this.#shown(number, record))
      const broken = this.#judged.get(key)
      if (broken !== undefined) return broken
    }
    return undefined
  }

  /** A sale that was given is not refunded as one that was not. */
  #given(number: number, book: number): string | undefined {
    const { return: returns } = this.#cast.centers.tables(book)
    const { sales } = this.#desks.till(this.#desks.desk(number))
    for (const { terminal, sale, notGivenAt } of returns.values()) {
      const isGiven = terminal === terminalId(this.#index + 1) && sales.get(sale)?.stage === 'paid'
      if (isGiven && notGivenAt !== undefined)
        return `INV-SHOW: sale ${sale} of till ${this.#index + 1} is paid and given, and the center takes it for withheld`
    }
    return undefined
  }

  /** A till says paid only of what a chip has paid, and no only of what no chip has. */
  #shown(number: number, record: number): string | undefined {
    const { records, purse } = this.#cast.chips.facts(record)
    const late = lateVoids(this.#desks.desk(number))
    for (const { sale, stage, voidStage, asked } of this.#desks.till(this.#desks.desk(number)).sales.values()) {
      const own = records.filter(one => one.terminal === terminalId(this.#index + 1) && one.sale === sale)
      const debits = own.filter(({ kind }) => kind === 'debit').length
      const voids = own.length - debits
      const name = `sale ${sale} of till ${this.#index + 1}`
      if (debits > 1) return `INV-ONCE: ${name} was debited ${debits} times`
      if (stage === 'paid' && asked?.request.purse === purse && debits === 0)
        return `INV-SHOW: ${name} is paid, and the chip was not debited`
      // one that was refused may be debited yet, by a relay that kept its request: then it goes back, see above
      if ((stage === 'abandoned' || stage === 'open') && debits > voids)
        return `INV-SHOW: ${name} is ${stage}, and the chip was debited`
      if (voids > 0 && late.includes(sale))
        return `INV-NOCREATE: ${name} was claimed from the center, and then given back by the chip`
      if (voidStage === 'voided' && voids === 0 && debits === 1)
        return `INV-SHOW: ${name} is voided, and the chip was not given it back`
    }
    return undefined
  }
}
