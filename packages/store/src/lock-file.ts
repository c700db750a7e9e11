/**
 * Keeps two processes from opening one book: two would each hand the same goods over. A store may run Node 20, which has
 * no lock of the operating system to offer (base/lock-file.ts needs SQLite), so the lock is a file beside the book that
 * names its owner by process id and start: a process which merely got a dead owner's number, after a power cut or in a
 * container, is not taken for it. A dead owner's lock is taken over.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'

export interface Lock {
  release(): Promise<void>
}

let locks = 0

/** @throws Error when a living process holds it */
export async function lockFile(path: string): Promise<Lock> {
  const lock = `${path}.lock`
  const mine = `${lock}.${process.pid}.${++locks}`
  await writeFile(mine, await identityOf(process.pid))
  try {
    const claimed = (await claim(mine, lock)) || ((await removeDead(lock, mine)) && (await claim(mine, lock)))
    if (!claimed) throw new Error(`${path} is open in process ${await ownerOf(lock)}: one process at a time`)
  } finally {
    await rm(mine, { force: true })
  }
  return { release: () => rm(lock, { force: true }) }
}

/** A link is made by one process only, with its content already there. */
async function claim(mine: string, lock: string): Promise<boolean> {
  try {
    await link(mine, lock)
    return true
  } catch (failure) {
    if (hasCode(failure, 'EEXIST')) return false
    throw failure
  }
}

/** Moves a dead owner's lock away; whoever moved a living one in the meantime puts it back. */
async function removeDead(lock: string, mine: string): Promise<boolean> {
  if (await isHeld(lock)) return false
  const away = `${mine}.dead`
  await rename(lock, away).catch(() => {})
  const taken = await isHeld(away)
  if (taken) await claim(away, lock)
  await rm(away, { force: true })
  return !taken
}

async function isHeld(lock: string): Promise<boolean> {
  const owner = await textOf(lock)
  const pid = Number(pidIn(owner))
  return Number.isInteger(pid) && pid > 0 && isAlive(pid) && (await identityOf(pid)) === owner
}

const textOf = (lock: string): Promise<string> => readFile(lock, 'utf8').catch(() => '')
const pidIn = (owner: string): string => owner.split(' ', 1)[0] ?? ''
const ownerOf = async (lock: string): Promise<string> => pidIn(await textOf(lock))

/** `pid boot start` where the system tells (Linux), else the pid alone. */
async function identityOf(pid: number): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const told = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const start = told.slice(told.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  return `${pid} ${boot.trim()} ${start}`
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (failure) {
    return hasCode(failure, 'EPERM')
  }
}

const hasCode = (failure: unknown, code: string): boolean =>
  failure instanceof Error && 'code' in failure && failure.code === code
