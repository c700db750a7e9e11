/**
 * The PostgreSQL that is measured: DATABASE_URL's, or one of the center's own with full durability. What it has cost is
 * read from outside: its processes' time from /proc, its log from its own count. Refuses one that does not sync.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { no, ok, type Result } from '@kozeni/base/result'
import { migrate } from '@kozeni/center/migrate'
import { createDatabase } from '@kozeni/center/postgres-embedded'
import { explain } from '@kozeni/center/postgres-embedded-refusal'
import { startThrowaway } from '@kozeni/center/postgres-throwaway'
import { explainDatabase, reachDatabase } from '@kozeni/center/postgres-url'
import { Client } from 'pg'

export interface Measured {
  readonly url: string
  readonly client: Client
  /** Seconds of processor time of all of PostgreSQL's processes since they began; none where they are not ours to see. */
  readonly cpuSeconds: () => number
  /** Bytes of log ever written. */
  readonly walBytes: () => Promise<number>
  readonly freeBytes: () => Promise<number>
  /** Does what is measured, and whatever is to be done around just that: a profile is taken so. */
  readonly around: (run: () => Promise<void>) => Promise<void>
  /** One more, beside it on the same server; ends with it. */
  readonly another: () => Promise<Measured>
  /** Ends it, whatever goes on there; nothing of it stays. */
  readonly close: () => Promise<void>
}

/** Where databases can be made. */
interface Server {
  readonly url: string
  /** The postmaster's process number and its folder; undefined where it is not ours. */
  readonly pid: number | undefined
  readonly folder: string | undefined
  readonly drop: (database: string) => Promise<void>
}

/**
 * A fresh database with all tables.
 *
 * @refuses with a sentence; nothing is left then
 */
export async function openDatabase(say: (line: string) => void): Promise<Result<Measured, string>> {
  const found = await serverFor(process.env['DATABASE_URL'])
  if (!found.ok) return found
  const server = found.value
  const name = nameOf(1)
  const made = await createDatabase(server.url, name).then(ok<string>, (error: Error) => no(whyNone(error)))
  if (!made.ok) return made
  const database = await tabled(server, made.value, () => server.drop(name))
  const { client } = database
  const off = await notDurable(client)
  if (off !== undefined) {
    await database.close()
    return no(
      `This PostgreSQL has ${off} off, so that its figures would say nothing. Turn it on, or leave DATABASE_URL out.`,
    )
  }
  if (server.pid !== undefined) await beenInUse(client)
  const [version, folder] = [await shown(client, 'server_version'), await shown(client, 'data_directory')]
  say(`PostgreSQL ${version}, fsync and synchronous_commit on, ${folder}`)
  return ok(database)
}

/** The bench's i-th database on one server. */
const nameOf = (i: number): string => `kozeni_bench_${process.pid}_${i}`

/** The empty database at `url` with all tables; `drop` removes it. */
async function tabled(server: Server, url: string, drop: () => Promise<void>): Promise<Measured> {
  await migrate(url)
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined) // whoever waits for an answer is told; nobody else needs to be
  await client.connect()
  const pid = server.pid ?? postmasterOf(await shown(client, 'data_directory'))
  const others: Measured[] = []
  return {
    url,
    client,
    cpuSeconds: () => processSeconds(pid),
    walBytes: async () => Number(await one(client, `select pg_current_wal_lsn() - '0/0'::pg_lsn`)),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(server.folder ?? '/')
      return bavail * bsize
    },
    around: run => run(),
    another: async () => {
      const name = nameOf(others.length + 2)
      const made = await createDatabase(server.url, name)
      const other = await tabled(server, made, () => dropDatabase(server.url, name))
      others.push(other)
      return other
    },
    close: async () => {
      for (const other of others) await other.close()
      await client.end().catch(() => undefined)
      await drop()
    },
  }
}

/** The one that is named, or one of the bench's own. */
async function serverFor(named: string | undefined): Promise<Result<Server, string>> {
  if (named === undefined) {
    const own = await startThrowaway()
    return own.ok ? ok({ ...own.value, drop: () => own.value.stop() }) : no(explain(own.refusal))
  }
  const reached = await reachDatabase(named)
  const drop = (database: string) => dropDatabase(named, database)
  return reached.ok ? ok({ url: named, pid: undefined, folder: undefined, drop }) : no(explainDatabase(reached.refusal))
}

/** Whoever is still connected to it is not any more. */
async function dropDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`drop database ${client.escapeIdentifier(name)} with (force)`)
  } finally {
    await client.end()
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'

const whyNone = (error: Error): string =>
  'code' in error && error.code === INSUFFICIENT_PRIVILEGE
    ? 'The user of DATABASE_URL may not make databases, and the bench works on one of its own. Give it CREATEDB, or leave DATABASE_URL out.'
    : `PostgreSQL made no database for the bench: ${error.message}.`

/** The first setting without which a commit may be lost. */
async function notDurable(client: Client): Promise<string | undefined> {
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    if ((await shown(client, setting)) === 'off') return setting
  return undefined
}

const LOG_FILES = 128

/**
 * As a database that has been in use for long, whose log's files are there already: a new one is made for the first
 * gigabytes of log only, and holds up commits for thirty milliseconds each time.
 */
async function beenInUse(client: Client): Promise<void> {
  for (let i = 0; i < LOG_FILES; i++)
    await client.query(`select pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()`)
  await client.query('checkpoint')
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
