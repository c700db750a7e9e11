/**
 * One PostgreSQL for a whole run of tests, a database of its own for whoever asks. The default export is vitest's
 * globalSetup; it opens a door on 127.0.0.1 and starts PostgreSQL when the first test knocks, so that a run without
 * database tests pays nothing. TEST_DATABASE_URL names another PostgreSQL to test on (15 to 18, Citus).
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { assert } from '@kozeni/base/assert'
import { Client } from 'pg'
import { createDatabase, type EmbeddedPostgres } from './postgres-embedded.ts'
import { throwawayPostgres } from './postgres-throwaway.ts'

const DOOR = 'KOZENI_TEST_DATABASE_DOOR'

/**
 * A database that no other test sees; it ends with the run.
 *
 * @param template  the url of a database of this run to copy, say one with all tables made; nobody may be connected
 */
export async function freshDatabase(template = ''): Promise<string> {
  const door = process.env[DOOR]
  assert(door !== undefined, 'vitest.config.ts names packages/center/src/postgres-for-tests.ts as a globalSetup')
  const answer = await fetch(door, { method: 'POST', body: new URL(template || 'postgres:///').pathname.slice(1) })
  const text = await answer.text()
  assert(answer.ok, `no fresh database: ${text}`)
  return text
}

/** vitest's globalSetup. */
export default async function openDoor(): Promise<() => Promise<void>> {
  const cluster = new TestCluster()
  const server = createServer(async (request, response) => {
    const template = (await request.setEncoding('utf8').toArray()).join('')
    const answer = await cluster.fresh(template).then(
      url => [200, url] as const,
      error => [500, `${error}`] as const,
    )
    response.writeHead(answer[0]).end(answer[1])
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  assert(address !== null && typeof address === 'object', 'a listening server has an address')
  process.env[DOOR] = `http://127.0.0.1:${address.port}/`
  return async () => {
    server.close()
    server.closeAllConnections()
    await cluster.end()
  }
}

/** The PostgreSQL of one run, started when first needed. */
class TestCluster {
  readonly #run = `test_${randomBytes(4).toString('hex')}`
  #embedded: Promise<EmbeddedPostgres> | undefined
  #made = 0

  async fresh(template: string): Promise<string> {
    const url = process.env['TEST_DATABASE_URL'] ?? (await this.#start()).url
    const name = `${this.#run}_${++this.#made}`
    return await createDatabase(url, name, template === '' ? undefined : decodeURIComponent(template))
  }

  async end(): Promise<void> {
    const embedded = await this.#embedded?.catch(() => undefined)
    await embedded?.stop()
    const borrowed = process.env['TEST_DATABASE_URL']
    if (borrowed !== undefined) await dropDatabases(borrowed, `${this.#run}_`)
  }

  #start(): Promise<EmbeddedPostgres> {
    this.#embedded ??= throwawayPostgres()
    return this.#embedded
  }
}

async function dropDatabases(url: string, prefix: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  )
  for (const { datname } of rows) await client.query(`DROP DATABASE ${client.escapeIdentifier(datname)} WITH (FORCE)`)
  await client.end()
}
