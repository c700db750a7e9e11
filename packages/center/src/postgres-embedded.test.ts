import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { createDatabase, databaseUrl, type EmbeddedPostgres, startPostgres } from './postgres-embedded.ts'
import { account, isRoot } from './postgres-embedded-account.ts'
import { sharedBuffers } from './postgres-embedded-folder.ts'
import { commandLine, processName } from './postgres-embedded-process.ts'
import { explain, type PostgresRefusal, refusalFromError, refusalFromOutput } from './postgres-embedded-refusal.ts'

vi.setConfig({ testTimeout: 60_000 })

const folders: string[] = []
const newFolder = (): string => {
  const folder = join(tmpdir(), `kozeni-${randomBytes(6).toString('hex')}`)
  folders.push(folder)
  return folder
}
afterAll(() => Promise.all(folders.map(folder => rm(folder, { recursive: true, force: true }))))

/** Made by the first test; the others begin with its data. */
const shared = newFolder()

async function start(folder: string, port?: number): Promise<EmbeddedPostgres> {
  const started = await startPostgres(port === undefined ? { folder } : { folder, port })
  if (!started.ok) throw new Error(explain(started.refusal))
  onTestFinished(started.value.stop)
  return started.value
}

async function refused(folder: string, port?: number): Promise<PostgresRefusal['code'] | undefined> {
  const started = await startPostgres(port === undefined ? { folder } : { folder, port })
  if (started.ok) await started.value.stop()
  return started.ok ? undefined : started.refusal.code
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}

async function ended(pid: number): Promise<void> {
  while (processName(pid) !== undefined) await pause(20)
}

/** Another program that starts PostgreSQL on `folder` and does nothing more. */
async function otherProgram(folder: string): Promise<{ program: ChildProcess; pid: number; url: string }> {
  const module = new URL('./postgres-embedded.ts', import.meta.url).href
  const script = `import { startPostgres } from ${JSON.stringify(module)}
    const started = await startPostgres({ folder: ${JSON.stringify(folder)} })
    console.log(JSON.stringify(started))
    setInterval(() => {}, 1000)`
  const program = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => {
    program.kill('SIGKILL')
  })
  const [line] = await once(program.stdout, 'data')
  const { value } = JSON.parse(String(line)) as { value: { pid: number; url: string } }
  return { program, ...value }
}

/** The shell that holds the leash of the PostgreSQL on `folder`. */
const watcherOf = (folder: string, pid: number): number | undefined =>
  readdirSync('/proc')
    .map(Number)
    .find(
      other => other !== pid && /^sh -c|^\/bin\/sh -c/.test(commandLine(other)) && commandLine(other).includes(folder),
    )

test('a first start makes a database with all its guards, a second start continues it on the same port', async () => {
  const first = await start(shared)
  expect(await ask(first.url, 'show server_version_num')).toMatch(/^18/)
  expect(await ask(first.url, 'show server_encoding')).toBe('UTF8')
  expect(
    await ask(first.url, `select datlocprovider::text || datlocale from pg_database where datname = 'postgres'`),
  ).toBe('bC.UTF-8')
  expect(await ask(first.url, 'show fsync')).toBe('on')
  expect(await ask(first.url, 'show synchronous_commit')).toBe('on')
  expect(await ask(first.url, 'show listen_addresses')).toBe('127.0.0.1')
  expect(await ask(first.url, 'show unix_socket_directories')).toBe('')
  expect(await ask(first.url, 'show max_connections')).toBe('60')
  await ask(first.url, 'create table kept as select 7 as n')
  await first.stop()
  const second = await start(shared)
  expect(second.url).toBe(first.url)
  expect(await ask(second.url, 'select n from kept')).toBe(7)
  await second.stop()
  await second.stop()
})

