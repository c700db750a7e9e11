/** docs/performance.md, from one run's report. */
import { limits } from './limits.ts'
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

Made by \`npm run bench\` (${size}) on ${at.slice(0, 10)}; every figure below is of that run, medians where there were several. Center, load
generator and PostgreSQL share ${machine.processors} processors (${machine.model}); fsync, synchronous_commit and
full_page_writes are on. Numbers are per second of processor time, everything else per second of a clock on the wall.

## Targets

| aim | wanted | found | |
|---|---|---|---|
${targets.map(({ says, wanted, found, reached }) => `| ${says} | ${wanted} | ${figure(found)} | ${reached ? 'reached' : '**not reached**'} |`).join('\n')}

What stands between an aim and this machine, where one is not reached, is said in
[decision 33](decisions/0033-what-stands-between-an-aim-and-a-machine.md).

## What was measured

${table(rows)}

## Where the time goes

${rows
  .filter(row => row.databaseCpu > 0)
  .map(spent)
  .join('\n')}

${Object.entries(profiles).map(profile).join('\n\n')}

## The limit

${limits(rows)}

## Growth

Each took turns with a book of ten thousand purses in a database of its own on the same server.

| purses | receipts | receipts a second | p99 ms | as a part of the small book’s | pays a second | p99 ms | as a part | sizes |
|---|---|---|---|---|---|---|---|---|
${decades.map(grown).join('\n')}

A full audit of ${audited.purses.toLocaleString('en')} purses with ${audited.receipts.toLocaleString('en')} receipts took ${audited.seconds.toFixed(0)} s, and at most ${audited.heapMegabytes.toFixed(0)} MB of the auditor's memory; ${((1e6 * audited.centerCpu) / audited.receipts).toFixed(1)} µs of processor time a receipt here, its part of its purse included, and ${((1e6 * audited.databaseCpu) / audited.receipts).toFixed(1)} µs in PostgreSQL. It found ${audited.findings === 0 ? 'nothing' : `**${audited.findings}**: ${audited.first}`}.

## Plans that matter

${Object.entries(plans)
  .map(([what, lines]) => `${what}:\n\n\`\`\`\n${lines.join('\n')}\n\`\`\``)
  .join('\n\n')}
`

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

const grown = ({ purses, receipts, collected, paid, small, sizes }: Decade): string =>
  `| ${[
    purses.toLocaleString('en'),
    receipts.toLocaleString('en'),
    ...asked(collected, small.collected),
    ...asked(paid, small.paid),
    Object.entries(sizes)
      .map(([name, size]) => `${name} ${(size / 2 ** 20).toFixed(0)} MB`)
      .join(', '),
  ].join(' | ')} |`

const asked = ({ perSecond, p99 }: Row, small: Row): string[] => [
  Math.round(perSecond).toLocaleString('en'),
  p99.toFixed(0),
  (perSecond / small.perSecond).toFixed(2),
]
