/** The card manager's own pages: who the chip is, its key sets, its registry. The only code that reads or writes them. */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import type { ChipId } from '@kozeni/base/ids'
import { CHIP_CLASS, type ChipClass } from '@kozeni/protocol/certificate'
import { POINT_BYTES } from '@kozeni/protocol/crypto'
import { bytes, choice, name, struct } from '@kozeni/protocol/struct'
import { decodeKeySets, encodeKeySets, type KeySet } from './key-sets.ts'
import { PAGE } from './memory-map.ts'
import type { RecordStore } from './record-store.ts'
import { decodeRegistry, encodeRegistry, type Registry } from './registry.ts'

/** What the foundry wrote, and nobody changes. */
export interface ChipIdentity {
  readonly chip: ChipId
  readonly chipClass: ChipClass
  /** The issuer's key for load files: a point. */
  readonly loadKey: Bytes
}

const identity = struct<ChipIdentity>({
  chip: name<ChipId>(),
  chipClass: choice<ChipClass>(CHIP_CLASS),
  loadKey: bytes(POINT_BYTES),
})

export class ManagerPages {
  readonly #store: RecordStore

  constructor(store: RecordStore) {
    this.#store = store
  }

  get identity(): ChipIdentity {
    const value = identity.read(this.#page(PAGE.identity))
    assert(value !== undefined, 'the page that forging wrote')
    return value
  }

  set identity(value: ChipIdentity) {
    this.#store.write(PAGE.identity, identity.write(value))
  }

  get keySets(): readonly KeySet[] {
    return decodeKeySets(this.#page(PAGE.keySets))
  }

  set keySets(sets: readonly KeySet[]) {
    this.#store.write(PAGE.keySets, encodeKeySets(sets))
  }

  get registry(): Registry {
    return decodeRegistry(this.#page(PAGE.registry))
  }

  set registry(registry: Registry) {
    this.#store.write(PAGE.registry, encodeRegistry(registry))
  }

  #page(page: number): Bytes {
    const found = this.#store.read(page)
    assert(found !== undefined, `page ${page}, which forging wrote`)
    return found
  }
}
