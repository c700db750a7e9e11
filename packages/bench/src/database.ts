/**
 * The PostgreSQL that is measured: DATABASE_URL's, or one of the center's own with full durability. What it has cost is
 * read from outside: its processes' time from /proc, its log from its own count. Refuses one that does not sync.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { assert } from '@kozeni/base/assert'
import { migrate } from '@kozeni/center/migrate'
import { createDatabase } from '@kozeni/center/postgres-embedded'
import { throwawayPostgres } from '@kozeni/center/postgres-throwaway'
import { Client } from 'pg'

export interface Measured {
  readonly url: string
  readonly client: Client
  /** Seconds of processor time of all of PostgreSQL's processes since they began; none where they are not ours to see. */
  readonly cpuSeconds: () => number
  /** Bytes of log ever written. */
  readonly walBytes: () => Promise<number>
  readonly freeBytes: () => Promise<number>
  readonly close: () => Promise<void>
}

/** A fresh database with all tables. */
export async function openDatabase(say: (line: string) => void): Promise<Measured> {
  const given = process.env['DATABASE_URL']
  const own = given === undefined ? await throwawayPostgres() : undefined
  const server = given ?? own?.url ?? ''
  const url = await createDatabase(server, `kozeni_bench_${process.pid}`)
  await migrate(url)
  const client = new Client({ connectionString: url })
  await client.connect()
  await checkDurable(client)
  const folder = await shown(client, 'data_directory')
  say(`PostgreSQL ${await shown(client, 'server_version')}, fsync and synchronous_commit on, ${folder}`)
  return {
    url,
    client,
    cpuSeconds: () => processSeconds(own?.pid ?? postmasterOf(folder)),
    walBytes: async () => Number(await one(client, `select pg_current_wal_lsn() - '0/0'::pg_lsn`)),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(own?.folder ?? '/')
      return bavail * bsize
    },
    close: async () => {
      await client.end()
      await own?.stop()
    },
  }
}

async function checkDurable(client: Client): Promise<void> {
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    assert((await shown(client, setting)) === 'on', `a database with ${setting} on`)
}

const shown = async (client: Client, setting: string): Promise<string> => String(await one(client, `show ${setting}`))

/** The one cell that a statement answers. */
export async function one(client: Client, text: string): Promise<unknown> {
  const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' })
  return rows[0]?.[0]
}

const TICKS_PER_SECOND = 100

function postmasterOf(folder: string): number | undefined {
  try {
    return Number(readFileSync(`${folder}/postmaster.pid`, 'utf8').split('\n')[0])
  } catch {
    return undefined
  }
}

/** A process and its children, those that have ended included. */
function processSeconds(pid: number | undefined): number {
  if (pid === undefined) return Number.NaN
  const stats = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(statOf)
  return stats
    .filter(stat => stat.pid === pid || stat.parent === pid)
    .reduce((sum, stat) => sum + (stat.ticks + (stat.pid === pid ? stat.childTicks : 0)) / TICKS_PER_SECOND, 0)
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly ticks: number
  readonly childTicks: number
}

function statOf(pid: string): Stat[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [parent = 0, utime = 0, stime = 0, cutime = 0, cstime = 0] = [1, 11, 12, 13, 14].map(i => fields[i])
    return [{ pid: Number(pid), parent, ticks: utime + stime, childTicks: cutime + cstime }]
  } catch {
    return [] // it has ended meanwhile
  }
}
