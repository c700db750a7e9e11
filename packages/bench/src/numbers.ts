/** Numbers that a store's server makes and the center verifies: pure computing, on one core. */
import { assert } from '@kozeni/base/assert'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { checkNumber } from '@kozeni/protocol/number'
import type { Row } from './measure.ts'
import { sales } from './online.ts'

const COUNT = 20_000

/** Two rows; neither touches the database. */
export function numbers(vault: Vault): Row[] {
  sales(vault, COUNT, 0, () => 1)
  const made = timed('numbers made by a store', () => sales(vault, COUNT, 0, () => 1))
  const given = sales(vault, COUNT, 0, () => 1)
  const verified = timed('numbers verified at the center', () => {
    for (const { transaction, number } of given) {
      const checked = checkNumber(crypto, vault.seed(transaction), transaction, number)
      assert(checked.ok, 'it was just made')
    }
  })
  return [made, verified]
}

function timed(work: string, run: () => void): Row {
  const before = process.cpuUsage()
  const begun = performance.now()
  run()
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(before)
  const none = { databaseCpu: 0, walBytesPerUnit: 0, p50: 0, p99: 0 }
  const cost = { units: COUNT, seconds, perSecond: COUNT / seconds, centerCpu: (user + system) / 1e6 }
  return { work, batch: 1, clients: 1, ...none, ...cost }
}
