/**
 * Seeds of stores (T-3): different for every store, each good for one window of time, made from the center's master key
 * so that the center keeps none. A new generation revokes every window of the old one. What is made from a seed is made
 * under a key of its own: a number never serves as a proof.
 */
import { type Bytes, bigEndian, concat, NO_BYTES } from '@kozeni/base/bytes'
import { idBytes, type StoreId } from '@kozeni/base/ids'
import type { Crypto } from './crypto.ts'
import { derive } from './keys.ts'

export const SEED_BYTES = 32

/** How long a window lasts, by how much neighbours overlap, and how many a store is handed before their time. */
export interface WindowRule {
  readonly lengthSeconds: number
  /** A window opens this much early (clocks differ) and closes this much late (holders take their time). */
  readonly overlapSeconds: number
  /** k: a store whose center is down keeps selling for this many windows more. */
  readonly ahead: number
}

/** Which of a store's seeds. */
export interface SeedPlace {
  readonly store: StoreId
  readonly generation: number
  readonly window: number
}

/** The number of the window that `nowSeconds` lies in; windows are counted from 1970. */
export const windowAt = (nowSeconds: number, lengthSeconds: number): number => Math.floor(nowSeconds / lengthSeconds)

/**
 * The seed of one store's one window, 32 bytes.
 *
 * @param master  the center's master key of the purpose seeds, 32 bytes
 * @spec  T-3
 */
export const seedOf = (crypto: Crypto, master: Bytes, { store, generation, window }: SeedPlace): Bytes =>
  derive(
    crypto,
    master,
    'kozeni store seed',
    concat(idBytes(store), bigEndian(generation, 4), bigEndian(window, 4)),
    SEED_BYTES,
  )

/** When the window opens, in seconds since 1970, its overlap included. */
export const windowOpens = (rule: WindowRule, window: number): number =>
  window * rule.lengthSeconds - rule.overlapSeconds

/** When it closes: from then on no operation opens by it. */
export const windowCloses = (rule: WindowRule, window: number): number =>
  (window + 1) * rule.lengthSeconds + rule.overlapSeconds

/** Whether an operation may open by this window now; judged once, when it opens. @spec T-3, T-4 */
export const windowOpen = (rule: WindowRule, window: number, nowSeconds: number): boolean =>
  nowSeconds >= windowOpens(rule, window) && nowSeconds < windowCloses(rule, window)

/** The windows that a store may be handed now: the present one and `ahead` more. @spec T-3 */
export const windowsHanded = (rule: WindowRule, nowSeconds: number): readonly number[] =>
  Array.from({ length: rule.ahead + 1 }, (_, i) => windowAt(nowSeconds, rule.lengthSeconds) + i)

/** What transaction numbers are made with, 32 bytes. @spec T-2 */
export const numberKey = keyOfSeed('kozeni transaction number')

/** What proofs of payment are made with, 32 bytes. @spec T-2, T-5 */
export const proofKey = keyOfSeed('kozeni proof of payment')

/** Derived once for each seed, and forgotten with it: one seed makes a window's worth of numbers. */
function keyOfSeed(label: string): (crypto: Crypto, seed: Bytes) => Bytes {
  const derived = new WeakMap<Bytes, Bytes>()
  return (crypto, seed) => {
    const known = derived.get(seed)
    if (known !== undefined) return known
    const key = derive(crypto, seed, label, NO_BYTES, 32)
    derived.set(seed, key)
    return key
  }
}
