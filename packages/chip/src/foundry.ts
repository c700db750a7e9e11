/**
 * The foundry: makes a blank chip of erased silicon. Blank means a card manager with its keys, and no program (C-5).
 */
import { assert } from '@kozeni/base/assert'
import { CARD_STATE } from '@kozeni/protocol/globalplatform'
import type { CardKeys } from '@kozeni/protocol/keys'
import { type ChipIdentity, ManagerPages } from './manager-pages.ts'
import { FORGED_AT, MANAGER_AREA } from './memory-map.ts'
import { openRecordStore } from './record-store.ts'
import { ERASED, type Silicon } from './silicon.ts'

export interface Order extends ChipIdentity {
  /** The first key set, which the center can derive from the chip's name. */
  readonly cardKeys: CardKeys
  /** Its version, 1 to 127; 1 when not given. */
  readonly keyVersion?: number
  /** Where its life begins; secured when not given. */
  readonly state?: (typeof CARD_STATE)[keyof typeof CARD_STATE]
}

/**
 * Forges a chip. Interrupted, it can be repeated with the same order; a chip that exists is never forged again.
 *
 * @param silicon  of CHIP_BYTES (memory-map.ts) or more, erased
 */
export function forge(silicon: Silicon, { cardKeys, keyVersion = 1, state = CARD_STATE.secured, ...who }: Order): void {
  silicon.powerOn()
  assert(!isForged(silicon), 'erased silicon, not a chip')
  const pages = new ManagerPages(openRecordStore(silicon, MANAGER_AREA))
  pages.identity = who
  pages.keySets = [{ version: keyVersion, ...cardKeys }]
  pages.registry = { state, loadFiles: [], programs: [] }
  silicon.write(FORGED_AT, Uint8Array.of(0))
}

/** Whether a foundry has made a chip of it. */
export const isForged = (silicon: Silicon): boolean => silicon.read(FORGED_AT, 1)[0] !== ERASED
