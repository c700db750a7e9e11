/** Whether the database of a URL can be worked with, before anything is begun; its password is never told. */
import { no, ok, type Result } from '@kozeni/base/result'
import { Client } from 'pg'

export type DatabaseRefusal =
  | { readonly code: 'database-url-wrong' }
  | { readonly code: 'database-unreachable'; readonly where: string; readonly detail: string }
  | { readonly code: 'database-denied'; readonly where: string }
  | { readonly code: 'database-missing'; readonly where: string }
  | { readonly code: 'database-too-old'; readonly where: string; readonly found: number; readonly least: number }

const LEAST_VERSION = 15
const CONNECT_MS = 10_000

/**
 * Connects once.
 *
 * @refuses every DatabaseRefusal; explainDatabase has the sentence
 */
export async function reachDatabase(url: string): Promise<Result<undefined, DatabaseRefusal>> {
  const where = placeOf(url)
  if (where === undefined) return no({ code: 'database-url-wrong' })
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS })
  try {
    await client.connect()
    const { rows } = await client.query<{ found: string }>("select current_setting('server_version_num') as found")
    const found = Math.floor(Number(rows[0]?.found) / 10_000)
    return found < LEAST_VERSION ? no({ code: 'database-too-old', where, found, least: LEAST_VERSION }) : ok(undefined)
  } catch (error) {
    return no(refusalOf(error, where))
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The refusal in a plain sentence, and what to do next. */
export function explainDatabase(refusal: DatabaseRefusal): string {
  switch (refusal.code) {
    case 'database-url-wrong':
      return 'DATABASE_URL is no address of a PostgreSQL. Write postgres://user:password@host:5432/database.'
    case 'database-unreachable':
      return `No PostgreSQL answers at ${refusal.where} (${refusal.detail}). Start it, or mend DATABASE_URL.`
    case 'database-denied':
      return `PostgreSQL at ${refusal.where} does not let this user in. Mend the user or the password in DATABASE_URL.`
    case 'database-missing':
      return `PostgreSQL at ${refusal.where} has no such database. Make it with createdb, or mend DATABASE_URL.`
    case 'database-too-old':
      return `PostgreSQL at ${refusal.where} is version ${refusal.found}; ${refusal.least} or newer is needed.`
  }
}

/** Host and database, without user and password. */
function placeOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, host, pathname } = new URL(url)
  return protocol === 'postgres:' || protocol === 'postgresql:' ? `${host}${pathname}` : undefined
}

function refusalOf(error: unknown, where: string): DatabaseRefusal {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('28')) return { code: 'database-denied', where }
  if (code === '3D000') return { code: 'database-missing', where }
  const detail = code || (error instanceof Error ? error.message : 'no answer')
  return { code: 'database-unreachable', where, detail }
}
