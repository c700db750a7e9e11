/** docs/performance.md, from one run's report. */
import type { Row } from './measure.ts'
import type { Decade, Report } from './report.ts'
import { table } from './table.ts'

/** The page; says nothing that was not measured in this run. */
export const page = ({ at, rows, decades, plans, audited, targets }: Report): string => `# Performance

Made by \`npm run bench\` on ${at.slice(0, 10)}; every figure below is of that run, medians where there were several. Center, load
generator and PostgreSQL share one machine; fsync, synchronous_commit and full_page_writes are on.

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

A receipt must cost its own 193 bytes in the log, ${SHARES}.

## Growth

| purses | receipts | receipts a second | p99 ms | pays a second | p99 ms | sizes |
|---|---|---|---|---|---|---|
${decades.map(grown).join('\n')}

A full audit of ${audited.receipts.toLocaleString('en')} receipts took ${audited.seconds.toFixed(0)} s, and at most ${audited.heapMegabytes.toFixed(0)} MB of the auditor's memory.

## Plans that matter

${Object.entries(plans)
  .map(([what, lines]) => `${what}:\n\n\`\`\`\n${lines.join('\n')}\n\`\`\``)
  .join('\n\n')}
`

const SHARES =
  'the links of 28 bytes by which it is found, two hashes, and a share of its purse’s, terminal’s and store’s rows'

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
