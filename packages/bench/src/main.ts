/**
 * `npm run bench -- [--quick] [--json file]`: measures the center on a real PostgreSQL with full durability, beside
 * yardsticks on the same database in the same run, prints a table, and writes docs/bench.json and docs/performance.md.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { openDatabase } from './database.ts'
import type { Row } from './measure.ts'
import { page } from './page.ts'
import type { Report } from './report.ts'
import { runAll } from './run.ts'
import { table } from './table.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    purses: { type: 'string', default: '10000000' },
    json: { type: 'string', default: 'docs/bench.json' },
    page: { type: 'string', default: 'docs/performance.md' },
    help: { type: 'boolean', default: false },
  },
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** What is under way, with the seconds since the start. */
const tell = (line: string): void => say(`[${(performance.now() / 1000) | 0} s] ${line}`)

if (values.help) {
  say('npm run bench -- [--quick] [--purses 10000000] [--json docs/bench.json] [--page docs/performance.md]')
  process.exit(0)
}

const database = await openDatabase(say)
try {
  const report: Report = await runAll(database, {
    runs: values.quick ? 1 : 5,
    size: values.quick ? 'quick' : 'full',
    purses: values.quick ? 100_000 : Number(values.purses),
    say: tell,
    row: (row: Row) => say(table([row], false)),
  })
  say(`\n${table(report.rows)}`)
  await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(values.page, page(report))
  const missed = report.targets.filter(({ reached }) => !reached)
  say(`${report.targets.length - missed.length} targets reached, ${missed.length} not`)
} finally {
  await database.close()
}