test('a commit is on the disk before it is answered, and checkpoints are far apart', async () => {
  const { url } = await start(shared)
  const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'wal_compression', 'checkpoint_timeout']
  const sizes = ['checkpoint_completion_target', 'max_wal_size', 'min_wal_size', 'shared_buffers']
  const shown = []
  for (const setting of [...settings, ...sizes]) shown.push(await ask(url, `show ${setting}`))
  expect(shown.slice(0, -1)).toEqual(['on', 'on', 'on', 'off', '15min', '0.9', '4GB', '1GB'])
  const buffers = await ask(url, `select setting::bigint * 8 / 1024 from pg_settings where name = 'shared_buffers'`)
  expect(Number(buffers)).toBe(sharedBuffers(totalmem()))
})

test('the database has an eighth of the memory, on a small machine some and on a large one not all that could be', () => {
  const gigabytes = [0.5, 2, 24, 512]
  expect(gigabytes.map(size => sharedBuffers(size * 2 ** 30))).toEqual([128, 256, 3072, 4096])
})

test('only the owner of the data reads the password, and nobody enters without it', async () => {
  const postgres = await start(shared)
  const { mode, uid } = await stat(join(shared, 'data', 'password'))
  expect(mode & 0o777).toBe(0o600)
  expect(uid).toBe(account.uid ?? process.getuid?.())
  const guess = new URL(postgres.url)
  guess.password = 'guess'
  await expect(ask(guess.href, 'select 1')).rejects.toThrow(/password authentication failed/)
})

test('what was committed is there after PostgreSQL is killed, at once and with a query still running', async () => {
  const before = await start(shared)
  await ask(before.url, 'create table committed as select 8 as n')
  const busy = ask(before.url, 'select count(*) from generate_series(1, 20000000)').catch(() => undefined)
  await pause(300)
  process.kill(before.pid, 'SIGKILL')
  await ended(before.pid)
  const after = await start(shared)
  await busy
  expect(after.pid).not.toBe(before.pid)
  expect(await ask(after.url, 'select n from committed')).toBe(8)
})

test('PostgreSQL ends when the program that started it is killed', async () => {
  const { program, pid } = await otherProgram(shared)
  program.kill('SIGKILL')
  await ended(pid)
  expect(readFileSync(join(shared, 'postgres.log'), 'utf8').trimEnd()).toMatch(/database system is shut down$/)
})

test('PostgreSQL is started again while the one of a killed program is still shutting down', async () => {
  const { program, pid } = await otherProgram(shared)
  program.kill('SIGKILL')
  await once(program, 'exit')
  expect((await start(shared)).pid).not.toBe(pid)
})

test.runIf(process.platform === 'linux')(
  'a PostgreSQL left behind by a program killed together with its watcher is shut down and replaced',
  async () => {
    const { program, pid, url } = await otherProgram(shared)
    await ask(url, 'create table orphaned as select 9 as n')
    const watcher = watcherOf(shared, pid)
    expect(watcher).toBeDefined()
    if (watcher !== undefined) process.kill(watcher, 'SIGKILL')
    program.kill('SIGKILL')
    await once(program, 'exit')
    await pause(300)
    expect(processName(pid)).toBeDefined()
    const next = await start(shared)
    expect(processName(pid)).toBeUndefined()
    expect(await ask(next.url, 'select n from orphaned')).toBe(9)
  },
)

test('a database that a living program uses is refused to another, and goes on', async () => {
  const { url } = await otherProgram(shared)
  expect(await refused(shared)).toBe('folder-in-use')
  expect(await ask(url, 'select 1')).toBe(1)
})

test('two starts on a new folder at once make one database; one gets it', async () => {
  const folder = newFolder()
  const both = await Promise.all([startPostgres({ folder }), startPostgres({ folder })])
  const [winner, ...others] = both.filter(started => started.ok)
  if (winner !== undefined) onTestFinished(winner.value.stop)
  expect(others).toEqual([])
  expect(both.find(started => !started.ok)).toMatchObject({ refusal: { code: 'folder-in-use' } })
  expect(readdirSync(folder).toSorted()).toEqual(['data', 'postgres.log'])
})

