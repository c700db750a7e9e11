/**
 * Chips at a counter: a chip is read, is asked, answers; its answer is lost; or a relay brings it a request that the till
 * has signed for it at any time before. What the chip says depends on its record alone, what the till makes of it on that.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Deed } from '@kozeni/terminal/entry'
import { named, PRESENT } from './cast.ts'
import { spell } from './centers.ts'
import { type Desk, NOW, type PlacedTill, requesting } from './desks.ts'
import { Interner } from './interner.ts'
import { keeping } from './memory.ts'
import type { Move, Outcome } from './move.ts'

/** What the till wants of a chip. */
interface Request {
  readonly deed: Deed
  readonly bytes: Bytes
}

/** Everything that chips may do at this till. */
export function taps(till: PlacedTill): void {
  const counter = new Taps(till)
  for (const chip of till.cast.chipAt.keys()) till.cast.stage.may(counter.tap(chip))
}

class Taps {
  readonly #till: PlacedTill
  readonly #answers = new Interner<Bytes>()
  readonly #requests = new Interner<Request>()
  readonly #greeting: (record: number, _: number) => readonly [greeted: number, met: number]
  readonly #meeting: (number: number, met: number) => number
  readonly #doing: (record: number, request: number) => readonly [after: number, answer: number]
  readonly #hearing: (number: number, answer: number) => number

  constructor(till: PlacedTill) {
    const { memory } = till.cast
    this.#till = till
    this.#greeting = keeping(memory, record => this.#greet(record))
    this.#meeting = keeping(memory, (number, met) => this.#meet(number, met))
    this.#doing = keeping(memory, (record, request) => this.#do(record, request))
    this.#hearing = keeping(memory, (number, answer) => this.#hear(number, answer))
  }

  tap(chip: number): Move {
    const { cast, desks, place } = this.#till
    return {
      parts: [place, cast.chipAt[chip] ?? 0, ...cast.loss],
      perform: (number, record, lost = PRESENT) => {
        const { tap, lost: gone } = desks.desk(number)
        if (lost !== PRESENT || gone) return []
        if (tap?.state.phase.at === 'listening') return this.#read(number, chip, record)
        return tap?.state.phase.at === 'acting' ? this.#answered(number, chip, record) : []
      },
    }
  }

  get #here(): readonly number[] {
    return this.#till.cast.loss.map(() => PRESENT)
  }

  #read(number: number, chip: number, record: number): readonly Outcome[] {
    const { desks, name } = this.#till
    const [, met] = this.#greeting(record, 0)
    const after = this.#meeting(number, met)
    if (after === number) return []
    const { tap } = desks.desk(after)
    const asked = tap?.state.phase.at === 'acting' ? tap.state.task.asked : undefined
    const next = [after, record, ...this.#here]
    if (asked === undefined || tap === undefined)
      return [{ next, sends: [], fair: true, says: `${name} meets ${named(chip)}` }]
    const { seq, amount } = asked.request
    const says = `${name} asks ${named(chip)} at seq ${seq} ${tap.deed === 'void' ? 'to take back' : 'for'} ${amount}`
    return [{ next, sends: [this.#request(chip, { bytes: asked.bytes, deed: tap.deed })], fair: true, says }]
  }

  /** The chip does what it is asked, and its answer comes through. */
  #answered(number: number, chip: number, record: number): readonly Outcome[] {
    const { cast, desks, name } = this.#till
    const { tap } = desks.desk(number)
    const asked = tap?.state.task.asked
    if (tap === undefined || asked?.request.purse !== cast.chips.purse(record)) return []
    const [after, answer] = this.#doing(record, this.#numbered({ bytes: asked.bytes, deed: tap.deed }))
    const told = this.#hearing(number, answer)
    const sends = after === record ? [] : cast.statements(chip, after)
    const says = `${named(chip)} answers ${name.toLowerCase()}: ${endOf(desks.desk(told))}`
    return [{ next: [told, after, ...this.#here], sends, fair: true, says }]
  }

  /** A signed request, that a relay may bring to its chip whenever the terminal introduces itself to it. */
  #request(chip: number, request: Request): number {
    const { cast, name } = this.#till
    const { stage, chips, chipAt, loss } = cast
    return stage.net.message(`request ${chip} ${spell(request)}`, () => ({
      parts: [chipAt[chip] ?? 0, ...loss],
      perform: (record, lost = PRESENT) => {
        if (lost !== PRESENT) return []
        const done = chips.session(record, this.#commands(record, request))
        return done
          .filter(({ record: after }, i) => after !== record && done[i + 1]?.record !== after)
          .map(({ record: after, answer }) => ({
            next: [after, ...this.#here],
            sends: cast.statements(chip, after),
            fair: false,
            says: `${named(chip)} does what ${name.toLowerCase()} has asked${answer === undefined ? ', cut short' : ''}, and the till does not hear of it`,
          }))
      },
    }))
  }

  #numbered(request: Request): number {
    return this.#requests.number(spell(request), () => request)
  }

  #commands(record: number, { deed, bytes }: Request) {
    const { cast, desks } = this.#till
    return [...desks.introduction(cast.chips, record), requesting(deed, bytes)]
  }

  /** What the chip answers to SELECT, and to the till's introduction. */
  #greet(record: number): readonly [number, number] {
    const { cast, desks } = this.#till
    const [select, introduction] = desks.introduction(cast.chips, record)
    const answered = (commands: Parameters<typeof cast.chips.whole>[1]): number =>
      this.#answer(cast.chips.whole(record, commands).answer)
    return [answered([select]), answered([select, introduction])]
  }

  #answer(bytes: Bytes): number {
    return this.#answers.number(spell(bytes), () => bytes)
  }

  /** The till after it was let in by a chip that answers this. Every chip greets alike here. */
  #meet(number: number, met: number): number {
    const { cast, desks } = this.#till
    const [greeted] = this.#greeting(cast.first.records[0] ?? 0, 0)
    const heard = (answer: number) => ({ input: 'response', response: this.#answers.value(answer), now: NOW }) as const
    const selecting = desks.told(desks.desk(number), 'listening', { input: 'chip', now: NOW })
    const introducing = selecting && desks.told(selecting, 'selecting', heard(greeted))
    const after = introducing && desks.told(introducing, 'introducing', heard(met))
    return after === undefined ? number : desks.number(after)
  }

  #do(record: number, request: number): readonly [number, number] {
    const { record: after, answer } = this.#till.cast.chips.whole(
      record,
      this.#commands(record, this.#requests.value(request)),
    )
    return [after, this.#answer(answer)]
  }

  #hear(number: number, answer: number): number {
    const { desks } = this.#till
    const response = this.#answers.value(answer)
    const told = desks.told(desks.desk(number), 'acting', { input: 'response', response, now: NOW })
    return told === undefined ? number : desks.number(told)
  }
}

function endOf({ tap, journal }: Desk): string {
  if (tap !== undefined) return 'tap again'
  const last = journal.at(-1)?.entry.entry
  return last === 'received' ? 'a receipt' : (last ?? 'nothing')
}
