/**
 * The seeds that a store holds: what it sells with while the center is away, and what it checks proofs with (T-3, T-5).
 * Seeds of past windows stay, for proofs that come late; those of a revoked generation go at once.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Chest, Handed, SeedWindow } from './chest.ts'

export class Seeds {
  readonly #chest: Chest
  #handed: Handed

  private constructor(chest: Chest, handed: Handed) {
    this.#chest = chest
    this.#handed = handed
  }

  /** With what the chest holds from earlier lives. */
  static async open(chest: Chest): Promise<Seeds> {
    return new Seeds(chest, (await chest.load()) ?? { epoch: 0, seeds: [] })
  }

  /**
   * The seed to sell with now: of those that are open, the one whose window is now at its middle more than another's, so
   * that the overlap is left for clocks that differ and holders who take their time.
   *
   * @refuses center-unreachable (check: seeds): the store has run out, or was never handed any
   */
  present(nowSeconds: number): Result<SeedWindow, Refusal> {
    const fromMiddle = ({ opens, closes }: SeedWindow): number => Math.abs(2 * nowSeconds - opens - closes)
    const [nearest] = this.#handed.seeds
      .filter(({ opens, closes }) => nowSeconds >= opens && nowSeconds < closes)
      .toSorted((a, b) => fromMiddle(a) - fromMiddle(b))
    if (nearest !== undefined) return ok(nearest)
    return no(refusal('center-unreachable', { check: 'seeds', ranOutAt: this.lastUntil }))
  }

  /** The seed that made an earlier number; undefined when it was revoked, or never here. */
  find(generation: number, window: number): Bytes | undefined {
    return this.#handed.seeds.find(one => one.generation === generation && one.window === window)?.seed
  }

  /** Until when the store can sell without the center, in seconds since 1970; 0 when not at all. */
  get lastUntil(): number {
    return this.#handed.seeds.reduce((last, { closes }) => Math.max(last, closes), 0)
  }

  /**
   * Takes what the center hands. Seeds of another generation are void from then on; a late answer of an earlier
   * generation changes nothing. Durable when it resolves.
   *
   * @spec T-3
   */
  async take(handed: Handed): Promise<void> {
    const before = this.#handed
    const [then, now] = [generationOf(before), generationOf(handed)]
    if (handed.epoch < before.epoch || (handed.epoch === before.epoch && now < then)) return
    const news = new Set(handed.seeds.map(({ window }) => window))
    const earlier = now === then ? before.seeds.filter(({ window }) => !news.has(window)) : []
    const whole = { epoch: handed.epoch, seeds: [...earlier, ...handed.seeds] }
    await this.#chest.save(whole)
    this.#handed = whole
  }
}

/** A store's seeds are of one generation; 0 for none. */
const generationOf = ({ seeds }: Handed): number =>
  seeds.reduce((most, { generation }) => Math.max(most, generation), 0)
