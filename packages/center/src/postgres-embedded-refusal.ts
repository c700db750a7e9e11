/**
 * Why an embedded PostgreSQL would not start, and the way out of each. What the file system and PostgreSQL say
 * about the world becomes a refusal here; whatever they say that we do not know is thrown, or shown as it is.
 */
import { never } from '@kozeni/base/assert'

export type PostgresRefusal =
  | { readonly code: 'programs-missing'; readonly platform: string }
  | { readonly code: 'programs-broken'; readonly detail: string }
  | { readonly code: 'folder-unusable'; readonly folder: string; readonly detail: string }
  | { readonly code: 'folder-private'; readonly folder: string; readonly uid: number }
  | { readonly code: 'folder-foreign'; readonly folder: string }
  | { readonly code: 'folder-of-another'; readonly folder: string; readonly uid: number }
  | { readonly code: 'folder-in-use'; readonly folder: string }
  | { readonly code: 'data-too-new'; readonly folder: string; readonly found: number; readonly ours: number }
  | { readonly code: 'data-too-old'; readonly folder: string; readonly found: number; readonly ours: number }
  | { readonly code: 'account-unknown'; readonly uid: number }
  | { readonly code: 'disk-full'; readonly folder: string }
  | { readonly code: 'port-taken'; readonly port: number }
  | { readonly code: 'start-failed'; readonly folder: string; readonly detail: string }

const OWN = 'or give the address of your own PostgreSQL in DATABASE_URL'

/** The refusal in a plain sentence, and what to do next. */
export function explain(refusal: PostgresRefusal): string {
  switch (refusal.code) {
    case 'programs-missing':
      return `No PostgreSQL is installed with this project for ${refusal.platform}. Run npm ci without --omit=optional, ${OWN}.`
    case 'programs-broken':
      return `The PostgreSQL installed with this project does not run here (${refusal.detail}). Run npm ci again, ${OWN}.`
    case 'folder-unusable':
      return `The database folder ${refusal.folder} cannot be used (${refusal.detail}). Name a folder you may write to, ${OWN}.`
    case 'folder-private':
      return `User ${refusal.uid}, who runs PostgreSQL here, may not enter the database folder ${refusal.folder}. Name a folder outside private homes, ${OWN}.`
    case 'folder-foreign':
      return `The folder ${refusal.folder} already holds other files. Name an empty or new folder for the database.`
    case 'folder-of-another':
      return `The database folder ${refusal.folder} belongs to user ${refusal.uid}. Start as the user who made it, or name another folder.`
    case 'folder-in-use':
      return `Another running program uses the database in ${refusal.folder}. Stop that program, or name another folder.`
    case 'data-too-new':
      return `The data in ${refusal.folder} was made by PostgreSQL ${refusal.found}; this is ${refusal.ours}. Use the newer version of this project that made it, ${OWN}.`
    case 'data-too-old':
      return `The data in ${refusal.folder} was made by PostgreSQL ${refusal.found}; this is ${refusal.ours}. Upgrade it with pg_upgrade, or name another folder.`
    case 'account-unknown':
      return `User ${refusal.uid} has no name on this machine, and PostgreSQL wants one to make its data. Start as a user that /etc/passwd names, ${OWN}.`
    case 'disk-full':
      return `The disk that holds ${refusal.folder} is full. Free some space (the database needs 100 MB to begin) and start again.`
    case 'port-taken':
      return `Port ${refusal.port} of 127.0.0.1 is taken. Stop what listens there, or leave the port out to get a free one.`
    case 'start-failed':
      return `PostgreSQL would not start in ${refusal.folder}: ${refusal.detail} The whole story is in its postgres.log.`
    default:
      return never(refusal)
  }
}

/** What the last words of initdb or postgres mean for the one who started it. */
export function refusalFromOutput(output: string, folder: string, port: number): PostgresRefusal {
  const says = (words: RegExp): boolean => words.test(output)
  if (says(/No space left on device|Disk quota exceeded/)) return { code: 'disk-full', folder }
  if (says(/Address already in use/)) return { code: 'port-taken', port }
  if (says(/lock file ".*" already exists|pre-existing shared memory block/)) return { code: 'folder-in-use', folder }
  const nameless = /could not look up effective user ID (\d+)/.exec(output)?.[1]
  if (nameless !== undefined) return { code: 'account-unknown', uid: Number(nameless) }
  const detail = lastComplaint(output)
  const closed = says(/Permission denied|Read-only file system|wrong ownership/)
  return closed ? { code: 'folder-unusable', folder, detail } : { code: 'start-failed', folder, detail }
}

/** The last line that complains, or else the last line. */
function lastComplaint(output: string): string {
  const lines = output.split('\n').filter(line => line.trim() !== '')
  return lines.findLast(line => /error|FATAL|PANIC|not found/i.test(line)) ?? lines.at(-1) ?? 'it said nothing.'
}

const FULL = ['ENOSPC', 'EDQUOT']
const CLOSED = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'ENAMETOOLONG', 'ELOOP', 'EISDIR', 'EIO']

/** The refusal behind an error of the file system; any other error is a bug and goes on. */
export function refusalFromError(error: unknown, folder: string): PostgresRefusal {
  const code = codeOf(error)
  if (code !== undefined && FULL.includes(code)) return { code: 'disk-full', folder }
  if (error instanceof Error && code !== undefined && CLOSED.includes(code)) {
    return { code: 'folder-unusable', folder, detail: error.message }
  }
  throw error
}

/** The system's name for an error, as 'ENOENT'. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
