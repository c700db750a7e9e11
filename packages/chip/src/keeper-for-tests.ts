/** For tests: a keeper in memory that fails on demand, before or after it has saved. Not part of the chip. */
import type { Bytes } from '@kozeni/base/bytes'
import type { Silicon } from './silicon.ts'
import { BLOCK_BYTES, type Blocks, ImageSilicon, type Keeper } from './silicon-image.ts'

/** What the tab's end does to the save under way. */
export type Death = 'nothing-saved' | 'all-saved'

export class KeeperForTests implements Keeper {
  readonly kept = new Map<number, Bytes>()
  saves = 0
  closed = false
  #deaths = new Map<number, Death>()

  /** The n-th save from now on fails, the first being 1; the others do not. */
  failAt(n: number, death: Death): void {
    this.#deaths.set(this.saves + n, death)
  }

  async save(blocks: Blocks): Promise<void> {
    const death = this.#deaths.get(++this.saves)
    if (death !== 'nothing-saved') for (const [index, block] of blocks) this.kept.set(index, block)
    if (death !== undefined) throw new Error(`the tab is gone, ${death}`)
  }

  close(): void {
    this.closed = true
  }
}

/** A memory with the same content as another, whose keeper has all of it. */
export function imageOf(silicon: Silicon, keeper: KeeperForTests): ImageSilicon {
  for (let at = 0; at < silicon.sizeBytes; at += BLOCK_BYTES)
    keeper.kept.set(at / BLOCK_BYTES, silicon.read(at, Math.min(BLOCK_BYTES, silicon.sizeBytes - at)))
  return new ImageSilicon(silicon.sizeBytes, keeper.kept, keeper)
}
