/**
 * Silicon in a file, for a chip that outlives its process: every write is on the disk when it returns. One process at a
 * time: a second one is refused, and the lock of one that died is free.
 */

import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { type Lock, lockFile } from '@kozeni/base/lock-file'
import { ERASED, PowerLost, type Silicon, SiliconTaken, type Wear } from './silicon.ts'

/**
 * Opens the file, or makes it, erased.
 *
 * @throws SiliconTaken while another process that lives has it open
 */
export function openSiliconFile(path: string, sizeBytes: number): FileSilicon {
  const lock = lockFile(path)
  if (lock === undefined) throw new SiliconTaken(`another process has this chip open (${path}): stop it first`)
  try {
    return new FileSilicon(openSized(path, sizeBytes), sizeBytes, lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

export class FileSilicon implements Silicon {
  readonly sizeBytes: number
  readonly #file: number
  readonly #lock: Lock
  #open = true
  #writes = 0
  #bytes = 0

  constructor(file: number, sizeBytes: number, lock: Lock) {
    this.#file = file
    this.sizeBytes = sizeBytes
    this.#lock = lock
  }

  /** Of this process alone: the file keeps no count. */
  get wear(): Wear {
    return { writes: this.#writes, bytes: this.#bytes }
  }

  powerOn(): void {
    if (!this.#open) throw new PowerLost('the file is closed')
  }

  read(at: number, size: number): Bytes {
    const bytes = new Uint8Array(size)
    this.readInto(at, bytes)
    return bytes
  }

  readInto(at: number, into: Bytes): void {
    const size = into.length
    this.#check(at, size)
    for (let done = 0; done < size; ) done += progress(readSync(this.#file, into, done, size - done, at + done))
  }

  write(at: number, bytes: Bytes): void {
    this.#check(at, bytes.length)
    for (let done = 0; done < bytes.length; )
      done += progress(writeSync(this.#file, bytes, done, bytes.length - done, at + done))
    fsyncSync(this.#file)
    this.#writes += 1
    this.#bytes += bytes.length
  }

  /** Lets the file go, and its lock. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    closeSync(this.#file)
    this.#lock.release()
  }

  #check(at: number, size: number): void {
    if (!this.#open) throw new PowerLost('the file is closed')
    assert(at >= 0 && at + size <= this.sizeBytes, `0 <= ${at}, ${at} + ${size} <= ${this.sizeBytes}`)
  }
}

function progress(count: number): number {
  assert(count > 0, 'the file is as long as the memory')
  return count
}

/** The file's descriptor. A new file, or one whose making was interrupted, is filled up with erased bytes. */
function openSized(path: string, sizeBytes: number): number {
  const file = openSync(path, existsSync(path) ? 'r+' : 'w+')
  const { size } = fstatSync(file)
  assert(size <= sizeBytes, `${path} holds ${size} bytes, the chip ${sizeBytes}`)
  if (size < sizeBytes) {
    writeSync(file, new Uint8Array(sizeBytes - size).fill(ERASED), 0, sizeBytes - size, size)
    fsyncSync(file)
  }
  return file
}
