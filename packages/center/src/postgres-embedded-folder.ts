/**
 * The folder of an embedded database: `data` (PostgreSQL's own, with the password inside, so that both appear in one
 * step) and `postgres.log`. A folder that holds anything else is left alone. Started by root, a folder inside a private
 * home is replaced by one in a shelter, and holds its name; a folder that already holds the data is never passed over.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import {
  appendFile,
  chmod,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { no, ok, type Result } from '@kozeni/base/result'
import {
  account,
  accountUid,
  canEnter,
  environment,
  give,
  isRoot,
  openShelter,
  shelters,
} from './postgres-embedded-account.ts'
import { isAlive, me } from './postgres-embedded-process.ts'
import type { Programs } from './postgres-embedded-programs.ts'
import { codeOf, type PostgresRefusal, refusalFromError, refusalFromOutput } from './postgres-embedded-refusal.ts'

type Checked<T> = Promise<Result<T, PostgresRefusal>>

export const USER = 'kozeni'

/** Where the cluster, and where its log, stand in the folder. */
export const dataIn = (folder: string): string => join(folder, 'data')
export const logIn = (folder: string): string => join(folder, 'postgres.log')

/** The password of USER, made with the data. */
export const passwordIn = (folder: string): Promise<string> => readFile(join(dataIn(folder), 'password'), 'utf8')

/**
 * An eighth of the machine's memory: the center is on it too, and the system keeps in its own cache what is read again.
 *
 * @returns megabytes, from 128 to 4096
 */
export const sharedBuffers = (memoryBytes: number): number =>
  Math.min(4096, Math.max(128, 64 * Math.floor(memoryBytes / 8 / 2 ** 26)))

/**
 * Written into postgresql.conf when the data is made, for the operator to change. The first change of a page after a
 * checkpoint puts the whole page into the log, and purses are changed all over their table: so checkpoints are far apart,
 * as far as a crash may take a minute to make whole. The pages are not compressed: the programs here know pglz alone,
 * which takes longer than to book what is on the page. A gigabyte of the log's files is kept for their next use: while a new one
 * is filled with zeros nobody's commit is through, which takes thirty milliseconds every few thousand pays.
 */
const DEFAULTS = [
  ...[`shared_buffers=${sharedBuffers(totalmem())}MB`, 'max_connections=60', 'timezone=UTC', 'log_timezone=UTC'],
  ...['checkpoint_timeout=15min', 'checkpoint_completion_target=0.9', 'max_wal_size=4GB'],
  ...['min_wal_size=1GB', 'wal_compression=off'],
]

const INITDB = [
  ...['--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8'],
  ...['--auth=scram-sha-256', `--username=${USER}`],
  ...DEFAULTS.flatMap(setting => ['-c', setting]),
]

/**
 * The folder to use for `wanted`, made and given to PostgreSQL's account.
 *
 * @returns `wanted` as a full path, or a folder in a shelter (see above)
 * @refuses folder-unusable · folder-private · folder-foreign · folder-of-another · disk-full
 */
export async function chooseFolder(wanted: string, onProgress: (line: string) => void): Checked<string> {
  const folder = resolve(wanted)
  if (existsSync(dataIn(folder)) || !isRoot) return claim(folder)
  const first = existsSync(markIn(folder)) ? undefined : await claim(folder)
  if (first !== undefined && (first.ok || first.refusal.code !== 'folder-private')) return first
  const name = await nameInShelter(folder)
  const places = shelters.map(shelter => join(shelter, name))
  const used = places.find(place => existsSync(dataIn(place)))
  const chosen = used === undefined ? await claimFirst(places) : await claim(used)
  if (chosen.ok)
    onProgress(`The database of ${folder} is kept in ${chosen.value}, where PostgreSQL's account may enter`)
  return chosen
}

const markIn = (folder: string): string => join(folder, 'elsewhere')

/** What a shelter calls this folder's data. It stands in the folder itself: who wipes the folder starts afresh. */
async function nameInShelter(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const name = `postgres-${randomBytes(8).toString('hex')}`
  await writeFile(markIn(folder), `${name}\n`, { flag: 'wx' }).catch(unlessThere)
  return (await readFile(markIn(folder), 'utf8')).trim()
}

/** The first that PostgreSQL's account may enter; any other refusal stands. */
async function claimFirst(candidates: readonly string[]): Checked<string> {
  const [first, ...rest] = candidates
  assert(first !== undefined, 'there is a folder to try')
  const claimed = await claim(first)
  if (claimed.ok || claimed.refusal.code !== 'folder-private' || rest.length === 0) return claimed
  const next = await claimFirst(rest)
  return next.ok ? next : claimed
}

