/**
 * Silicon whose keeper is slower than the chip: the whole memory is here, writes go to it at once, and flush() hands the
 * keeper what has changed since. Durable is only what has been flushed, so nobody may hear the chip's answer before
 * (reader-flushed.ts). What is kept is always the memory as it was between two commands, after all that came before: one
 * of the states that a power cut could leave, a prefix of the chip's writes, and every prefix is survived (C-1).
 * @see docs/decisions/0004-two-slots-and-one-flip.md for the proof over prefixes
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { ERASED, PowerLost, type Silicon, type Wear } from './silicon.ts'

/** The last block of a memory may be shorter. */
export const BLOCK_BYTES = 1024

/** Blocks by their number: the n-th begins at n × BLOCK_BYTES. */
export type Blocks = ReadonlyMap<number, Bytes>

/** Where the image is kept. */
export interface Keeper {
  /** All of these blocks or none, durable when it resolves. Rejects when that is not certain; it may be tried again. */
  save(blocks: Blocks): Promise<void>
  /** Lets the memory go, for others to open. */
  close(): void
}

export class ImageSilicon implements Silicon {
  readonly #image: Bytes
  readonly #keeper: Keeper
  /** Blocks that differ from what is kept. */
  readonly #changed = new Set<number>()
  #flushed: Promise<void> = Promise.resolve()
  #open = true
  #writes = 0
  #bytes = 0

  /** @param kept  what the keeper has; a block that it has not is erased */
  constructor(sizeBytes: number, kept: Blocks, keeper: Keeper) {
    this.#image = new Uint8Array(sizeBytes).fill(ERASED)
    this.#keeper = keeper
    for (const [index, block] of kept) {
      assert(index * BLOCK_BYTES + block.length <= sizeBytes, `block ${index} in a memory of ${sizeBytes}`)
      this.#image.set(block, index * BLOCK_BYTES)
    }
  }

  get sizeBytes(): number {
    return this.#image.length
  }

  /** Since it was opened: the keeper keeps no count. */
  get wear(): Wear {
    return { writes: this.#writes, bytes: this.#bytes }
  }

  powerOn(): void {
    if (!this.#open) throw new PowerLost('the memory is closed')
  }

  read(at: number, size: number): Bytes {
    this.#check(at, size)
    return this.#image.slice(at, at + size)
  }

  readInto(at: number, into: Bytes): void {
    this.#check(at, into.length)
    into.set(this.#image.subarray(at, at + into.length))
  }

  /** Durable only after the next flush(): the one port's promise that this memory cannot keep by itself. */
  write(at: number, bytes: Bytes): void {
    this.#check(at, bytes.length)
    this.#image.set(bytes, at)
    for (let block = Math.floor(at / BLOCK_BYTES); block * BLOCK_BYTES < at + bytes.length; block++)
      this.#changed.add(block)
    this.#writes += 1
    this.#bytes += bytes.length
  }

  /**
   * Makes everything durable that was written until now; to be called between two commands. One flush at a time, in
   * order. One that fails leaves its blocks to the next, so that a later command is never kept without an earlier one.
   */
  flush(): Promise<void> {
    const flushed = this.#flushed.catch(() => {}).then(() => this.#save())
    this.#flushed = flushed
    return flushed
  }

  /** Flushes if it can, and lets the memory go: no power from here on. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    try {
      await this.flush()
    } finally {
      this.#keeper.close()
    }
  }

  async #save(): Promise<void> {
    if (this.#changed.size === 0) return
    const blocks = new Map([...this.#changed].map(index => [index, this.#block(index)]))
    this.#changed.clear()
    try {
      await this.#keeper.save(blocks)
    } catch (error) {
      for (const index of blocks.keys()) this.#changed.add(index)
      throw error
    }
  }

  /** A copy: what the chip writes while this is being saved belongs to the next flush. */
  #block(index: number): Bytes {
    return this.#image.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES)
  }

  #check(at: number, size: number): void {
    if (!this.#open) throw new PowerLost('the memory is closed')
    assert(at >= 0 && at + size <= this.sizeBytes, `0 <= ${at}, ${at} + ${size} <= ${this.sizeBytes}`)
  }
}
