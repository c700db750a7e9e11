/**
 * The book in one append-only file: a line a change, synced to the disk before anybody is told. Whatever waits while the
 * disk works is synced together, so many sales at once cost few syncs. A last line without its end was told to nobody
 * and is cut off; any other line that cannot be read stops the store, for a book is never guessed at.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Book } from './book.ts'
import { type Log, LogBook } from './book-log.ts'
import { isEntry } from './entry.ts'
import { type Lock, lockFile } from './lock-file.ts'

/**
 * @param path  made if absent; its folder must exist
 * @throws      Error when another process has it open, or when it is damaged: an operator must look
 */
export async function openFileBook(path: string): Promise<Book> {
  const lock = await lockFile(path)
  try {
    return await openLocked(path, lock)
  } catch (failure) {
    await lock.release()
    throw failure
  }
}

async function openLocked(path: string, lock: Lock): Promise<Book> {
  const { lines, sizeBytes } = wholeLines(await readFile(path).catch(absent))
  const damaged = lines.findIndex(line => !isEntry(line))
  if (damaged >= 0) throw new Error(`${path} is damaged: line ${damaged + 1} is none of a store's book`)
  const file = await open(path, 'a', 0o600)
  await file.truncate(sizeBytes)
  await syncFolder(dirname(path))
  return new LogBook(new FileLog(file, lock), lines)
}

function absent(failure: NodeJS.ErrnoException): Buffer {
  if (failure.code !== 'ENOENT') throw failure
  return Buffer.alloc(0)
}

/** Makes a new name in a folder durable: a file is there after a power cut only when its folder says so. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync()
  await folder.close()
}

class FileLog implements Log {
  readonly #file: FileHandle
  readonly #lock: Lock
  #waiting = ''
  #next: Promise<void> | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(file: FileHandle, lock: Lock) {
    this.#file = file
    this.#lock = lock
  }

  append(line: string): void {
    this.#waiting += `${line}\n`
    this.#next ??= this.#last.then(() => this.#write())
  }

  settled(): Promise<void> {
    return this.#next ?? this.#last
  }

  async close(): Promise<void> {
    try {
      await this.settled()
    } finally {
      await this.#file.close()
      await this.#lock.release()
    }
  }

  /** A failed write leaves #last rejected, so nothing is written, or told, after it. */
  async #write(): Promise<void> {
    const lines = this.#waiting
    this.#last = this.settled()
    this.#waiting = ''
    this.#next = undefined
    await this.#file.appendFile(lines)
    await this.#file.datasync()
  }
}

function wholeLines(content: Buffer): { lines: string[]; sizeBytes: number } {
  const sizeBytes = content.lastIndexOf('\n') + 1
  return { lines: content.toString('utf8', 0, sizeBytes).split('\n').slice(0, -1), sizeBytes }
}
