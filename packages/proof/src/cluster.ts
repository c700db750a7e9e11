/**
 * What an operator does to a PostgreSQL with the programs that the embedded one brings: archive its log, back it up while it
 * runs, restore it to an earlier point, keep a standby, and promote that. Folders are those of the embedded PostgreSQL.
 */
import { spawnSync } from 'node:child_process'
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { type EmbeddedPostgres, startPostgres } from '@kozeni/center/postgres-embedded'
import { give } from '@kozeni/center/postgres-embedded-account'
import { dataIn } from '@kozeni/center/postgres-embedded-folder'
import { explain } from '@kozeni/center/postgres-embedded-refusal'
import { openPool, statement, withSession } from '@kozeni/center/postgres-session'

/** Starts what is in the folder. Throws with the reason when it does not. */
export async function startCluster(folder: string): Promise<EmbeddedPostgres> {
  const started = await startPostgres({ folder })
  assert(started.ok, started.ok ? '' : explain(started.refusal))
  return started.value
}

/** The cells of one statement's rows, as the superuser. */
export async function ask(url: string, text: string): Promise<readonly (readonly unknown[])[]> {
  const pool = openPool({ url, connections: 1, name: 'kozeni proof', patient: true })
  try {
    const [answer] = await withSession(pool, session => session.all([statement(text)]))
    return answer?.rows ?? []
  } finally {
    await pool.end()
  }
}

/** Keeps every finished piece of the log in `archive` from the next start on. */
export async function archiveTo(folder: string, archive: string): Promise<void> {
  await mkdir(archive, { recursive: true })
  await give(archive)
  await set(folder, [
    'wal_level = replica',
    'archive_mode = on',
    `archive_command = 'test ! -f "${archive}/%f" && cp "%p" "${archive}/%f"'`,
  ])
}

/** Finishes the present piece of the log, and waits until everything up to this point of it (an LSN) is in the archive. */
export async function archived(url: string, lsn: string): Promise<void> {
  await ask(url, 'select pg_switch_wal()')
  const enough = `select last_archived_wal >= pg_walfile_name('${lsn}') from pg_stat_archiver`
  await until(async () => (await ask(url, enough))[0]?.[0] === true)
}

/** A copy of a running cluster's files, to be restored from, in a folder of its own. Whoever writes goes on. */
export async function backUp({ url, folder }: EmbeddedPostgres, to: string): Promise<void> {
  const pool = openPool({ url, connections: 1, name: 'kozeni backup', patient: true })
  try {
    await withSession(pool, async session => {
      await session.all([statement("select pg_backup_start('proof', true)")])
      await copy(folder, to)
      const [stopped] = await session.all([statement('select labelfile from pg_backup_stop(false)')])
      await place(join(dataIn(to), 'backup_label'), String(stopped?.rows[0]?.[0]))
    })
  } finally {
    await pool.end()
  }
}

/** Makes a backup come up as the cluster was at this point of its log (an LSN), and go on from there. */
export async function restoreAt(folder: string, archive: string, lsn: string): Promise<void> {
  await set(folder, [
    `restore_command = 'cp "${archive}/%f" "%p"'`,
    `recovery_target_lsn = '${lsn}'`,
    "recovery_target_action = 'promote'",
  ])
  await place(join(dataIn(folder), 'recovery.signal'), '')
}

/** Makes a backup come up as a standby that follows the primary. */
export async function follow(folder: string, primary: string): Promise<void> {
  const { hostname, port, username, password } = new URL(primary)
  const where = `host=${hostname} port=${port} user=${username} password=${password} application_name=standby`
  await set(folder, [`primary_conninfo = '${where}'`])
  await place(join(dataIn(folder), 'standby.signal'), '')
}

/** Waits until a cluster that was restored or promoted takes writes. */
export async function untilWritable(url: string): Promise<void> {
  await until(async () => (await ask(url, 'select pg_is_in_recovery()'))[0]?.[0] === false)
}

/** Every commit from now on waits until the standby has it on its disk. Returns when the standby is there. */
export async function synchronous(primary: string): Promise<void> {
  await ask(primary, "alter system set synchronous_standby_names = 'standby'")
  await ask(primary, 'select pg_reload_conf()')
  await until(async () => (await ask(primary, 'select sync_state from pg_stat_replication'))[0]?.[0] === 'sync')
}

/** Ends a cluster as the loss of its machine would: all of its processes at once. */
export async function destroy({ url, pid }: EmbeddedPostgres): Promise<void> {
  const others = (await ask(url, 'select pid from pg_stat_activity')).map(([each]) => Number(each))
  for (const each of [pid, ...others]) {
    try {
      process.kill(each, 'SIGKILL')
    } catch {
      // it ended before
    }
  }
}

/** A copy of a folder that keeps owners and rights; what comes and goes while it is copied is not needed. */
export async function copy(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  await give(to)
  spawnSync('cp', ['-a', dataIn(from), dataIn(to)], { stdio: 'ignore' })
  for (const name of ['postmaster.pid', 'postmaster.opts']) await rm(join(dataIn(to), name), { force: true })
}

/** Settings for the next start; later ones win. */
const set = (folder: string, lines: readonly string[]): Promise<void> =>
  appendFile(join(dataIn(folder), 'postgresql.auto.conf'), `${lines.join('\n')}\n`)

async function place(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  await give(path)
}

const PATIENCE_MS = 60_000

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    assert(performance.now() < end, 'PostgreSQL does what it is told within a minute')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
