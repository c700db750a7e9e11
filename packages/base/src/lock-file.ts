/**
 * Keeps two processes from owning one file: two would both write to it. The lock is a file beside it, always empty; the
 * operating system holds it, through SQLite's locking, and lets it go when its process dies, however it dies: there is
 * no stale lock to judge, and of many who want it at once one gets it.
 */
import { DatabaseSync } from 'node:sqlite'

export interface Lock {
  release(): void
}

const BUSY = 5

/**
 * @param path  of the file to be owned; its folder must exist
 * @returns     to be kept until it is released; undefined while another owner has it, here or in a process that lives
 */
export function lockFile(path: string): Lock | undefined {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return { release: () => lock.close() }
  } catch (failure) {
    lock.close()
    if (failure instanceof Error && 'errcode' in failure && failure.errcode === BUSY) return undefined
    throw new Error(`${path}.lock cannot be locked: if it is not empty it is no lock of this program, and may go`, {
      cause: failure,
    })
  }
}
