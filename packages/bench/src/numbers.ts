/** Numbers that a store's server makes and the center verifies: pure computing, a second of one processor's own time. */
import { assert } from '@kozeni/base/assert'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { checkNumber, makeNumber } from '@kozeni/protocol/number'
import type { Row } from './measure.ts'
import { sales } from './online.ts'

/** Long enough that the engine has made its best of it. */
const COUNT = 100_000
const ROUNDS = 3

/** Two rows; neither touches the database. Seeds are at hand, as a store's and the center's are for a window. */
export function numbers(vault: Vault): Row[] {
  const due = sales(vault, COUNT, 0, () => 1).map(sale => ({ ...sale, seed: vault.seed(sale.transaction) }))
  return [
    timed('numbers made by a store', () => {
      for (const { transaction, seed } of due) makeNumber(crypto, seed, transaction)
    }),
    timed('numbers verified at the center', () => {
      for (const { transaction, number, seed } of due)
        assert(checkNumber(crypto, seed, transaction, number).ok, 'it was just made')
    }),
  ]
}

/** The best of a few rounds; per second of processor time, so that a busy machine does not count. */
function timed(work: string, run: () => void): Row {
  const seconds = Math.min(...Array.from({ length: ROUNDS }, () => cpuSeconds(run)))
  const none = { databaseCpu: 0, walBytesPerUnit: 0, p50: (1000 * seconds) / COUNT, p99: Number.NaN }
  return { work, batch: 1, clients: 1, ...none, units: COUNT, seconds, perSecond: COUNT / seconds, centerCpu: seconds }
}

function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
