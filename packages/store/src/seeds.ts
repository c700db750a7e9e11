/**
 * The seeds that a store holds: what it sells with while the center is away, and what it checks proofs with (T-3, T-5).
 * Seeds of past windows stay, for proofs that come late; those of a revoked generation go at once.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { windowAt, windowCloses, windowOpen } from '@kozeni/protocol/seed'
import type { Chest, Handed } from './chest.ts'

/** The seed to sell with now. */
export interface Present {
  readonly generation: number
  readonly window: number
  readonly seed: Bytes
  /** Seconds since 1970: no sale made with it can be paid from then on. */
  readonly closes: number
}

export class Seeds {
  readonly #chest: Chest
  #handed: Handed | undefined
  #byWindow: ReadonlyMap<number, Bytes> = new Map()

  private constructor(chest: Chest, handed: Handed | undefined) {
    this.#chest = chest
    if (handed !== undefined) this.#keep(handed)
  }

  /** With what the chest holds from earlier lives. */
  static async open(chest: Chest): Promise<Seeds> {
    return new Seeds(chest, await chest.load())
  }

  /**
   * @refuses center-unreachable (check: seeds): the store has run out, or was never handed any
   */
  present(nowSeconds: number): Result<Present, Refusal> {
    const handed = this.#handed
    if (handed === undefined) return no(refusal('center-unreachable', { check: 'seeds' }))
    const now = windowAt(nowSeconds, handed.rule.lengthSeconds)
    for (const window of [now, now - 1]) {
      const seed = this.#byWindow.get(window)
      if (seed !== undefined && windowOpen(handed.rule, window, nowSeconds))
        return ok({ generation: handed.generation, window, seed, closes: windowCloses(handed.rule, window) })
    }
    return no(refusal('center-unreachable', { check: 'seeds', ranOutAt: this.lastUntil }))
  }

  /** The seed that made an earlier number; undefined when it was revoked, or never here. */
  find(generation: number, window: number): Bytes | undefined {
    return generation === this.#handed?.generation ? this.#byWindow.get(window) : undefined
  }

  /** Until when the store can sell without the center, in seconds since 1970; 0 when not at all. */
  get lastUntil(): number {
    const last = Math.max(-1, ...this.#byWindow.keys())
    return this.#handed === undefined || last < 0 ? 0 : windowCloses(this.#handed.rule, last)
  }

  /** Whether half of what the center hands ahead is used up. */
  isLow(nowSeconds: number): boolean {
    const { lengthSeconds, ahead } = this.#handed?.rule ?? { lengthSeconds: 1, ahead: 0 }
    const last = Math.max(-1, ...this.#byWindow.keys())
    return last - windowAt(nowSeconds, lengthSeconds) < ahead / 2
  }

  /** Takes what the center hands; older generations than the present one are left alone. Durable when it resolves. */
  async take(handed: Handed): Promise<void> {
    const before = this.#handed
    if (before !== undefined && handed.generation < before.generation) return
    const earlier = before?.generation === handed.generation ? before.seeds : []
    const news = new Set(handed.seeds.map(({ window }) => window))
    const whole = { ...handed, seeds: [...earlier.filter(({ window }) => !news.has(window)), ...handed.seeds] }
    await this.#chest.save(whole)
    this.#keep(whole)
  }

  #keep(handed: Handed): void {
    this.#handed = handed
    this.#byWindow = new Map(handed.seeds.map(({ window, seed }) => [window, seed]))
  }
}
