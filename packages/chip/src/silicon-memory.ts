/**
 * Silicon in memory, for simulations and tests: power can be cut after any byte by plan. Only blocks that were ever
 * written take space, so that thousands of chips fit into one process.
 */
import { Bug } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { ERASED, PowerLost, type Silicon, type Wear } from './silicon.ts'

/** What the byte that was being written holds afterwards: as before, as meant, erased, or this value. */
export type Torn = 'old' | 'new' | 'erased' | number

/** Power goes while the byte after `afterBytes` more whole bytes is being written. */
export interface PowerCut {
  readonly afterBytes: number
  readonly torn: Torn
}

const BLOCK_BYTES = 4096

/** So many bytes are copied one by one before it pays to make a view of them. */
const FEW = 8

export class MemorySilicon implements Silicon {
  readonly sizeBytes: number
  readonly #blocks: Map<number, Bytes>
  #powered = true
  #cut: PowerCut | undefined
  #writes = 0
  #bytes = 0

  constructor(sizeBytes: number, blocks: ReadonlyMap<number, Bytes> = new Map()) {
    this.sizeBytes = sizeBytes
    this.#blocks = new Map([...blocks].map(([index, block]) => [index, block.slice()]))
  }

  get wear(): Wear {
    return { writes: this.#writes, bytes: this.#bytes }
  }

  /** Another chip with the same content, no wear, and no planned cut. */
  copy(): MemorySilicon {
    return new MemorySilicon(this.sizeBytes, this.#blocks)
  }

  /** Plans the next power cut, or takes the plan back. */
  planCut(cut: PowerCut | undefined): void {
    this.#cut = cut
  }

  powerOn(): void {
    this.#powered = true
  }

  read(at: number, size: number): Bytes {
    this.#check(at, size)
    const bytes = new Uint8Array(size)
    this.#copy(at, bytes)
    return bytes
  }

  readInto(at: number, into: Bytes): void {
    this.#check(at, into.length)
    this.#copy(at, into)
  }

  #copy(at: number, into: Bytes): void {
    for (let done = 0; done < into.length; ) {
      const offset = (at + done) % BLOCK_BYTES
      const block = this.#blocks.get((at + done - offset) / BLOCK_BYTES)
      const count = Math.min(into.length - done, BLOCK_BYTES - offset)
      if (block === undefined) into.fill(ERASED, done, done + count)
      else if (count <= FEW) for (let i = 0; i < count; i++) into[done + i] = block[offset + i] ?? ERASED
      else into.set(block.subarray(offset, offset + count), done)
      done += count
    }
  }

  write(at: number, bytes: Bytes): void {
    this.#check(at, bytes.length)
    const whole = Math.min(bytes.length, this.#cut?.afterBytes ?? bytes.length)
    this.#put(at, bytes.subarray(0, whole))
    this.#writes += 1
    this.#bytes += whole
    if (this.#cut === undefined) return
    if (whole === bytes.length) this.#cut = { ...this.#cut, afterBytes: this.#cut.afterBytes - whole }
    else this.#tear(at + whole, bytes[whole] ?? ERASED, this.#cut.torn)
  }

  #tear(at: number, wanted: number, torn: Torn): never {
    const old = this.read(at, 1)[0] ?? ERASED
    const outcome = { old, new: wanted, erased: ERASED }
    this.#put(at, Uint8Array.of(typeof torn === 'number' ? torn : outcome[torn]))
    this.#bytes += 1
    this.#powered = false
    this.#cut = undefined
    throw new PowerLost('cut by plan')
  }

  #put(at: number, bytes: Bytes): void {
    for (let done = 0; done < bytes.length; ) {
      const offset = (at + done) % BLOCK_BYTES
      const index = (at + done - offset) / BLOCK_BYTES
      const count = Math.min(bytes.length - done, BLOCK_BYTES - offset)
      const block = this.#blocks.get(index) ?? new Uint8Array(BLOCK_BYTES).fill(ERASED)
      block.set(bytes.subarray(done, done + count), offset)
      this.#blocks.set(index, block)
      done += count
    }
  }

  #check(at: number, size: number): void {
    if (!this.#powered) throw new PowerLost('no power')
    if (at < 0 || at + size > this.sizeBytes) throw new Bug(`0 <= ${at}, ${at} + ${size} <= ${this.sizeBytes}`)
  }
}
