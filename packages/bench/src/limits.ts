/** What the machine allows, reckoned from rows of the same run that do less than the work itself: said of each work that has them. */
import { MACS } from './computed.ts'
import type { Row } from './measure.ts'

/** One paragraph for collection, one for pays; nothing of what was not measured. */
export function limits(rows: readonly Row[]): string {
  const row = (work: string): Row | undefined => rows.find(each => each.work === work)
  return [
    ofReceipts(row('receipts verified and posted'), row('insert-only: the receipts’ bytes, a row each'), row(MACS)),
    ofPays(
      row('pays opened and closed, group commit'),
      row('one row committed, nobody beside it'),
      row('pays at half load'),
    ),
  ]
    .filter(said => said !== '')
    .join('\n\n')
}

/** Its bytes have to be kept, and its MAC to be made again: what nobody can do without. */
function ofReceipts(found?: Row, kept?: Row, proved?: Row): string {
  if (found === undefined || kept === undefined || proved === undefined) return ''
  const [own, storing, hashing] = [micros(found), micros(kept), micros(proved)]
  const least = storing + hashing
  return `A receipt has to be kept and proved. To insert its bytes and nothing else took ${figure(storing)} µs of processor time and \
${figure(kept.walBytesPerUnit)} bytes of log; to derive its purse's key and make its MAC, ${figure(hashing)} µs. Together ${figure(least)} µs: \
${figure(PROCESSORS / least)} receipts a second on two processors that do nothing else. Verified and posted, packed in batches, it took \
${figure(own)} µs (${figure(micros(found, 'centerCpu'))} here, load included, and ${figure(micros(found, 'databaseCpu'))} in PostgreSQL) and \
${figure(found.walBytesPerUnit)} bytes of log: ${(own / least).toFixed(2)} times those two.`
}

/** Two commits, one after the other. */
function ofPays(found?: Row, commit?: Row, half?: Row): string {
  if (found === undefined || commit === undefined || half === undefined) return ''
  return `A pay waits for two commits. One row committed by one client took ${commit.p50.toFixed(2)} ms (99th percentile ${commit.p99.toFixed(2)} ms), so a \
pay cannot take less than ${(2 * commit.p50).toFixed(2)} ms; at half load it took ${half.p50.toFixed(2)} ms (${half.p99.toFixed(2)} ms), from when it was due. \
Of processor time it took ${figure(micros(found))} µs (${figure(micros(found, 'centerCpu'))} here and ${figure(micros(found, 'databaseCpu'))} in PostgreSQL), which is \
${figure(PROCESSORS / micros(found))} a second on two processors; ${figure(found.perSecond)} were found.`
}

/** Microseconds of two processors in a second. */
const PROCESSORS = 2e6

/** Of processor time, a unit. */
const micros = (row: Row, ...of: ReadonlyArray<'centerCpu' | 'databaseCpu'>): number =>
  (1e6 * (of.length === 0 ? row.centerCpu + row.databaseCpu : of.reduce((sum, each) => sum + row[each], 0))) / row.units

const figure = (found: number): string => (found >= 100 ? Math.round(found).toLocaleString('en') : found.toFixed(1))
