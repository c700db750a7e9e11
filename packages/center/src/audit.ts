/**
 * The auditor: makes every entry again from what caused it, every total from its parts, and every signature and MAC from
 * its bytes, and names what disagrees: which row, what it should be, what it is. Trusts no stored sum.
 */
import type { AccountKind } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Archive, PurseFile } from './archive.ts'
import { auditBatch } from './audit-batch.ts'
import { claimRow, entryRow } from './audit-entry.ts'
import type { Finding } from './audit-finding.ts'
import { auditProposal } from './audit-proposal.ts'
import { auditPurse, type PurseAudit } from './audit-purse.ts'
import { receiptRow, rightOf } from './audit-receipt.ts'
import { SealAudit } from './audit-seal.ts'
import { auditStore } from './audit-store.ts'
import type { KeptHead } from './seal.ts'
import type { Vault } from './vault.ts'

export interface AuditReport {
  /** The newest seal, for whoever keeps heads; undefined before the first. */
  readonly head: KeptHead | undefined
  readonly findings: readonly Finding[]
  readonly counted: Counted
  /** Balance of each kind of account, by the entries: debits less credits. They sum to zero. */
  readonly balances: Readonly<Partial<Record<AccountKind, bigint>>>
  /** What all chips are known to hold, by operations and receipts. */
  readonly onChips: bigint
  /** The amounts of the open operations. */
  readonly inDoubt: bigint
  /** Value by evidence less value by the ledger, purse by purse, signs forgotten. */
  readonly unexplained: bigint
}

interface Counted {
  purses: number
  operations: number
  receipts: number
  stores: number
  entries: number
}

export interface AuditMeans {
  readonly crypto: Crypto
  readonly vault: Vault
  readonly onProgress?: (purses: number) => void
  /** A head that somebody has kept elsewhere: the book must still be what it vouches for. */
  readonly kept?: KeptHead | undefined
}

/** What was found in a part of the book. */
export type PartReport = Omit<AuditReport, 'head'>

/**
 * Recomputes the whole book.
 *
 * @param purses  what others find in the purses, in shares of the same snapshot; here they are audited before all else
 * @spec PROTOCOL §10
 */
export async function audit(
  means: AuditMeans,
  archive: Archive,
  purses?: Promise<readonly PartReport[]>,
): Promise<AuditReport> {
  const here = purses === undefined ? [await auditPurses(means, archive)] : []
  const [elsewhere, { head, ...rest }] = await Promise.all([purses ?? [], auditRest(means, archive)])
  const tally = new Tally()
  for (const part of [...here, ...elsewhere, rest]) tally.add(part)
  return { ...tally.report(), head }
}

/** Recomputes the archive's purses. */
export async function auditPurses(means: AuditMeans, archive: Archive): Promise<PartReport> {
  const tally = new Tally()
  for await (const files of together(archive.purses())) {
    const judging = { crypto: means.crypto, right: await rightOf(means.vault, files) }
    for (const file of files) {
      tally.purse(file, auditPurse(judging, file))
      if (tally.counted.purses % 1000 === 0) means.onProgress?.(tally.counted.purses)
    }
  }
  for await (const receipt of archive.strayReceipts()) tally.post([], [stray(receiptRow(receipt), receipt)])
  return tally.report()
}

/** Receipts whose MACs are made in one piece of memory, about. */
const TOGETHER = 1000

/** Some purses at a time. */
async function* together(files: AsyncIterable<PurseFile>): AsyncGenerator<readonly PurseFile[]> {
  let some: PurseFile[] = []
  let receipts = 0
  for await (const file of files) {
    some.push(file)
    receipts += 1 + file.receipts.length
    if (receipts < TOGETHER) continue
    yield some
    some = []
    receipts = 0
  }
  yield some
}

/** Recomputes what is not a purse's. */
async function auditRest(means: AuditMeans, archive: Archive): Promise<AuditReport> {
  const tally = new Tally()
  for await (const file of archive.batches()) tally.post(file.entries, auditBatch(file))
  for await (const file of archive.stores()) {
    tally.counted.stores += 1
    tally.post(file.entries, auditStore(file))
  }
  for await (const file of archive.proposals()) tally.post(file.entries, auditProposal(means.crypto, file))
  for await (const entry of archive.strays()) tally.post([entry], [stray(entryRow(entry), entry)])
  for await (const claim of archive.strayClaims()) tally.post([], [stray(claimRow(claim), claim)])
  const seals = new SealAudit(means)
  for await (const seal of archive.seals()) tally.post([], seals.next(seal))
  tally.post([], seals.end())
  return { ...tally.report(), head: seals.last }
}

const stray = (row: string, { amount }: { readonly amount: bigint }): Finding => ({
  row,
  says: 'it is about a purse, a store, a proposal or a batch that the book does not know',
  expected: 'no such row',
  found: String(amount),
  difference: amount,
  invariant: 'INV-ACCOUNTED',
})

/** The sums of the report, as the files go by. */
class Tally {
  readonly counted: Counted = { purses: 0, operations: 0, receipts: 0, stores: 0, entries: 0 }
  readonly #findings: Finding[] = []
  readonly #balances = new Map<AccountKind, bigint>()
  #onChips = 0n
  #inDoubt = 0n
  #unexplained = 0n

  purse(file: PurseFile, audited: PurseAudit): void {
    this.counted.purses += 1
    this.counted.operations += file.operations.length
    this.counted.receipts += file.receipts.length
    this.#onChips += audited.value
    this.#inDoubt += audited.inDoubt
    this.#unexplained += audited.unexplained < 0n ? -audited.unexplained : audited.unexplained
    this.post(file.entries, audited.findings)
  }

  post(entries: readonly Entry[], findings: readonly Finding[]): void {
    this.#findings.push(...findings)
    for (const entry of entries) {
      this.counted.entries += 1
      this.#add(entry.debit.kind, entry.amount)
      this.#add(entry.credit.kind, 0n - entry.amount)
    }
  }

  add({ counted, findings, balances, onChips, inDoubt, unexplained }: PartReport): void {
    for (const what of Object.keys(counted) as (keyof Counted)[]) this.counted[what] += counted[what]
    for (const kind of Object.keys(balances) as AccountKind[]) this.#add(kind, balances[kind] ?? 0n)
    this.#findings.push(...findings)
    this.#onChips += onChips
    this.#inDoubt += inDoubt
    this.#unexplained += unexplained
  }

  report(): PartReport {
    return {
      findings: this.#findings,
      counted: this.counted,
      balances: Object.fromEntries(this.#balances),
      onChips: this.#onChips,
      inDoubt: this.#inDoubt,
      unexplained: this.#unexplained,
    }
  }

  #add(kind: AccountKind, amount: bigint): void {
    this.#balances.set(kind, (this.#balances.get(kind) ?? 0n) + amount)
  }
}
