/**
 * What a till shows the center: receipts are offered, shown, delayed, shown again; the center's answers are heard or lost. An
 * upload that was made once may reach the center at any later time as well.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import type { Collected } from '@kozeni/center/collect'
import type { Sale } from '@kozeni/terminal/till'
import { answersOf, batchesOf, dueSales, RECHECK_SECONDS, receiptsOf } from '@kozeni/terminal/upload'
import { spell } from './centers.ts'
import { type Desk, NOW, type PlacedTill } from './desks.ts'
import { Interner } from './interner.ts'
import { policy, START_MS } from './issuer.ts'
import { keeping } from './memory.ts'
import type { Outcome } from './move.ts'
import { takenIn } from './take-in.ts'

/** What the till is told of one receipt. */
interface Answer {
  readonly standing: Collected['standing']
  readonly final: boolean
}

/** What comes of an upload. */
interface Taken {
  readonly book: number
  readonly answers: readonly Answer[]
}

/** Everything that may happen between this till and the center. */
export function uploads(till: PlacedTill): void {
  const shown = new Uploads(till)
  for (const later of [0, RECHECK_SECONDS]) shown.after(later)
}

/** Longer than a till keeps what is settled. */
const AGE_MS = policy.keepSettledMs + 1000

/** As take-in.ts says it; every settlement window closes at once here. */
const isSettled = (taken: Collected, age: number): boolean =>
  taken.standing === 'already-booked' && taken.at < START_MS + age * AGE_MS - policy.keepSettledMs

class Uploads {
  readonly #till: PlacedTill
  readonly #uploads = new Interner<readonly Bytes[]>()
  readonly #answers = new Interner<readonly Answer[]>()
  /** By the age of all this. */
  readonly #taking: readonly ((book: number, upload: number) => Taken)[]

  constructor(till: PlacedTill) {
    this.#till = till
    this.#taking = [0, 1].map(age =>
      keeping(till.cast.memory, (book, upload) => this.#takeIn(book, this.#uploads.value(upload), age)),
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
    const receipts = batch.flatMap(receiptsOf).map(({ bytes }) => bytes)
    const { book: after, answers } = this.#taken(book, receipts, age)
    const heard = hearing(
      number,
      this.#answers.number(spell(answers), () => answers),
    )
    const sends = [this.#upload(receipts)]
    const shows = `${this.#till.name} shows the center ${receipts.length === 1 ? 'a receipt' : `${receipts.length} receipts`}`
    return [
      { next: [heard, after, ...old], sends, fair: true, says: `${shows}, and is told ${told(answers)}` },
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

  /** An upload under way to the center. */
  #upload(receipts: readonly Bytes[]): number {
    const { cast, name } = this.#till
    return cast.stage.net.message(`upload ${spell(receipts)}`, () => ({
      parts: [cast.centerAt, ...cast.age],
      perform: (book, age) => {
        const { book: after, answers } = this.#taken(book, receipts, age)
        const says = `An upload of ${name.toLowerCase()} reaches the center: ${told(answers)}`
        return after === book
          ? []
          : [{ next: [after, ...(age === undefined ? [] : [age])], sends: [], fair: false, says }]
      },
    }))
  }

  #taken(book: number, receipts: readonly Bytes[], age = 0): Taken {
    const taking = this.#taking[age]
    assert(taking !== undefined, 'all this ages once')
    return taking(
      book,
      this.#uploads.number(spell(receipts), () => receipts),
    )
  }

  #takeIn(book: number, receipts: readonly Bytes[], age: number): Taken {
    const { cast } = this.#till
    const { book: after, answers } = takenIn(cast, book, receipts, START_MS + age * AGE_MS)
    const final = (taken: Collected): boolean => cast.design.settles(isSettled(taken, age))
    return { book: after, answers: answers.map(taken => ({ standing: taken.standing, final: final(taken) })) }
  }
}

const told = (answers: readonly Answer[]): string => answers.map(({ standing }) => standing).join(' and ')
