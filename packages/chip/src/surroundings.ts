/** What a program gets from its chip, and how its chip stops it. */
import type { Dice } from '@kozeni/base/dice'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { RecordStore } from './record-store.ts'

export interface Surroundings {
  readonly store: RecordStore
  readonly crypto: Crypto
  readonly dice: Dice
}

/** The program asked for what there is not, or for too much: it stops. */
export class Trap extends Error {
  override readonly name = 'Trap'
}

/** The store of a program that is only asked for its version: nothing in it, nothing to be put in. */
export const NO_STORE: RecordStore = {
  read: () => undefined,
  peek: () => undefined,
  write: () => {
    throw new Trap('no store')
  },
  erase: () => {},
}
