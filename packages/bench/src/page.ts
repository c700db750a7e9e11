/** docs/performance.md, from one run's report. */
import type { Row } from './measure.ts'
import type { Spent } from './profile.ts'
import type { Decade, Report } from './report.ts'
import { table } from './table.ts'

/** The page; says nothing that was not measured in this run. */
export const page = ({
  at,
  size,
  machine,
  rows,
  profiles,
  decades,
  plans,
  audited,
  targets,
}: Report): string => `# Performance

Made by \`npm run bench\` (${size}) on ${at.slice(0, 10)}; every figure below but those of the limit is of that run, medians where there were several. Center, load
generator and PostgreSQL share ${machine.processors} processors (${machine.model}); fsync, synchronous_commit and
full_page_writes are on. Numbers are per second of processor time, everything else per second of a clock on the wall.

## Targets

| aim | wanted | found | |
|---|---|---|---|
${targets.map(({ says, wanted, found, reached }) => `| ${says} | ${wanted} | ${figure(found)} | ${reached ? 'reached' : '**not reached**'} |`).join('\n')}

## What was measured

${table(rows)}

## Where the time goes

${rows
  .filter(row => row.databaseCpu > 0)
  .map(spent)
  .join('\n')}

${Object.entries(profiles).map(profile).join('\n\n')}

## The limit, and what would come nearer to it

${LIMIT}

## Growth

| purses | receipts | receipts a second | p99 ms | pays a second | p99 ms | sizes |
|---|---|---|---|---|---|---|
${decades.map(grown).join('\n')}

A full audit of ${audited.purses.toLocaleString('en')} purses with ${audited.receipts.toLocaleString('en')} receipts took ${audited.seconds.toFixed(0)} s, and at most ${audited.heapMegabytes.toFixed(0)} MB of the auditor's memory; it found ${audited.findings === 0 ? 'nothing' : `**${audited.findings}**: ${audited.first}`}.

## Plans that matter

${Object.entries(plans)
  .map(([what, lines]) => `${what}:\n\n\`\`\`\n${lines.join('\n')}\n\`\`\``)
  .join('\n\n')}
`

/** Not measured: reasoned from what is. */
const LIMIT = `This part is written by hand: estimates from profiles, none of them measured in this run, and none of them tried.

A receipt must cost its own 193 bytes in the log with the 28 of its links, two hashes (1.3 µs with a key at hand, more
where the purse's key has to be derived), and a share of its purse's, terminal's and store's rows; the row of a purse that has
one receipt in a batch is some 350 bytes of log by itself. What stands between the center and its target is this process: it
makes, decides and forgets some fifty fields of a purse's row, some thirty of a receipt and a command for each purse, much
of it for the garbage collector. MACs take less than a tenth; whether worker threads
would pay on two processors was not tried.

What would come nearer, by what the profile says that it takes now:

- a purse's row for collection as the dozen columns that it reads and writes, in a table of their own: a third of the
  center's time, half of PostgreSQL's, and 200 bytes of log a receipt;
- one decision for an upload instead of a command, a promise and a view of the book for each purse: a quarter;
- receipts read where they stand in the upload's bytes, not field by field into objects: a tenth;
- several center processes: they share no lock but those of purses and terminals, so that on more processors than two
  collection grows with them.

A debit on the chip is bounded by three verifications and one signature in OpenSSL. The rest is reading pages (the ring of
twenty receipts above all), their checksums, and the hash of the program's module at each SELECT.

A pay is two transactions, each in two round trips, and each waits for at least one flush of the log, for two where another
has just begun: its 99th percentile cannot be below some three of the flushes that "one row committed" shows. Its processor
time goes into spelling and reading rows as text (a purse has fifty columns), PostgreSQL's into starting its ten small
statements.

A pay beside collection waits for the same processor. While anybody waits, a transaction collects from 128 purses at most;
a process of its own for collection is what would separate the two altogether.`

/** The functions that took most. */
const profile = ([work, spent]: readonly [string, readonly Spent[]]): string =>
  `${work}: where this process's own time went, by V8's profile.\n\n| function | % |\n|---|---:|\n${spent
    .map(({ what, part }) => `| ${what} | ${(100 * part).toFixed(1)} |`)
    .join('\n')}`

const figure = (found: number): string => (found >= 100 ? Math.round(found).toLocaleString('en') : found.toFixed(2))

/** Processor time is what two cores have two seconds of in a second; the rest is waiting. */
function spent(row: Row): string {
  const busy = (row.centerCpu + row.databaseCpu) / row.seconds
  const part = (100 * row.centerCpu) / (row.centerCpu + row.databaseCpu)
  return `- ${row.work}: ${busy.toFixed(2)} processors busy, ${part.toFixed(0)} % of it center and load, the rest PostgreSQL`
}

const grown = ({ purses, receipts, collected, paid, sizes }: Decade): string =>
  `| ${[
    purses.toLocaleString('en'),
    receipts.toLocaleString('en'),
    Math.round(collected.perSecond).toLocaleString('en'),
    collected.p99.toFixed(0),
    Math.round(paid.perSecond).toLocaleString('en'),
    paid.p99.toFixed(0),
    Object.entries(sizes)
      .map(([name, size]) => `${name} ${(size / 2 ** 20).toFixed(0)} MB`)
      .join(', '),
  ].join(' | ')} |`
