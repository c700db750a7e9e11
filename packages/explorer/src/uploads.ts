/**
 * What a till shows the center: receipts are offered, shown, delayed, shown again; the center's answers are heard or lost. A
 * receipt that was shown once may reach the center at any later time as well.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { Collected } from '@kozeni/center/collect'
import { readReceipt, receiptMac } from '@kozeni/protocol/debit'
import type { Sale } from '@kozeni/terminal/till'
import { answersOf, batchesOf, dueSales, RECHECK_SECONDS, receiptsOf } from '@kozeni/terminal/upload'
import { STORE } from './cast.ts'
import { spell } from './centers.ts'
import { type Desk, NOW, type PlacedTill } from './desks.ts'
import { Interner } from './interner.ts'
import { crypto, policy, START_MS, vault } from './issuer.ts'
import { keeping } from './memory.ts'
import type { Outcome } from './move.ts'

/** What the till is told of one receipt. */
interface Answer {
  readonly standing: Collected['standing']
  readonly final: boolean
}

interface Taken {
  readonly book: number
  readonly answer: Answer
}

/** Everything that may happen between this till and the center. */
export function uploads(till: PlacedTill): void {
  const shown = new Uploads(till)
  for (const later of [0, RECHECK_SECONDS]) shown.after(later)
}

/** No hotlist is explored. */
const HERE = { position: 1, hotlist: 0 }
const JUDGING = { crypto, hotlistAgeMs: 0 }

/** Longer than a till keeps what is settled. */
const AGE_MS = policy.keepSettledMs + 1000

/** As take-in.ts says it; every settlement window closes at once here. */
const isSettled = (taken: Collected, age: number): boolean =>
  taken.standing === 'already-booked' && taken.at < START_MS + age * AGE_MS - policy.keepSettledMs

class Uploads {
  readonly #till: PlacedTill
  readonly #receipts = new Interner<Bytes>()
  readonly #answers = new Interner<readonly Answer[]>()
  /** By the age of all this. */
  readonly #collecting: readonly ((book: number, receipt: number) => Taken)[]

  constructor(till: PlacedTill) {
    this.#till = till
    this.#collecting = [0, 1].map(age =>
      keeping(till.cast.memory, (book, receipt) => this.#collect(book, this.#receipts.value(receipt), age)),
    )
  }

  /** What is due now, or when so many seconds have passed: then all that is not settled is shown again. */
  after(later: number): void {
    const { cast, desks, place, name } = this.#till
    const again = later === 0 ? '' : ' again'
    cast.stage.may({
      parts: [place],
      perform: number => {
        const desk = desks.desk(number)
        const sales = this.#due(desk, later)
          .filter(({ offered }) => !offered)
          .map(({ sale }) => sale)
        if (sales.length === 0) return []
        const after = desks.number(desks.written(desk, { entry: 'offered', at: NOW, sales }))
        return [
          { next: [after], sends: [], fair: true, says: `${name} begins to show its receipts to the center${again}` },
        ]
      },
    })
    const hearing = keeping(cast.memory, (number, answers) => this.#heard(number, answers, later))
    cast.stage.may({
      parts: [place, cast.centerAt, ...cast.age],
      perform: (number, book, age) => this.#showing(number, book, age, later, hearing),
    })
  }

  #due(desk: Desk, later: number): readonly Sale[] {
    const held = desk.tap?.deed === 'void' ? desk.tap.state.task.sale : undefined
    return desk.lost ? [] : (batchesOf(dueSales(this.#till.desks.till(desk), NOW + later, held))[0] ?? [])
  }

  #showing(
    number: number,
    book: number,
    age: number | undefined,
    later: number,
    hearing: (number: number, answers: number) => number,
  ): readonly Outcome[] {
    const batch = this.#due(this.#till.desks.desk(number), later)
    if (batch.length === 0 || batch.some(({ offered }) => !offered)) return []
    const old = age === undefined ? [] : [age]
    const receipts = batch.flatMap(receiptsOf)
    const answers: Answer[] = []
    let after = book
    for (const { bytes: whole } of receipts) {
      const taken = this.#collected(after, whole, age)
      after = taken.book
      answers.push(taken.answer)
    }
    const heard = hearing(
      number,
      this.#answers.number(spell(answers), () => answers),
    )
    const sends = receipts.map(({ bytes }) => this.#upload(bytes))
    const shows = `${this.#till.name} shows the center ${receipts.length === 1 ? 'a receipt' : `${receipts.length} receipts`}`
    const told = answers.map(({ standing }) => standing).join(' and ')
    return [
      { next: [heard, after, ...old], sends, fair: true, says: `${shows}, and is told ${told}` },
      { next: [number, book, ...old], sends, fair: false, says: `${shows}, but it is delayed` },
    ]
  }

  #heard(number: number, answers: number, later: number): number {
    const { desks } = this.#till
    const desk = desks.desk(number)
    const entries = answersOf(this.#due(desk, later), this.#answers.value(answers), NOW)
    assert(entries.ok, 'one answer for each receipt')
    return desks.number(desks.written(desk, ...entries.value))
  }

  #numbered(whole: Bytes): number {
    return this.#receipts.number(spell(whole), () => whole)
  }

  /** A receipt under way to the center. */
  #upload(whole: Bytes): number {
    const { cast, name } = this.#till
    return cast.stage.net.message(`receipt ${spell(whole)}`, () => ({
      parts: [cast.centerAt, ...cast.age],
      perform: (book, age) => {
        const { book: after, answer } = this.#collected(book, whole, age)
        const says = `A receipt of ${name.toLowerCase()} reaches the center: ${answer.standing}`
        return after === book
          ? []
          : [{ next: [after, ...(age === undefined ? [] : [age])], sends: [], fair: false, says }]
      },
    }))
  }

  #collected(book: number, whole: Bytes, age = 0): Taken {
    const collecting = this.#collecting[age]
    assert(collecting !== undefined, 'all this ages once')
    return collecting(book, this.#numbered(whole))
  }

  #collect(book: number, whole: Bytes, age: number): Taken {
    const { cast } = this.#till
    const { centers, design } = cast
    const signed = readReceipt(whole)
    const keys = signed && vault.purseKeys(signed.receipt.keyVersion, signed.receipt.purse)
    assert(signed !== undefined && keys !== undefined, 'a till keeps receipts')
    const wrong = equal(receiptMac(crypto, keys.receipt, signed.body), signed.mac) ? 'nothing' : 'mac'
    const command = design.collect(signed.receipt.purse, [{ signed, whole, store: STORE, place: HERE, wrong }], JUDGING)
    const { book: after, answer } = centers.run(book, START_MS + age * AGE_MS, command)
    if ('standing' in answer) {
      assert(answer.standing === 'behind', 'it was asked with all that it takes to judge')
      return this.#collect(cast.newEpoch(after, answer.epoch), whole, age)
    }
    const [taken] = answer
    assert(taken !== undefined, 'one answer for each receipt')
    return { book: after, answer: { standing: taken.standing, final: design.settles(isSettled(taken, age)) } }
  }
}
