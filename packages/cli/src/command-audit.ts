/** `kozeni audit`: recomputes the whole book and names every disagreement. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { hex } from '@kozeni/base/bytes'
import { show } from '@kozeni/base/currency'
import { pursesIn, snapshotOf, withPostgresArchive } from '@kozeni/center/archive-postgres'
import { type AuditMeans, type AuditReport, audit } from '@kozeni/center/audit'
import { auditInThreads } from '@kozeni/center/audit-threads'
import { defaultPolicy } from '@kozeni/center/policy'
import { type KeptHead, readHead } from '@kozeni/center/seal'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { parseJson } from '@kozeni/protocol/json'
import type { Command } from 'commander'
import type { AuditThread } from './audit-thread.ts'
import { openDatabase } from './database.ts'
import { bad, giveUp, good, quiet, say } from './say.ts'
import { dataFolder } from './settings.ts'
import { existingVault } from './vault.ts'

/** Adds the command. */
export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('recompute everything from entries, receipts and chips’ totals; exit 1 when anything disagrees')
    .option('--database-url <url>', 'a PostgreSQL; default: DATABASE_URL, else the embedded one of the data folder')
    .option(
      '--head <file>',
      'a head of the audit chain that was kept (GET /v1/audit/head): the book must still be what it vouches for',
    )
    .option('--json', 'the report as one JSON object')
    .action(run)
}

interface Options {
  readonly databaseUrl?: string
  readonly head?: string
  readonly json?: boolean
}

async function run({ databaseUrl, head, json }: Options, command: Command): Promise<void> {
  const kept = head === undefined ? undefined : keptHead(head)
  if (head !== undefined && kept === undefined) return giveUp(`${head} holds no head of an audit chain.`)
  const folder = dataFolder(command)
  const vault = await existingVault(folder)
  const database = await openDatabase(folder, databaseUrl, !json)
  if (!database.ok) return giveUp(database.refusal)
  const onProgress = (purses: number): void => {
    if (!json && process.stdout.isTTY) process.stdout.write(`\r${purses} purses`)
  }
  const means = { crypto: nodeCrypto, vault, onProgress, kept }
  const report = await auditAll(means, { url: database.value.url, folder: folder.path })
  await database.value.stop()
  if (json) say(JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
  else print(report)
  process.exitCode = report.findings.length === 0 && report.unexplained === 0n ? 0 : 1
}

/** A large book in as many threads as there are processors. */
async function auditAll(means: AuditMeans, own: AuditThread): Promise<AuditReport> {
  return await withPostgresArchive(own.url, async (archive, session) => {
    if ((await pursesIn(session)) < WORTH_THREADS) return audit(means, archive)
    const [snapshot, threads] = [await snapshotOf(session), availableParallelism()]
    const { onProgress } = means
    return audit(
      means,
      archive,
      auditInThreads({ main: THREAD, own, snapshot, threads, ...(onProgress && { onProgress }) }),
    )
  })
}

/** Fewer are audited before threads have begun. */
const WORTH_THREADS = 50_000
const THREAD = new URL('./audit-thread.ts', import.meta.url)

function keptHead(path: string): KeptHead | undefined {
  return readHead(parseJson(readFileSync(path, 'utf8')))
}

function print({ head, findings, counted, balances, onChips, inDoubt, unexplained }: AuditReport): void {
  const yen = (amount: bigint): string => show(amount, defaultPolicy.currency)
  for (const { row, says, expected, found, difference, invariant } of findings) {
    say(`${bad('✗')} ${row}: ${says}`)
    say(`    should be  ${expected}`)
    say(
      `    is         ${found}${difference === undefined ? '' : `   (difference ${difference > 0n ? '+' : ''}${yen(difference)})`}`,
    )
    say(quiet(`    ${invariant}`))
  }
  const { purses, operations, receipts, stores, entries } = counted
  say(quiet(`${purses} purses, ${operations} operations, ${receipts} receipts, ${stores} stores, ${entries} entries`))
  for (const [kind, balance] of Object.entries(balances)) say(`  ${kind.padEnd(14)} ${yen(balance)}`)
  const sum = Object.values(balances).reduce((all, balance) => all + balance, 0n)
  say(`  ${'sum'.padEnd(14)} ${yen(sum)}`)
  say(`on chips ${yen(onChips)}, in doubt ${yen(inDoubt)}, unexplained ${yen(unexplained)}`)
  if (head !== undefined) say(quiet(`sealed ${head.number} times; head ${hex(head.head)}`))
  say(findings.length === 0 ? `${good('✓')} everything agrees` : `${bad('✗')} ${findings.length} disagreements`)
}
