/**
 * Who PostgreSQL runs as. It refuses to run as root, so root lends it the account that owns nothing (65534), which
 * cannot look into private homes: what it must read then stands in a shelter. Everybody else runs it as themselves.
 */
import { spawnSync } from 'node:child_process'
import { chmod, chown, lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NOBODY = 65534

const self = process.getuid?.() ?? NOBODY

export const isRoot = self === 0

/** For spawn's options: empty when PostgreSQL runs as we do. */
export const account: { readonly uid?: number; readonly gid?: number } = isRoot ? { uid: NOBODY, gid: NOBODY } : {}

/** Who must own the data. */
export const accountUid = account.uid ?? self

/**
 * Nothing inherited: neither PGPORT nor LANG nor a library path may change what PostgreSQL does. glibc keeps a megabyte
 * that a process has freed: without that a busy one gives memory back to the system after each statement and asks for it
 * again with the next, which is a seventh of its time.
 */
export const environment = {
  ...{ PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' },
  ...{ MALLOC_TOP_PAD_: '1048576', MALLOC_TRIM_THRESHOLD_: '4194304' },
}

/** Folders outside private homes, best first; what stands under /tmp may not outlive a restart of the machine. */
export const shelters = isRoot ? ['/var/lib/kozeni', '/tmp/kozeni-root'] : [join(tmpdir(), `kozeni-${self}`)]

/** Gives `path` to PostgreSQL's account. */
export async function give(path: string): Promise<void> {
  if (isRoot) await chown(path, NOBODY, NOBODY)
}

/** Whether PostgreSQL's account gets into `folder`. */
export const canEnter = (folder: string): boolean =>
  spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...account, env: environment, cwd: '/', stdio: 'ignore' })
    .status === 0

/** Makes a shelter. Throws when it cannot be made; false when somebody else has put something in its place. */
export async function openShelter(shelter: string): Promise<boolean> {
  await mkdir(shelter, { recursive: true })
  const found = await lstat(shelter)
  if (!found.isDirectory() || found.uid !== self) return false
  await chmod(shelter, 0o755)
  return true
}