test('what a first start cut short left behind is swept away, and the database is made', async () => {
  const folder = newFolder()
  const { program } = await otherProgram(shared)
  const cut = `data.new-${processName(program.pid ?? 0)}-0000`
  program.kill('SIGKILL')
  await once(program, 'exit')
  await mkdir(join(folder, cut), { recursive: true })
  await writeFile(join(folder, `${cut}.password`), 'half')
  await start(folder)
  expect(readdirSync(folder).toSorted()).toEqual(['data', 'postgres.log'])
})

test('a lock file left by a power cut, its number now another process, is no hindrance', async () => {
  const stranger = spawn('sleep', ['60'], { ...account, stdio: 'ignore' })
  onTestFinished(() => {
    stranger.kill()
  })
  await writeFile(join(shared, 'data', 'postmaster.pid'), `${stranger.pid}\n${shared}/data\n1\n1\n\n127.0.0.1\n`)
  await start(shared)
  expect(stranger.exitCode).toBeNull()
})

test('a taken port is refused when it was asked for; when it was only kept, another is found', async () => {
  const server = createServer()
  onTestFinished(() => {
    server.close()
  })
  const before = await start(shared)
  await before.stop()
  const port = Number(new URL(before.url).port)
  await once(server.listen(port, '127.0.0.1'), 'listening')
  expect(await refused(shared, port)).toBe('port-taken')
  expect(Number(new URL((await start(shared)).url).port)).not.toBe(port)
})

test('data of another major version is refused and left as it is', async () => {
  const version = join(shared, 'data', 'PG_VERSION')
  const ours = await readFile(version, 'utf8')
  onTestFinished(() => writeFile(version, ours))
  await writeFile(version, '19\n')
  expect(await refused(shared)).toBe('data-too-new')
  await writeFile(version, '15\n')
  expect(await refused(shared)).toBe('data-too-old')
})

test('a folder that holds other files is left as it is', async () => {
  const folder = newFolder()
  await mkdir(folder, { mode: 0o755 })
  await writeFile(join(folder, 'letters.txt'), 'dear')
  expect(await refused(folder)).toBe('folder-foreign')
  expect((await stat(folder)).mode & 0o777).toBe(0o755)
})

test('a folder that cannot be made is refused', async () => {
  const file = newFolder()
  await writeFile(file, '')
  expect(await refused(join(file, 'database'))).toBe('folder-unusable')
})

test.runIf(isRoot)('started by root in a private home, the data stands in a shelter, and is found again', async () => {
  const home = newFolder()
  await mkdir(home, { mode: 0o700 })
  const first = await start(join(home, 'database'))
  folders.push(first.folder)
  expect(first.folder).not.toContain(home)
  await ask(first.url, 'create table sheltered as select 10 as n')
  await first.stop()
  await chmod(home, 0o755)
  expect(await ask((await start(join(home, 'database'))).url, 'select n from sheltered')).toBe(10)
})

test('a database is made empty, or as a copy', async () => {
  const { url } = await start(shared)
  const original = await createDatabase(url, 'the "original"')
  expect(original).toBe(databaseUrl(url, 'the "original"'))
  await ask(original, 'create table copied as select 11 as n')
  expect(await ask(await createDatabase(url, 'copy', 'the "original"'), 'select n from copied')).toBe(11)
})

test('what initdb, postgres and the file system complain of has a name and a way out', () => {
  const named = (output: string) => refusalFromOutput(output, '/x', 5432).code
  expect(named('FATAL:  could not write to file "x": No space left on device')).toBe('disk-full')
  expect(named('initdb: error: could not create directory "/x": Permission denied')).toBe('folder-unusable')
  expect(named('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use')).toBe('port-taken')
  expect(named('FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use')).toBe('folder-in-use')
  expect(named('initdb: could not look up effective user ID 12345: user does not exist')).toBe('account-unknown')
  expect(explain(refusalFromOutput('LOG: a\nFATAL:  bad setting\nLOG: b\n', '/x', 5432))).toContain('bad setting')
  expect(refusalFromError(Object.assign(new Error('full'), { code: 'ENOSPC' }), '/x').code).toBe('disk-full')
  expect(() => refusalFromError(new TypeError('bug'), '/x')).toThrow('bug')
})
