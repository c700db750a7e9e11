/** The port to where a store keeps the seeds it was handed. They are keys: whoever reads them can make its numbers. */
import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import type { Result } from '@kozeni/base/result'
import { list, object, type Reader, readObject, timeText, whole } from '@kozeni/protocol/json'
import type { Refusal } from '@kozeni/protocol/refusal'
import { SEED_BYTES } from '@kozeni/protocol/seed'

/** One seed, and when an operation may open by the numbers made with it: seconds since 1970, overlap included. */
export interface SeedWindow {
  readonly generation: number
  readonly window: number
  readonly opens: number
  readonly closes: number
  readonly seed: Bytes
}

/** What the center hands a store ahead of time (T-3). */
export interface Handed {
  /** The center's; a higher one than before fences the store (F-12). */
  readonly epoch: number
  readonly seeds: readonly SeedWindow[]
}

export interface Chest {
  /** Undefined for a store that was never handed any. */
  load(): Promise<Handed | undefined>
  /** Durable when it resolves; the whole, in one step. */
  save(handed: Handed): Promise<void>
}

const seedText: Reader<Bytes> = value => {
  const bytes = typeof value === 'string' ? fromBase64url(value) : undefined
  return bytes?.length === SEED_BYTES ? bytes : undefined
}

const wire = object({ generation: whole, window: whole, opensAt: timeText, closesAt: timeText, seed: seedText })

const seedWindow: Reader<SeedWindow> = value => {
  const read = wire(value)
  if (read === undefined || read.closesAt <= read.opensAt) return undefined
  const { generation, window, opensAt: opens, closesAt: closes, seed } = read
  return { generation, window, opens, closes, seed }
}

/** As the center hands it, and as a chest keeps it. @refuses data-wrong, naming the field */
export const readHanded = (value: unknown): Result<Handed, Refusal> =>
  readObject<Handed>(value, { epoch: whole, seeds: list(seedWindow) })

/** The JSON value that readHanded reads. */
export const handedJson = ({ epoch, seeds }: Handed) => ({
  epoch,
  seeds: seeds.map(({ generation, window, opens, closes, seed }) => ({
    generation,
    window,
    opensAt: timeOf(opens),
    closesAt: timeOf(closes),
    seed: base64url(seed),
  })),
})

const timeOf = (at: number): string => new Date(1000 * at).toISOString()
