/** The audit of one purse's receipts: each is its chip's, its columns are what the chip signed, and what it tells is so. */
import { equal } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { readReceipt, receiptMac, type SignedReceipt } from '@kozeni/protocol/debit'
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
    const [name, invariant] = [receiptRow(row), 'INV-EVID'] as const
    const signed = readReceipt(row.whole)
    if (signed === undefined)
      return compared(
        { row: name, says: 'its bytes are no receipt', invariant },
        'a receipt',
        `${row.whole.length} bytes`,
      )
    const { receipt } = signed
    const says = `neither signature nor MAC is its chip's (amount ${row.amount})`
    const proved = isProved(means, file.purse, signed)
    return [
      ...compared({ row: name, says, invariant }, 'a genuine receipt', proved ? 'a genuine receipt' : 'a changed one'),
      ...COLUMNS.flatMap(column =>
        compared(
          { row: name, says: `its ${column} is not what its chip signed`, invariant },
          receipt[column],
          row[column],
        ),
      ),
      ...(proved && receipt.outcome !== 'none' ? auditWitness(operations.get(operationName(receipt)), receipt) : []),
    ]
  })
}

const COLUMNS = ['purse', 'seq', 'kind', 'amount', 'currency', 'terminal', 'sale'] as const satisfies ReadonlyArray<
  keyof ReceiptRow
>

function isProved({ crypto, vault }: Means, purse: PurseRow, signed: SignedReceipt): boolean {
  const keys = vault.purseKeys(signed.receipt.keyVersion, purse.purse)
  if (keys !== undefined && equal(receiptMac(crypto, keys.receipt, signed.body), signed.mac)) return true
  return purse.publicKey !== undefined && crypto.verify(purse.publicKey, signed.body, signed.signature)
}
