/**
 * The journal in an append-only file, one line an entry, synced to the disk before `append` returns. A line torn by a
 * crash has never been answered for and is cut off when the file is opened again.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { type Entry, type Journal, readEntry, writeEntry } from './provider-journal.ts'

/** @param path  made if absent; its folder must exist; one process at a time */
export function openJournal(path: string): Journal {
  const file = openSync(path, 'a+')
  syncFolder(dirname(path))
  const { sizeBytes } = wholeLines(readFileSync(path))
  ftruncateSync(file, sizeBytes)
  return new FileJournal(path, file, sizeBytes)
}

/** In the place of a file's number, which the system would give to another file. */
const CLOSED = -1

class FileJournal implements Journal {
  readonly #path: string
  #file: number
  #sizeBytes: number

  constructor(path: string, file: number, sizeBytes: number) {
    this.#path = path
    this.#file = file
    this.#sizeBytes = sizeBytes
  }

  entries(): readonly Entry[] {
    return wholeLines(readFileSync(this.#path)).lines.map(readEntry)
  }

  append(entry: Entry): void {
    assert(this.#file !== CLOSED, 'the journal is open')
    const line = Buffer.from(`${writeEntry(entry)}\n`)
    try {
      const writtenBytes = writeSync(this.#file, line)
      assert(writtenBytes === line.length, `the disk took ${writtenBytes} of ${line.length} bytes`)
      fsyncSync(this.#file)
    } catch (failure) {
      ftruncateSync(this.#file, this.#sizeBytes)
      throw failure
    }
    this.#sizeBytes += line.length
  }

  close(): void {
    closeSync(this.#file)
    this.#file = CLOSED
  }
}

function wholeLines(content: Buffer): { lines: string[]; sizeBytes: number } {
  const sizeBytes = content.lastIndexOf('\n') + 1
  const lines = content.toString('utf8', 0, sizeBytes).split('\n').slice(0, -1)
  return { lines, sizeBytes }
}

/** A new file's name is durable only when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}
