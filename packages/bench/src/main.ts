/**
 * `npm run bench -- [--quick] [--json file]`: measures the center on a real PostgreSQL with full durability, beside
 * yardsticks on the same database in the same run, prints a table, and writes docs/bench.json and docs/performance.md: of a
 * whole run only, unless told otherwise.
 */
import { access, constants, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { growHeapFreely } from '@kozeni/center/heap'
import { type Measured, openDatabase } from './database.ts'
import type { Row } from './measure.ts'
import { type Asked, askedFor, bytesFor, gigabytes, HELP } from './options.ts'
import { page } from './page.ts'
import type { Report } from './report.ts'
import { runAll } from './run.ts'
import { table } from './table.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** What is under way, with the seconds since the start. */
const tell = (line: string): void => say(`[${(performance.now() / 1000) | 0} s] ${line}`)

const asked = askedFor(process.argv.slice(2))
if (!asked.ok) refuse(`${asked.refusal} See npm run bench -- --help.`, 2)
if (asked.value.help) {
  say(HELP)
  process.exit(0)
}
for (const file of [asked.value.json, asked.value.page]) {
  const folder = dirname(file ?? join(tmpdir(), 'any'))
  await access(folder, constants.W_OK).catch(() => refuse(`Nothing can be written into ${folder}.`, 2))
}
const stopped = Promise.withResolvers<number>()
for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const])
  process.once(signal, () => {
    say('Stopping; the database is removed first.')
    stopped.resolve(code)
  })

growHeapFreely() // as a center does
const database = await openDatabase(say)
if (!database.ok) refuse(database.refusal, 1)
let code = 1
try {
  code = await Promise.race([stopped.promise, bench(database.value, asked.value)])
} finally {
  await database.value.close()
}
process.exit(code)

function refuse(sentence: string, code: number): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(code)
}

/** @returns the exit code */
async function bench(database: Measured, { quick, purses, ...files }: Asked): Promise<number> {
  const [free, needed] = [await database.freeBytes(), bytesFor(purses)]
  if (free < needed) {
    say(
      `${purses} purses need ${gigabytes(needed)} of disk, and ${gigabytes(free)} are free. Ask for fewer by --purses, or make room.`,
    )
    return 1
  }
  const report = await runAll(database, {
    runs: quick ? 1 : 5,
    size: quick ? 'quick' : 'full',
    purses,
    say: tell,
    row: (row: Row) => say(table([row], false)),
  })
  say(`\n${table(report.rows)}`)
  await write(report, files)
  const missed = report.targets.filter(({ reached }) => !reached)
  say(`${report.targets.length - missed.length} targets reached, ${missed.length} not`)
  return 0
}

async function write(report: Report, { json, page: text }: Pick<Asked, 'json' | 'page'>): Promise<void> {
  const folder = json === undefined || text === undefined ? await mkdtemp(join(tmpdir(), 'kozeni-bench-')) : ''
  const files = [
    [json ?? join(folder, 'bench.json'), `${JSON.stringify(report, null, 2)}\n`],
    [text ?? join(folder, 'performance.md'), page(report)],
  ] as const
  for (const [file, content] of files) {
    await writeFile(file, content)
    say(`Written: ${file}`)
  }
}
