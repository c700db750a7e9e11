/** The audit of one purse's file: entries against causes, rows against their own bytes, totals against their parts. */
import { equal, hex } from '@kozeni/base/bytes'
import { ZERO } from '@kozeni/base/money'
import { type Entry } from '@kozeni/ledger/entry'
import {
  captured,
  committed,
  debited,
  debitVoided,
  givenBack,
  opened,
  refundOrdered,
  voided,
} from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import { readReceipt, receiptMac } from '@kozeni/protocol/debit'
import { digestOf } from '@kozeni/protocol/operation'
import type { PurseFile } from './archive.ts'
import { compareEntries, type Finding } from './audit-entry.ts'
import type { LoadRow, OperationRow, PurseRow, ReceiptRow } from './book.ts'
import { postedOperation } from './evidence.ts'
import type { Vault } from './vault.ts'

export interface PurseAudit {
  readonly findings: readonly Finding[]
  /** What the chip is known to hold, by operations and receipts alone. */
  readonly value: bigint
  readonly inDoubt: bigint
  /** Value by evidence, less open pays, less what the ledger says the purse holds. Zero in a sound book. */
  readonly unexplained: bigint
}

interface Means {
  readonly crypto: Crypto
  readonly vault: Vault
}

/** Recomputes one purse from what happened to it. @spec PROTOCOL §10 */
export function auditPurse(means: Means, file: PurseFile): PurseAudit {
  const totals = totalsOf(file)
  const openPays = sum(file.operations.filter(row => row.closed === undefined && row.kind === 'pay'))
  const value = totals.credits - totals.debits
  return {
    findings: [
      ...compareEntries(expectedEntries(file), file.entries),
      ...file.operations.flatMap(row => auditOperation(means.crypto, row)),
      ...file.receipts.flatMap(row => auditReceipt(means, file.purse, row)),
      ...auditTotals(file, totals),
      ...auditFlag(file),
    ],
    value,
    inDoubt: sum(file.operations.filter(row => row.closed === undefined && row.kind !== 'sweep')),
    unexplained: value - openPays - ledgerFloat(file.entries),
  }
}

const sum = (rows: ReadonlyArray<{ readonly amount: bigint }>): bigint =>
  rows.reduce((all, row) => all + row.amount, 0n)

function ledgerFloat(entries: readonly Entry[]): bigint {
  return entries.reduce(
    (all, { debit, credit, amount }) =>
      all + (credit.kind === 'purse-float' ? amount : 0n) - (debit.kind === 'purse-float' ? amount : 0n),
    0n,
  )
}

/** Every entry that these causes make; the same rules that posted them. */
function expectedEntries(file: PurseFile): Entry[] {
  return [
    ...file.loads.flatMap(ofLoad),
    ...file.operations.flatMap(ofOperation),
    ...file.receipts.filter(row => row.standing === 'booked').map(ofReceipt),
    ...file.orders.flatMap(row =>
      row.kind === 'refund' && row.store !== undefined ? [refundOrdered({ ...row, store: row.store })] : [],
    ),
  ]
}

function ofLoad(load: LoadRow): Entry[] {
  if (load.stage === 'requested' || load.stage === 'declined') return []
  return load.stage === 'given-back' ? [captured(load), givenBack(load)] : [captured(load)]
}

function ofOperation(row: OperationRow): Entry[] {
  const posted = postedOperation(row, row.openedAt)
  if (row.closed === undefined) return opened(posted)
  return [...opened(posted), ...(row.decision === 'commit' ? committed(posted) : voided(posted))]
}

const ofReceipt = (row: ReceiptRow): Entry => (row.kind === 'debit' ? debited(row) : debitVoided(row))

/** An operation's digest binds its columns: a changed amount does not fit it. @spec F-15 */
function auditOperation(crypto: Crypto, row: OperationRow): Finding[] {
  const name = `operation (${row.purse}, ${row.epoch}, ${row.number})`
  const digest = digestOf(crypto, row.kind === 'sweep' ? { ...row, amount: ZERO } : row)
  const fits = equal(digest, row.digest)
  const closedWell = row.closed === undefined || row.decision !== 'open'
  return [
    ...(fits
      ? []
      : [
          finding(
            name,
            `its digest is not that of its columns (amount ${row.amount})`,
            hex(digest),
            hex(row.digest),
            'INV-EVID',
          ),
        ]),
    ...(closedWell
      ? []
      : [finding(name, 'it is closed and was never decided', 'commit or void', row.decision, 'INV-EVID')]),
  ]
}

