/** Rows as a person reads them. */
import type { Row } from './measure.ts'

const COLUMNS: ReadonlyArray<readonly [title: string, cell: (row: Row) => string]> = [
  ['work', row => row.work],
  ['batch', row => String(row.batch)],
  ['clients', row => String(row.clients)],
  ['units', row => String(row.units)],
  ['per second', row => Math.round(row.perSecond).toLocaleString('en')],
  ['p50 ms', row => figure(row.p50)],
  ['p99 ms', row => figure(row.p99)],
  ['center µs/unit', row => ((row.centerCpu / row.units) * 1e6).toFixed(1)],
  ['database µs/unit', row => ((row.databaseCpu / row.units) * 1e6).toFixed(1)],
  ['log bytes/unit', row => row.walBytesPerUnit.toFixed(0)],
]

/** None where it was not measured. */
const figure = (ms: number): string => (Number.isNaN(ms) ? '–' : ms < 0.1 ? ms.toFixed(4) : ms.toFixed(2))

/** A Markdown table; without its head, one line a row. */
export function table(rows: readonly Row[], head = true): string {
  const lines = rows.map(row => `| ${COLUMNS.map(([, cell]) => cell(row)).join(' | ')} |`)
  const titles = [`| ${COLUMNS.map(([title]) => title).join(' | ')} |`, `|${COLUMNS.map(() => '---').join('|')}|`]
  return [...(head ? titles : []), ...lines].join('\n')
}
