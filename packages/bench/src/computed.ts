/**
 * What is pure computing, in one processor's own time: numbers that a store makes and the center verifies, proofs of payment
 * the other way round, MACs of receipts.
 */
import { assert } from '@kozeni/base/assert'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { checkNumber, makeNumber } from '@kozeni/protocol/number'
import { checkProof, makeProof, type Proof } from '@kozeni/protocol/proof'
import { collectGarbage, type Row } from './measure.ts'
import { sales } from './online.ts'
import { UPLOAD, type Upload } from './receipts.ts'

export const MACS = 'receipts’ MACs, with the keys derived'

/** Long enough that the engine has made its best of it. */
const COUNT = 100_000

/** Five rows; none touches the database. Seeds are at hand, as a store's and the center's are for a window. */
export async function computed(vault: Vault, uploads: readonly Upload[]): Promise<Row[]> {
  const due = sales(vault, COUNT, 0, () => 1).map(sale => ({ ...sale, seed: vault.seed(sale.transaction) }))
  const paid = due.map(({ transaction, number, seed }) => {
    const { store, amount, currency } = transaction
    const proof: Proof = { store, number, amount, currency, epoch: 1, operation: '0'.repeat(32), verdict: 'paid' }
    return { seed, proof, text: makeProof(crypto, seed, proof) }
  })
  return [
    await timed('numbers made by a store', COUNT, () => {
      for (const { transaction, seed } of due) makeNumber(crypto, seed, transaction)
    }),
    await timed('numbers verified at the center', COUNT, () => {
      for (const { transaction, number, seed } of due)
        assert(checkNumber(crypto, seed, transaction, number).ok, 'it was just made')
    }),
    await timed('proofs of payment made by the center', COUNT, () => {
      for (const { seed, proof } of paid) makeProof(crypto, seed, proof)
    }),
    await timed('proofs of payment verified by a store', COUNT, () => {
      for (const { seed, text } of paid) assert(checkProof(crypto, seed, text).ok, 'it was just made')
    }),
    await timed(MACS, UPLOAD * uploads.length, async () => {
      for (const { receipts } of uploads)
        assert(
          (await vault.rightMacs(receipts)).every(right => right === 1),
          'it was just made',
        )
    }),
  ]
}

/** After one that warms up; per second of processor time, so that a busy machine does not count. */
async function timed(work: string, units: number, run: () => void | Promise<void>): Promise<Row> {
  await run()
  collectGarbage()
  const seconds = await cpuSeconds(run)
  const none = { databaseCpu: 0, walBytesPerUnit: 0, p50: (1000 * seconds) / units, p99: Number.NaN }
  return { work, batch: 1, clients: 1, ...none, units, seconds, perSecond: units / seconds, centerCpu: seconds }
}

async function cpuSeconds(run: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
