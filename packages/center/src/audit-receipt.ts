/** The audit of one purse's receipts: each is its chip's, its columns are what the chip signed, and what it tells is so. */
import { equal } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { receiptMac, type SignedReceipt } from '@kozeni/protocol/debit'
import type { PurseFile } from './archive.ts'
import { compared, type Finding } from './audit-finding.ts'
import { auditWitness } from './audit-operation.ts'
import type { PurseRow } from './book.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { operationName } from './book-writes.ts'
import type { Vault } from './vault.ts'

/** What it takes to know a chip's own words. */
export interface Means {
  readonly crypto: Crypto
  readonly vault: Vault
}

/** What a receipt is called when an operator is to find it. */
export const receiptRow = ({ purse, seq }: Pick<ReceiptRow, 'purse' | 'seq'>): string => `receipt (${purse}, ${seq})`

/** @spec K-1, K-5, F-9 */
export function auditReceipts(means: Means, file: PurseFile): Finding[] {
  const operations = new Map(file.operations.map(row => [operationName(row), row]))
  return file.receipts.flatMap(row => {
    const { signed } = row
    const { findings, proved } = auditBytes(means, file.purse, row, signed)
    if (signed === undefined || !proved || signed.receipt.outcome === 'none') return findings
    if (isFoundBeside(file, signed.receipt)) return findings
    return [...findings, ...auditWitness(operations.get(operationName(signed.receipt)), signed.receipt)]
  })
}

/** It tells of what the chip did under a number that a restored book has used again: that is put back under another. @spec F-12 */
const isFoundBeside = ({ found, operations }: PurseFile, said: SignedReceipt['receipt']): boolean =>
  found.some(row => operationName(row) === operationName(said) && equal(row.digest, said.digest)) &&
  operations.some(row => operationName(row) === operationName(said) && !equal(row.digest, said.digest))

/** Its chip has made it, and its columns are what the chip signed. @spec K-5 */
export function auditBytes(
  means: Means,
  purse: PurseRow,
  row: Omit<ReceiptRow, 'standing'>,
  signed: SignedReceipt | undefined,
): { readonly findings: readonly Finding[]; readonly proved: boolean } {
  const [name, invariant] = [receiptRow(row), 'INV-EVID'] as const
  if (signed === undefined)
    return {
      findings: compared(
        { row: name, says: 'its bytes are no receipt', invariant },
        'a receipt',
        `${row.whole.length} bytes`,
      ),
      proved: false,
    }
  const says = `neither signature nor MAC is its chip's (amount ${row.amount})`
  const proved = isProved(means, purse, signed)
  const columns = COLUMNS.filter(column => signed.receipt[column] !== row[column]).flatMap(column =>
    compared(
      { row: name, says: `its ${column} is not what its chip signed`, invariant },
      signed.receipt[column],
      row[column],
    ),
  )
  const found = proved ? 'a genuine receipt' : 'a changed one'
  return { findings: [...compared({ row: name, says, invariant }, 'a genuine receipt', found), ...columns], proved }
}

const COLUMNS = ['purse', 'seq', 'kind', 'amount', 'currency', 'terminal', 'sale'] as const satisfies ReadonlyArray<
  keyof ReceiptRow
>

function isProved({ crypto, vault }: Means, purse: PurseRow, signed: SignedReceipt): boolean {
  const keys = vault.purseKeys(signed.receipt.keyVersion, purse.purse)
  if (keys !== undefined && equal(receiptMac(crypto, keys.receipt, signed.body), signed.mac)) return true
  return purse.publicKey !== undefined && crypto.verify(purse.publicKey, signed.body, signed.signature)
}
