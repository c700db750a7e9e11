/** The port to where a store keeps the seeds it was handed. They are keys: whoever reads them can make its numbers. */
import { type Bytes, hex } from '@kozeni/base/bytes'
import type { Result } from '@kozeni/base/result'
import { hexText, list, object, readObject, whole } from '@kozeni/protocol/json'
import type { Refusal } from '@kozeni/protocol/refusal'
import { SEED_BYTES, type WindowRule } from '@kozeni/protocol/seed'

/** What the center hands a store ahead of time (T-3), as it travels and as it is kept. */
export interface Handed {
  /** The center's; a higher one than before fences the store (F-12). */
  readonly epoch: number
  /** A higher one than before revokes every earlier seed. */
  readonly generation: number
  readonly rule: WindowRule
  readonly seeds: readonly { readonly window: number; readonly seed: Bytes }[]
}

export interface Chest {
  /** Undefined for a store that was never handed any. */
  load(): Promise<Handed | undefined>
  /** Durable when it resolves; the whole, in one step. */
  save(handed: Handed): Promise<void>
}

const atLeastOne = (value: unknown): number | undefined => whole(value) || undefined

/** As the center hands it, and as a chest keeps it. @refuses data-wrong, naming the field */
export const readHanded = (value: unknown): Result<Handed, Refusal> =>
  readObject<Handed>(value, {
    epoch: whole,
    generation: whole,
    rule: object({ lengthSeconds: atLeastOne, overlapSeconds: whole, ahead: whole }),
    seeds: list(object({ window: whole, seed: hexText(SEED_BYTES) })),
  })

/** The JSON value that readHanded reads. */
export const handedJson = (handed: Handed) => ({
  ...handed,
  seeds: handed.seeds.map(({ window, seed }) => ({ window, seed: hex(seed) })),
})
