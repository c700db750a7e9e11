/**
 * Whether anything was created, lost or doubled: the auditor makes the whole book again, every chip is asked itself, the
 * provider is asked what it took, and everything that people were told for good must still be so.
 */
import type { Archive } from '@kozeni/center/archive'
import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { type AuditReport, audit } from '@kozeni/center/audit'
import { tell } from '@kozeni/day/process'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { fieldsOf, type Told } from './kill-load.ts'
import type { KillTown } from './kill-town.ts'

/** What the book says, by name. */
interface Known {
  readonly value: Map<string, bigint>
  readonly loaded: Set<string>
  readonly paid: Set<string>
  readonly receipts: Set<string>
}

/** @returns a sentence for everything that is not so */
export async function inconsistencies(town: KillTown, told: Told): Promise<readonly string[]> {
  const known: Known = { value: new Map(), loaded: new Set(), paid: new Set(), receipts: new Set() }
  const means = { crypto: nodeCrypto, vault: town.vault }
  const report = await withPostgresArchive(town.postgres.url, archive => audit(means, noting(archive, known)))
  return [
    ...report.findings.map(({ row, says, difference }) => `the auditor: ${row}: ${says} (${difference ?? ''})`),
    ...(report.unexplained === 0n ? [] : [`the auditor cannot explain ${report.unexplained}`]),
    ...(await wrongChips(town, known)),
    ...(await wrongProvider(town, report)),
    ...[...told.loaded].filter(load => !known.loaded.has(load)).map(load => `load ${load} was shown as loaded`),
    ...[...told.paid].filter(sale => !known.paid.has(sale)).map(sale => `sale ${sale} was shown as paid`),
    ...(await wrongSales(town, told)),
  ]
}

/** The same archive; what the auditor reads of it is noted by the way. */
const noting = (archive: Archive, known: Known): Archive => ({
  ...archive,
  async *purses() {
    for await (const file of archive.purses()) {
      const { purse, loads, operations } = file
      known.value.set(purse.purse, purse.credits - purse.debits)
      for (const { load, stage } of loads) if (stage === 'loaded') known.loaded.add(load)
      for (const { transaction, decision } of operations)
        if (transaction !== undefined && decision === 'commit') known.paid.add(transaction)
      yield file
    }
  },
})

async function wrongChips({ phones }: KillTown, { value }: Known): Promise<readonly string[]> {
  const shown = await Promise.all(phones.map(phone => patiently(() => phone.ask('GET /show'))))
  return shown.flatMap(said => {
    if (!said.ok) return [`a chip does not answer: ${said.refusal.code}`]
    const { purse, value: held } = said.value
    const booked = value.get(String(purse))
    return String(booked) === String(held)
      ? []
      : [`the chip of purse ${String(purse)} holds ${String(held)}, the book says ${booked}`]
  })
}

/** What the provider took less what it gave back is what the book says it owes. */
async function wrongProvider({ town }: KillTown, { balances }: AuditReport): Promise<readonly string[]> {
  const { body } = await patiently(() => tell(town.provider.port, 'GET /sandbox/ledger'))
  const net = BigInt(Number(fieldsOf(fieldsOf(body['currencies'])['jpy'])['net'] ?? 0))
  const booked = balances.funding ?? 0n
  return net === booked ? [] : [`the provider has ${net}, the book says ${booked}`]
}

/** Every sale that a clerk has read "Paid." for is paid, and the center has taken it in. */
async function wrongSales({ till }: KillTown, { sold }: Told): Promise<readonly string[]> {
  const said = await patiently(() => till.ask('GET /sales'))
  if (!said.ok) return [`the till does not answer: ${said.refusal.code}`]
  const sales = Array.isArray(said.value['sales']) ? said.value['sales'].map(fieldsOf) : []
  const booked = new Set(
    sales.filter(({ standing }) => standing === 'booked' || standing === 'already-booked').map(({ sale }) => sale),
  )
  return [...sold].filter(sale => !booked.has(sale)).map(sale => `sale ${sale} was shown as paid at the till`)
}

const TRIES = 5
const PAUSE_MS = 200

/** Asks again when a kept connection was closed in between, as a busy machine does it. @throws when nobody is there */
async function patiently<A>(asks: () => Promise<A>): Promise<A> {
  for (let tries = 1; ; tries++) {
    try {
      return await asks()
    } catch (error) {
      if (tries === TRIES) throw error
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
}
