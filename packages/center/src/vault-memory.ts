/** A vault from one seed, for tests and simulations: the same seed, the same keys. Guards nothing. */
import { type Clock, StillClock } from '@kozeni/base/clock'
import { SeededDice } from '@kozeni/base/dice'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { RightMacs } from './macs.ts'
import { freshMasterKeys, type Masters, MasterVault, withNewVersion, withoutVersion } from './vault-master.ts'

interface Options {
  /** Where receipts' MACs are checked; here and now, if not given. */
  readonly rightMacs?: RightMacs
  /** Another deterministic way to sign than the portable one. */
  readonly signing?: Pick<Crypto, 'sign'>
  /** By which a new version comes into use; left out: at once. */
  readonly clock?: Clock
}

/** One process's, with what an operator orders (vault-file.ts: changeVault). */
export class MemoryVault extends MasterVault {
  readonly #dice: SeededDice
  #all: Masters

  constructor(crypto: Crypto, seed: number, { signing, rightMacs, clock = new StillClock(0) }: Options = {}) {
    const dice = new SeededDice(seed)
    const masters = { keys: freshMasterKeys(crypto, dice), newestFrom: 0 }
    super(masters, { crypto, dice, clock, ...(signing && { signing }), ...(rightMacs && { rightMacs }) })
    this.#dice = dice
    this.#all = masters
  }

  /** Makes a further version of the purses' keys. @param from  when it is used, in milliseconds since 1970 */
  rotate(from = 0): void {
    this.#put(withNewVersion(this.#all, this.#dice, from))
  }

  revoke(version: number): void {
    this.#put(withoutVersion(this.#all, version))
  }

  #put(masters: Masters): void {
    this.#all = masters
    this.take(masters)
  }
}

/** @param seed  any whole number */
export const memoryVault = (crypto: Crypto, seed: number, options?: Options): MemoryVault =>
  new MemoryVault(crypto, seed, options)
