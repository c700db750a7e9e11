/**
 * Keeps two processes from opening one book: two would each hand the same goods over. A store may run Node 20, which has
 * no lock of the operating system to offer (base/lock-file.ts needs SQLite), so the lock is a folder of turns beside the
 * book. The highest turn names its owner by process id and start: a process which merely got a dead owner's number, after a
 * power cut or in a container, is not taken for it. Invariant: a turn that anybody has held is never taken again; whoever
 * finds the highest one dead or empty takes the next, and of many only one gets it.
 */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Lock {
  release(): Promise<void>
}

/** The steps in which it may meet others. */
export interface Disk {
  link(from: string, to: string): Promise<void>
  list(folder: string): Promise<readonly string[]>
  read(path: string): Promise<string>
  remove(path: string): Promise<void>
  empty(path: string): Promise<void>
}

/** The file system of this machine. */
export const nodeDisk: Disk = {
  link,
  list: folder => readdir(folder),
  read: path => readFile(path, 'utf8'),
  remove: path => rm(path, { force: true }),
  empty: path => truncate(path),
}

/** @throws Error when a living process holds it */
export async function lockFile(path: string, disk = nodeDisk): Promise<Lock> {
  const folder = `${path}.lock`
  await mkdir(folder, { recursive: true })
  const mine = join(folder, randomUUID())
  await writeFile(mine, await identityOf(process.pid))
  try {
    const turn = await take(disk, folder, mine)
    if (turn === undefined)
      throw new Error(`${path} is open in process ${await ownerOf(disk, folder)}: one process at a time`)
    return { release: () => disk.empty(join(folder, String(turn))) }
  } finally {
    await disk.remove(mine)
  }
}

/** @returns the turn that is mine now; undefined while a living process has the highest */
async function take(disk: Disk, folder: string, mine: string): Promise<number | undefined> {
  for (;;) {
    const last = await highest(disk, folder)
    if (await isHeld(disk, join(folder, String(last)))) return undefined
    const turn = last + 1
    if (!(await claim(disk, mine, join(folder, String(turn))))) continue
    if ((await highest(disk, folder)) === turn) {
      await forget(disk, folder, last)
      return turn
    }
    // it had been held, given back and forgotten since `last` was read: somebody is further
    await disk.remove(join(folder, String(turn)))
  }
}

/** A link is made by one process only, with its content already there. */
async function claim(disk: Disk, mine: string, turn: string): Promise<boolean> {
  try {
    await disk.link(mine, turn)
    return true
  } catch (failure) {
    if (hasCode(failure, 'EEXIST')) return false
    throw failure
  }
}

/** All turns before this one. */
async function forget(disk: Disk, folder: string, last: number): Promise<void> {
  for (const turn of await turns(disk, folder)) if (turn < last) await disk.remove(join(folder, String(turn)))
}

const turns = async (disk: Disk, folder: string): Promise<readonly number[]> =>
  (await disk.list(folder)).filter(name => /^\d+$/.test(name)).map(Number)

const highest = async (disk: Disk, folder: string): Promise<number> => Math.max(0, ...(await turns(disk, folder)))

async function isHeld(disk: Disk, turn: string): Promise<boolean> {
  const owner = await textOf(disk, turn)
  const pid = Number(pidIn(owner))
  return Number.isInteger(pid) && pid > 0 && isAlive(pid) && (await identityOf(pid)) === owner
}

const textOf = (disk: Disk, path: string): Promise<string> => disk.read(path).catch(() => '')
const pidIn = (owner: string): string => owner.split(' ', 1)[0] ?? ''
const ownerOf = async (disk: Disk, folder: string): Promise<string> =>
  pidIn(await textOf(disk, join(folder, String(await highest(disk, folder)))))

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
