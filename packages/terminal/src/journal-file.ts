/**
 * The journal in one append-only file: a line an entry, synced to the disk before anybody is told. A last line that a
 * power cut tore was told to nobody and is cut off; any other line that does not follow from the one before stops the
 * terminal, for a journal is never guessed at.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Lock, lockFile } from '@kozeni/base/lock-file'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Entry } from './entry.ts'
import { type Journal, type Placed, placeAfter, readLine, writeLine } from './journal.ts'

/**
 * @param path  made if absent; its folder must exist
 * @refuses     journal-in-use · journal-broken (position: of the first entry that does not fit)
 */
export async function openFileJournal(crypto: Crypto, path: string): Promise<Result<Journal, Refusal>> {
  const lock = lockFile(path)
  if (lock === undefined) return no(refusal('journal-in-use'))
  try {
    const journal = await openLocked(crypto, path, lock)
    if (!journal.ok) lock.release()
    return journal
  } catch (failure) {
    lock.release()
    throw failure
  }
}

async function openLocked(crypto: Crypto, path: string, lock: Lock): Promise<Result<Journal, Refusal>> {
  const file = await open(path, 'a+', 0o600)
  await syncFolder(dirname(path))
  const { lines, sizeBytes } = wholeLines(await readFile(path))
  const entries = chained(crypto, lines)
  if (entries.length < lines.length) {
    await file.close()
    return no(refusal('journal-broken', { position: entries.length + 1 }))
  }
  await file.truncate(sizeBytes)
  await file.datasync()
  return ok(new FileJournal(crypto, file, lock, entries))
}

/** As many entries as follow from each other. */
function chained(crypto: Crypto, lines: readonly string[]): Placed[] {
  const entries: Placed[] = []
  for (const line of lines) {
    const placed = readLine(crypto, entries.at(-1), line)
    if (placed === undefined) break
    entries.push(placed)
  }
  return entries
}

class FileJournal implements Journal {
  readonly #crypto: Crypto
  readonly #file: FileHandle
  readonly #lock: Lock
  readonly #entries: Placed[]
  /** The append before, whole or failed; a failed one fails all that follow. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(crypto: Crypto, file: FileHandle, lock: Lock, entries: Placed[]) {
    this.#crypto = crypto
    this.#file = file
    this.#lock = lock
    this.#entries = entries
  }

  entries(): readonly Placed[] {
    return this.#entries
  }

  append(entry: Entry): Promise<Placed> {
    const written = this.#last.then(() => this.#write(entry))
    this.#last = written
    return written
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {})
    await this.#file.close()
    this.#lock.release()
  }

  async #write(entry: Entry): Promise<Placed> {
    const placed = placeAfter(this.#crypto, this.#entries.at(-1), entry)
    await this.#file.appendFile(`${writeLine(placed)}\n`)
    await this.#file.datasync()
    this.#entries.push(placed)
    return placed
  }
}

/** A line without its end, or with bytes that the disk never got (zeros), is torn; only the last can be. */
function wholeLines(content: Buffer): { lines: readonly string[]; sizeBytes: number } {
  const ended = content.lastIndexOf('\n') + 1
  const zero = content.indexOf(0)
  const sizeBytes = zero < 0 ? ended : content.lastIndexOf('\n', zero) + 1
  const torn = content.subarray(sizeBytes)
  const isLast = !torn.subarray(0, -1).includes('\n')
  const kept = isLast ? sizeBytes : ended
  return { lines: content.toString('utf8', 0, kept).split('\n').slice(0, -1), sizeBytes: kept }
}

/** Makes a new name in a folder durable: a file is there after a power cut only when its folder says so. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync()
  await folder.close()
}
