/**
 * The postmaster: the process that is a running PostgreSQL. It is started on a leash, a pipe whose other end this
 * process holds: when this process ends in whatever way, even by SIGKILL, the pipe closes and PostgreSQL shuts down.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { assert } from '@kozeni/base/assert'
import { no, ok, type Result } from '@kozeni/base/result'
import { account, environment } from './postgres-embedded-account.ts'
import { dataIn, logIn } from './postgres-embedded-folder.ts'
import { commandLine, isAlive, me, processName } from './postgres-embedded-process.ts'
import type { Programs } from './postgres-embedded-programs.ts'
import { type PostgresRefusal, refusalFromOutput } from './postgres-embedded-refusal.ts'

/**
 * The shell becomes PostgreSQL (exec keeps its number, $$). The watcher that it leaves behind reads the leash: a line
 * says that PostgreSQL has ended, the end of the pipe that our process has; then it asks for a fast shutdown.
 */
const ON_A_LEASH = '((read -r ended <&3 || kill -INT $$) &); exec "$@" 3<&-'

/** What no configuration file may change: durability, and nobody but this machine gets in. */
const FIXED = [
  ...['fsync=on', 'full_page_writes=on', 'synchronous_commit=on'],
  ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'password_encryption=scram-sha-256'],
  ...['log_destination=stderr', 'logging_collector=off'],
]

const LOG_LIMIT_BYTES = 10_000_000
const DISK_FLOOR_BYTES = 20_000_000
const FAST_SHUTDOWN_MS = 60_000
const PATIENCE_MS = 5_000

/**
 * Starts PostgreSQL on prepared data and waits until it takes connections: long, after a crash of a busy database.
 *
 * @returns its process number
 * @refuses folder-in-use · port-taken · disk-full · folder-unusable · start-failed
 */
export async function startPostmaster(
  programs: Programs,
  folder: string,
  port: number,
  onProgress: (line: string) => void,
): Promise<Result<number, PostgresRefusal>> {
  await using log = await openLog(folder)
  const { size: from } = await log.stat()
  const settings = [...FIXED, `port=${port}`, `kozeni.owner=${me}`].flatMap(setting => ['-c', setting])
  const child = spawn('/bin/sh', ['-c', ON_A_LEASH, 'sh', programs.postgres, '-D', dataIn(folder), ...settings], {
    ...{ ...account, env: environment, cwd: dataIn(folder), detached: true },
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
  })
  await once(child, 'spawn')
  assert(child.pid !== undefined, 'a spawned process has a number')
  letGo(child)
  if (await untilReady(child, child.pid, folder, onProgress)) return ok(child.pid)
  const story = (await readFile(logIn(folder))).subarray(from).toString()
  return no(await refusalFromStory(story, folder, port))
}

/** PostgreSQL's own log: the last and the one before it. */
async function openLog(folder: string): Promise<FileHandle> {
  const path = logIn(folder)
  const { size } = await stat(path).catch(() => ({ size: 0 }))
  if (size > LOG_LIMIT_BYTES) await rename(path, `${path}.1`)
  return await open(path, constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW, 0o600)
}

/** Neither PostgreSQL nor its leash keeps this process from ending; a PostgreSQL that has ended frees its watcher. */
function letGo(child: ChildProcess): void {
  const leash = child.stdio[3]
  assert(leash instanceof Socket, 'the fourth pipe is a socket')
  leash.on('error', () => leash.destroy())
  child.once('exit', () => leash.end('ended\n'))
  leash.unref()
  child.unref()
}

/** False when it ended instead. */
async function untilReady(
  child: ChildProcess,
  pid: number,
  folder: string,
  onProgress: (line: string) => void,
): Promise<boolean> {
  let told = Date.now()
  while (child.exitCode === null && child.signalCode === null) {
    const [number, , , , , , , status] = await lockFile(folder)
    if (Number(number) === pid && status?.trim() === 'ready') return true
    if (Date.now() - told > PATIENCE_MS) {
      onProgress('PostgreSQL is still making its data whole after a crash')
      told = Date.now()
    }
    await pause(10)
  }
  return false
}

/** The lines of postmaster.pid: the process number first, the status eighth; none when PostgreSQL ended in order. */
async function lockFile(folder: string): Promise<readonly string[]> {
  const text = await readFile(lockIn(folder), 'utf8').catch(() => '')
  return text === '' ? [] : text.split('\n')
}

const lockIn = (folder: string): string => join(dataIn(folder), 'postmaster.pid')

/** On a full disk, the log that would say so stays short too. */
async function refusalFromStory(story: string, folder: string, port: number): Promise<PostgresRefusal> {
  const refusal = refusalFromOutput(story, folder, port)
  const { bavail, bsize } = await statfs(folder)
  return refusal.code === 'start-failed' && bavail * bsize < DISK_FLOOR_BYTES ? { code: 'disk-full', folder } : refusal
}

/**
 * Makes way for a new postmaster: shuts down one whose owner was killed together with its watcher, and removes a lock
 * file whose number now belongs to a process that is no PostgreSQL.
 *
 * @refuses folder-in-use: its owner lives, or somebody started it by hand
 */
export async function makeWay(
  folder: string,
  onProgress: (line: string) => void,
): Promise<Result<undefined, PostgresRefusal>> {
  const pid = Number((await lockFile(folder))[0] ?? 0)
  const command = pid > 0 ? commandLine(pid) : ''
  if (command.includes(`-D ${dataIn(folder)} `)) {
    const owner = /kozeni\.owner=(\d+-\w+)/.exec(command)?.[1]
    if (owner === undefined || isAlive(owner)) return no({ code: 'folder-in-use', folder })
    onProgress('Stopping the PostgreSQL that a killed program left behind')
    await shutDown(pid)
  } else if (command !== '' && !command.includes('postgres')) {
    await rm(lockIn(folder), { force: true })
  }
  return ok(undefined)
}

/** Fast shutdown: open transactions are rolled back, everything committed is on the disk. Waits for the end. */
export async function shutDown(pid: number): Promise<void> {
  const name = processName(pid)
  if (name === undefined) return
  process.kill(pid, 'SIGINT')
  const deadline = Date.now() + FAST_SHUTDOWN_MS
  while (isAlive(name) && Date.now() < deadline) await pause(10)
  if (isAlive(name)) process.kill(pid, 'SIGQUIT')
  while (isAlive(name)) await pause(10)
}