/** Makes `folder` ours, or says why it is not. */
async function claim(folder: string): Checked<string> {
  const closed = no({ code: 'folder-private', folder, uid: accountUid } as const)
  try {
    const theirs = existsSync(isRoot ? dataIn(folder) : folder) ? await objection(folder) : undefined
    if (theirs !== undefined) return no(theirs)
    if (shelters.includes(dirname(folder)) && !(await openShelter(dirname(folder)))) return closed
    if (!canEnter(nearestFolder(folder))) return closed
    await mkdir(folder, { recursive: true })
    const refusal = await objection(folder)
    if (refusal !== undefined) return no(refusal)
    await give(folder)
    await chmod(folder, 0o700)
    return canEnter(folder) ? ok(await realpath(folder)) : closed
  } catch (error) {
    return no(refusalFromError(error, folder))
  }
}

/** `path`, or what is nearest above it that exists and is a folder. */
const nearestFolder = (path: string): string =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() || path === '/' ? path : nearestFolder(dirname(path))

const OURS = /^(data|data\.new-.*|elsewhere|postgres\.log(\.1)?)$/

/** What speaks against using a folder that is there. */
async function objection(folder: string): Promise<PostgresRefusal | undefined> {
  const mine = process.getuid?.() ?? accountUid
  const { uid } = await stat(folder)
  if (uid !== accountUid && uid !== mine) return { code: 'folder-of-another', folder, uid }
  const names = await readdir(folder)
  if (!names.every(name => OURS.test(name))) return { code: 'folder-foreign', folder }
  const data = names.includes('data') ? await stat(dataIn(folder)) : undefined
  return data === undefined || data.uid === accountUid
    ? undefined
    : { code: 'folder-of-another', folder, uid: data.uid }
}

/**
 * Makes the data unless it is there: drafted beside its place and renamed into it, so that a start cut short leaves
 * none, and of two starts at once one wins.
 *
 * @refuses data-too-new · data-too-old · account-unknown · disk-full · folder-unusable · start-failed
 */
export async function prepareData(
  folder: string,
  programs: Programs,
  onProgress: (line: string) => void,
): Checked<undefined> {
  try {
    await sweepDrafts(folder)
    if (existsSync(dataIn(folder))) return await checkVersion(folder, programs.major)
    onProgress(`Making a PostgreSQL ${programs.major} database in ${folder}`)
    return await makeData(folder, programs)
  } catch (error) {
    return no(refusalFromError(error, folder))
  }
}

async function checkVersion(folder: string, ours: number): Checked<undefined> {
  const found = Number(await readFile(join(dataIn(folder), 'PG_VERSION'), 'utf8'))
  if (found === ours) return ok(undefined)
  return no({ code: found > ours ? 'data-too-new' : 'data-too-old', folder, found, ours })
}

async function makeData(folder: string, programs: Programs): Checked<undefined> {
  const draft = `${dataIn(folder)}.new-${me}-${randomBytes(4).toString('hex')}`
  const password = `${draft}.password`
  try {
    await writeFile(password, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx', flush: true })
    await give(password)
    const { status, output } = await run(programs.initdb, [...INITDB, `--pwfile=${password}`, `--pgdata=${draft}`])
    if (status !== 0) {
      await appendFile(logIn(folder), output, { mode: 0o600 }).catch(() => undefined)
      return no(refusalFromOutput(output, folder, 0))
    }
    await rename(password, join(draft, 'password'))
    await flush(draft)
    await rename(draft, dataIn(folder)).catch(unlessThere)
    await flush(folder)
    return ok(undefined)
  } finally {
    await rm(password, { force: true })
    await rm(draft, { recursive: true, force: true })
  }
}

/** Runs a program as PostgreSQL's account to its end. */
async function run(program: string, args: readonly string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(program, args, { ...account, env: environment, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    output += text
  })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  return { status: await promise, output }
}

/** Removes the drafts of processes that are no more. */
async function sweepDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const maker = /^data\.new-(\d+-\w+)-/.exec(name)?.[1]
    if (maker !== undefined && !isAlive(maker)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Makes the names in a folder last through a power cut. */
async function flush(folder: string): Promise<void> {
  await using handle = await open(folder)
  await handle.sync()
}

function unlessThere(error: unknown): void {
  if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error
}
