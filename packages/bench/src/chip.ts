/** The chip's debit, in Node: everything that a chip does for a sale at a till, beside what its signatures alone would take. */
import { type DebitRate, debits, oldPurse } from '@kozeni/chip/debits-for-tests-node'
import type { Row } from './measure.ts'

const NO_DATABASE = { batch: 1, clients: 1, databaseCpu: 0, walBytesPerUnit: 0 }

/** Two rows; neither touches the database. */
export async function chip(): Promise<Row[]> {
  const { limit, ...rate } = debits(await oldPurse())
  return [rowOf('debits on one chip', rate), rowOf('debits, signing and verifying alone', atLimit(rate, limit))]
}

const atLimit = (
  { units, cpuSeconds, perSecond }: Omit<DebitRate, 'limit'>,
  limit: number,
): Omit<DebitRate, 'limit'> => ({
  ...{ units, seconds: units / limit, perSecond: limit },
  cpuSeconds: (cpuSeconds * perSecond) / limit,
})

const rowOf = (work: string, { cpuSeconds, ...rate }: Omit<DebitRate, 'limit'>): Row => ({
  ...{ work, ...rate, ...NO_DATABASE, centerCpu: cpuSeconds },
  ...{ p50: 1000 / rate.perSecond, p99: 1000 / rate.perSecond },
})
