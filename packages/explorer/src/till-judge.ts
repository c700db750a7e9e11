/** What must hold at a till, by what chips really did: INV-SHOW and INV-ONCE. */
import type { Cast } from './cast.ts'
import { type Desks, lateVoids } from './desks.ts'
import { terminalId } from './issuer.ts'
import { keeping } from './memory.ts'

export class TillJudge {
  readonly #cast: Cast
  readonly #desks: Desks
  readonly #place: number
  readonly #index: number
  readonly #judged = new Map<number, string | undefined>()
  readonly #givenNow = keeping(true, (number, book) => this.#given(number, book))

  /** @param place  of the till in a state. @param index  of the till, from 0 */
  constructor(cast: Cast, desks: Desks, place: number, index: number) {
    this.#cast = cast
    this.#desks = desks
    this.#place = place
    this.#index = index
  }

  isAtRest(state: Int32Array): boolean {
    const desk = this.#desks.desk(state[this.#place] ?? 0)
    const { unresolved, unanswered, withheld } = this.#desks.till(desk)
    const told = [...withheld].every(number => {
      const { told: word, receipt } = this.#desks.till(desk).sales.get(number) ?? {}
      return word !== undefined && (word.final || receipt === undefined)
    })
    return desk.lost || (desk.tap === undefined && unresolved.size + unanswered.size === 0 && told)
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
      // one that was refused may be debited yet, by a relay that kept its request: the till's word stays durable (D-5)
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