/** A receipt's columns are its body's, and its body is its chip's. @spec K-1, K-5 */
function auditReceipt(means: Means, purse: PurseRow, row: ReceiptRow): Finding[] {
  const name = `receipt (${row.purse}, ${row.seq})`
  const signed = readReceipt(row.whole)
  if (signed === undefined)
    return [finding(name, 'its bytes are no receipt', 'a receipt', `${row.whole.length} bytes`, 'INV-EVID')]
  const { receipt } = signed
  const proved = isProved(means, purse, signed)
  const columns = (['purse', 'seq', 'kind', 'amount', 'currency', 'terminal', 'sale'] as const).filter(
    column => receipt[column] !== row[column],
  )
  return [
    ...(proved
      ? []
      : [
          finding(
            name,
            `neither signature nor MAC is its chip's (amount ${row.amount})`,
            'a genuine receipt',
            'a changed one',
            'INV-EVID',
          ),
        ]),
    ...columns.map(column =>
      finding(
        name,
        `its ${column} is not what its chip signed`,
        String(receipt[column]),
        String(row[column]),
        'INV-EVID',
        differ(receipt[column], row[column]),
      ),
    ),
  ]
}

function isProved(
  { crypto, vault }: Means,
  purse: PurseRow,
  signed: NonNullable<ReturnType<typeof readReceipt>>,
): boolean {
  const keys = vault.purseKeys(signed.receipt.keyVersion, purse.purse)
  if (keys !== undefined && equal(receiptMac(crypto, keys.receipt, signed.body), signed.mac)) return true
  return purse.publicKey !== undefined && crypto.verify(purse.publicKey, signed.body, signed.signature)
}

interface Totals {
  readonly credits: bigint
  readonly debits: bigint
  readonly bookedAmount: bigint
  readonly bookedCount: bigint
}

/** What the purse's totals are by what happened to it. */
function totalsOf({ operations, receipts }: PurseFile): Totals {
  const done = (...kinds: readonly OperationRow['kind'][]) =>
    sum(operations.filter(row => row.closed?.outcome === 'applied' && kinds.includes(row.kind)))
  const reversed = sum(operations.filter(row => row.closed?.outcome === 'reversed'))
  const booked = receipts.filter(row => row.standing === 'booked')
  const debits = booked.filter(row => row.kind === 'debit')
  return {
    credits: done('load', 'refund') + reversed + sum(booked.filter(row => row.kind === 'void')),
    debits: done('pay', 'sweep') + reversed + sum(debits),
    bookedAmount: sum(debits),
    bookedCount: BigInt(debits.length),
  }
}

function auditTotals({ purse }: PurseFile, totals: Totals): Finding[] {
  const stored = {
    credits: purse.credits,
    debits: purse.debits,
    bookedAmount: purse.bookedAmount,
    bookedCount: BigInt(purse.bookedCount),
  }
  return (Object.keys(totals) as Array<keyof Totals>)
    .filter(name => totals[name] !== stored[name])
    .map(name =>
      finding(
        `purse ${purse.purse}`,
        `its ${name} is not the sum of what happened to it`,
        String(totals[name]),
        String(stored[name]),
        'INV-ACCOUNTED',
        stored[name] - totals[name],
      ),
    )
}

/** Fs is up exactly while one operation is open. @spec F-1, F-10 */
function auditFlag({ purse, operations }: PurseFile): Finding[] {
  const open = operations.filter(row => row.closed === undefined).length
  return open === (purse.flag ? 1 : 0)
    ? []
    : [
        finding(
          `purse ${purse.purse}`,
          'its flag does not fit its open operations',
          `${purse.flag ? 1 : 0} open`,
          `${open} open`,
          'INV-FLAG',
        ),
      ]
}

const differ = (expected: unknown, found: unknown): bigint | undefined =>
  typeof expected === 'bigint' && typeof found === 'bigint' ? found - expected : undefined

function finding(
  row: string,
  says: string,
  expected: string,
  found: string,
  invariant: Finding['invariant'],
  difference?: bigint,
): Finding {
  return { row, says, expected, found, difference, invariant }
}
