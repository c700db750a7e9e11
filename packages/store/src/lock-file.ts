/**
 * Keeps two processes from opening one book: two would each hand the same goods over. The lock is a file beside the
 * book with the owner's process id; the lock of a process that has died is taken over.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'

export interface Lock {
  release(): Promise<void>
}

const ours = new Set<string>()

/** @throws Error when a living process holds it */
export async function lockFile(path: string): Promise<Lock> {
  const lock = `${path}.lock`
  const owner = await ownerOf(lock)
  if (owner !== undefined) throw new Error(`${path} is open in process ${owner}: one process at a time`)
  await rm(lock, { force: true })
  await writeFile(lock, String(process.pid), { flag: 'wx' })
  ours.add(lock)
  return {
    release: async () => {
      ours.delete(lock)
      await rm(lock, { force: true })
    },
  }
}

/** The process that holds the lock, or undefined when nobody living does. */
async function ownerOf(lock: string): Promise<number | undefined> {
  if (ours.has(lock)) return process.pid
  const text = await readFile(lock, 'utf8').catch(() => '')
  const owner = Number(text)
  // a container gives every life of a store the same process id: our own, when not in `ours`, is a dead one
  if (!Number.isInteger(owner) || owner <= 0 || owner === process.pid) return undefined
  return isAlive(owner) ? owner : undefined
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (failure) {
    return failure instanceof Error && 'code' in failure && failure.code === 'EPERM'
  }
}
