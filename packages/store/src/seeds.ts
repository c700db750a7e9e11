/**
 * The seeds that a store holds: what it sells with while the center is away, and what it checks proofs with (T-3, T-5).
 * Seeds of past windows stay, for proofs that come late; those of a revoked generation go at once.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { windowAt, windowCloses, windowOpen, windowOpens } from '@kozeni/protocol/seed'
import type { Chest, Handed } from './chest.ts'

/** A seed to sell with. Times in seconds since 1970, the overlap included. */
export interface Present {
  readonly generation: number
  readonly window: number
  readonly seed: Bytes
  readonly opens: number
  /** No sale made with it can be paid from then on. */
  readonly closes: number
}

const NONE: Handed = { epoch: 0, generation: 0, rule: { lengthSeconds: 1, overlapSeconds: 0, ahead: 0 }, seeds: [] }

export class Seeds {
  readonly #chest: Chest
  #handed: Handed = NONE
  #byWindow: ReadonlyMap<number, Bytes> = new Map()

  private constructor(chest: Chest) {
    this.#chest = chest
  }

  /** With what the chest holds from earlier lives. */
  static async open(chest: Chest): Promise<Seeds> {
    const seeds = new Seeds(chest)
    seeds.#keep((await chest.load()) ?? NONE)
    return seeds
  }

  /**
   * The seed to sell with now: the present window's, or the one before for as long as it overlaps.
   *
   * @refuses center-unreachable (check: seeds): the store has run out, or was never handed any
   */
  present(nowSeconds: number): Result<Present, Refusal> {
    const { generation, rule } = this.#handed
    const now = windowAt(nowSeconds, rule.lengthSeconds)
    for (const window of [now, now - 1]) {
      const seed = this.#byWindow.get(window)
      if (seed !== undefined && windowOpen(rule, window, nowSeconds))
        return ok({ generation, window, seed, opens: windowOpens(rule, window), closes: windowCloses(rule, window) })
    }
    return no(refusal('center-unreachable', { check: 'seeds', ranOutAt: this.lastUntil }))
  }

  /** The seed that made an earlier number; undefined when it was revoked, or never here. */
  find(generation: number, window: number): Bytes | undefined {
    return generation === this.#handed.generation ? this.#byWindow.get(window) : undefined
  }

  /** Until when the store can sell without the center, in seconds since 1970; 0 when not at all. */
  get lastUntil(): number {
    const { seeds, rule } = this.#handed
    return seeds.reduce((last, { window }) => Math.max(last, windowCloses(rule, window)), 0)
  }

  /**
   * Takes what the center hands. Seeds of another generation are void from then on; a late answer of an earlier
   * generation changes nothing. Durable when it resolves.
   *
   * @spec T-3
   */
  async take(handed: Handed): Promise<void> {
    const before = this.#handed
    if (handed.epoch < before.epoch) return
    if (handed.epoch === before.epoch && handed.generation < before.generation) return
    const news = new Set(handed.seeds.map(({ window }) => window))
    const earlier = handed.generation === before.generation ? before.seeds.filter(one => !news.has(one.window)) : []
    const whole = { ...handed, seeds: [...earlier, ...handed.seeds] }
    await this.#chest.save(whole)
    this.#keep(whole)
  }

  #keep(handed: Handed): void {
    this.#handed = handed
    this.#byWindow = new Map(handed.seeds.map(({ window, seed }) => [window, seed]))
  }
}
