/**
 * The whole book audited, timed. The value that purses were made with stands in no operation (population.ts); it is taken
 * out before the auditor sees a purse, so that there is nothing to find: a finding is the center's bug, or the bench's.
 */
import { availableParallelism } from 'node:os'
import { total } from '@kozeni/base/money'
import type { Archive, AuditedPurse, PurseFile } from '@kozeni/center/archive'
import { snapshotOf, withPostgresArchive } from '@kozeni/center/archive-postgres'
import { audit } from '@kozeni/center/audit'
import type { Finding } from '@kozeni/center/audit-finding'
import { auditInThreads } from '@kozeni/center/audit-threads'
import type { Vault } from '@kozeni/center/vault'
import type { Entry } from '@kozeni/ledger/entry'
import { writtenOff } from '@kozeni/ledger/posting'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import type { Measured } from './database.ts'
import { LOADED } from './receipts.ts'
import type { Report } from './report.ts'

/** @returns how many receipts there were, and what it took */
export async function audited(
  { url, cpuSeconds }: Pick<Measured, 'url' | 'cpuSeconds'>,
  vault: Vault,
  tell: (purses: number) => void,
): Promise<Report['audited']> {
  const [begun, before, database] = [performance.now(), process.cpuUsage(), cpuSeconds()]
  let heap = 0
  const onProgress = (purses: number): void => {
    heap = Math.max(heap, process.memoryUsage().heapUsed)
    tell(purses)
  }
  const { counted, findings } = await withPostgresArchive(url, async (archive, session) => {
    const snapshot = await snapshotOf(session)
    const purses = auditInThreads({ main: THREAD, own: url, snapshot, threads: availableParallelism(), onProgress })
    return audit({ crypto, vault }, archive, purses)
  })
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(before)
  const { receipts, purses } = counted
  return {
    ...{ receipts, purses, findings: findings.length, first: first(findings), seconds, heapMegabytes: heap / 2 ** 20 },
    ...{ centerCpu: (user + system) / 1e6, databaseCpu: cpuSeconds() - database },
  }
}

const first = ([finding]: readonly Finding[]): string =>
  finding === undefined ? '' : `${finding.row}: ${finding.says}`

const THREAD = new URL('./audit-thread.ts', import.meta.url)

/** Without the value that purses were made with. */
export const withoutLoads = (archive: Archive): Archive => ({
  purses: () => lessLoads(archive.purses()),
  batches: () => archive.batches(),
  stores: () => archive.stores(),
  strays: () => archive.strays(),
  strayClaims: () => archive.strayClaims(),
  seals: () => archive.seals(),
  strayReceipts: () => archive.strayReceipts(),
  proposals: () => archive.proposals(),
})

async function* lessLoads(files: AsyncIterable<PurseFile>): AsyncIterable<PurseFile> {
  for await (const file of files) {
    const purse = withoutLoad(file.purse)
    yield { ...file, purse, entries: [...file.entries, lossOf(purse)] }
  }
}

/** Who has spent what it was never given has lost it for the issuer. */
const withoutLoad = (purse: AuditedPurse): AuditedPurse => ({
  ...purse,
  credits: total(purse.credits - LOADED),
  seenCredits: total(purse.seenCredits - LOADED),
  writtenOff: total(purse.debits - (purse.credits - LOADED)),
  writeOffs: 1,
})

const lossOf = ({ purse, currency, writtenOff: amount }: AuditedPurse): Entry =>
  writtenOff({ purse, number: 0, amount, currency, at: 0 })
