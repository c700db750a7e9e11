/**
 * The network between everybody and the center: it loses, doubles and delays what it carries, cuts parties off, and has
 * several centers to bring a request to. It carries whole requests; nobody can read or change them.
 */
import type { Clock } from '@kozeni/base/clock'
import { no, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { CenterProcess } from './center-process.ts'
import { type City, diceOf, type Network, type Request, strikes } from './city.ts'
import type { QuickDice } from './quick-dice.ts'

/** How long somebody waits for an answer. */
const TIMEOUT_MS = 10_000
const LATENCY_MS = 400
const ATTEMPTS = 3

export class FaultyNetwork implements Network {
  readonly #city: City
  readonly #centers: readonly CenterProcess[]
  readonly #clock: Clock
  readonly #dice: QuickDice
  readonly #cutOff = new Map<string, number>()

  constructor(city: City, centers: readonly CenterProcess[]) {
    this.#city = city
    this.#centers = centers
    this.#clock = city.timeline.clock()
    this.#dice = diceOf(city, 'network')
  }

  async ask<T>(who: string, request: Request<T>): Promise<Result<T, Refusal>> {
    if (this.#isCutOff(who) || this.#strikes('requestLost')) return this.#silence()
    if (this.#strikes('requestTwice')) this.#bringLater(request, this.#dice.spread(100, 600_000))
    if (this.#strikes('requestLate')) {
      this.#bringLater(request, this.#dice.spread(TIMEOUT_MS, Math.max(TIMEOUT_MS, this.#city.faults.latestMs)))
      return this.#silence()
    }
    await this.#clock.wait(this.#dice.below(LATENCY_MS))
    const answer = await this.#bring(request)
    return answer === undefined || this.#strikes('answerLost') ? this.#silence() : answer
  }

  async insist<T>(who: string, request: Request<T>): Promise<Result<T, Refusal>> {
    let answer = await this.ask(who, request)
    for (let again = 1; again < ATTEMPTS && isSilence(answer); again++) {
      await this.#clock.wait(1000 * 2 ** again)
      answer = await this.ask(who, request)
    }
    return answer
  }

  async #silence(): Promise<Result<never, Refusal>> {
    await this.#clock.wait(TIMEOUT_MS)
    return no(refusal('center-unreachable'))
  }

  /** To a center that is up. @returns undefined when there is none, or it died over it */
  #bring<T>(request: Request<T>): Promise<Result<T, Refusal> | undefined> {
    const up = this.#centers.filter(center => center.isUp)
    return up.length === 0 ? Promise.resolve(undefined) : this.#dice.pick(up).serve(request)
  }

  #bringLater<T>(request: Request<T>, delayMs: number): void {
    this.#city.timeline.begin(() => this.#bring(request), delayMs)
  }

  #isCutOff(who: string): boolean {
    const { timeline, faults } = this.#city
    if (faults.cutOffMs === 0) return false
    if (this.#strikes('cutOff'))
      this.#cutOff.set(who, timeline.now + this.#dice.spread(10_000, 10_000 + faults.cutOffMs))
    return timeline.now < (this.#cutOff.get(who) ?? 0)
  }

  #strikes(fault: 'requestLost' | 'requestTwice' | 'requestLate' | 'answerLost' | 'cutOff'): boolean {
    return strikes(this.#city, this.#dice, fault)
  }
}

/** Whether nobody answered: what was asked may have been done. */
export const isSilence = (answer: Result<unknown, Refusal>): boolean =>
  !answer.ok && answer.refusal.code === 'center-unreachable'
