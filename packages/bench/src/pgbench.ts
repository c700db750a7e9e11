/** pgbench itself, where it is installed: the TPC-B-like transaction as everybody knows it, on the same server. */
import { spawnSync } from 'node:child_process'
import type { Measured } from './database.ts'
import { measured, medians, type Row } from './measure.ts'

const CLIENTS = 8
const SECONDS = 5

/** @returns no row where there is no pgbench, or where it does not get on with the server */
export async function pgbench(database: Measured, runs: number): Promise<Row[]> {
  if (!said(database, '-i', '-s', '10', '-q').ok) return []
  const rows = await medians(runs, [() => once(database)])
  return rows.filter(({ units }) => units > 0)
}

/** @returns a row without units where it has failed */
async function once(database: Measured): Promise<Row> {
  let report = ''
  const row = await measured(database, {
    ...{ work: 'TPC-B, pgbench itself', batch: 1, clients: CLIENTS, units: 1 },
    run: async () => {
      report = said(database, '-n', '-M', 'prepared', '-c', String(CLIENTS), '-T', String(SECONDS)).text
    },
  })
  const units = numberIn(report, /actually processed: (\d+)/) ?? 0
  const p50 = numberIn(report, /latency average = ([\d.]+)/) ?? Number.NaN
  return {
    ...row,
    units,
    perSecond: units / SECONDS,
    walBytesPerUnit: row.walBytesPerUnit / units,
    p50,
    p99: Number.NaN,
  }
}

function said({ url }: Measured, ...args: readonly string[]): { readonly ok: boolean; readonly text: string } {
  const { status, stdout } = spawnSync('pgbench', [...args, url], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return { ok: status === 0, text: stdout ?? '' }
}

const numberIn = (text: string, what: RegExp): number | undefined => {
  const found = what.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
