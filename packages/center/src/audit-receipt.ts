/** The audit of one purse's receipts: each is its chip's, its columns are what the chip signed, and what it tells is so. */
import { equal } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { SIGNED_RECEIPT_BYTES, type SignedReceipt } from '@kozeni/protocol/debit'
import { Receipts } from '@kozeni/protocol/receipts'
import type { AuditedPurse, PurseFile, ReadReceipt, Told } from './archive.ts'
import { compared, type Finding } from './audit-finding.ts'
import { auditWitness } from './audit-operation.ts'
import type { ReceiptRow } from './book-receipt.ts'
import { operationName } from './book-writes.ts'
import type { Vault } from './vault.ts'

/** What it takes to know a chip's own words. */
export interface Means {
  readonly crypto: Crypto
  /** Receipts that bear the MAC of the chip that their bytes name. */
  readonly right: ReadonlySet<Whole>
}

/** What has a receipt's bytes. */
type Whole = Pick<ReceiptRow, 'whole'>

/** Which of these purses' receipts bear the MAC of the chip that their bytes name: each is made again. @spec K-5 */
export async function rightOf(vault: Vault, files: readonly PurseFile[]): Promise<ReadonlySet<Whole>> {
  const rows = files.flatMap(({ receipts, losses }): readonly Whole[] =>
    losses.length === 0 ? receipts : [...receipts, ...losses],
  )
  const whole = rows.filter(row => row.whole.length === SIGNED_RECEIPT_BYTES)
  const bytes = new Uint8Array(whole.length * SIGNED_RECEIPT_BYTES)
  for (const [i, row] of whole.entries()) bytes.set(row.whole, i * SIGNED_RECEIPT_BYTES)
  const right = await vault.rightMacs(new Receipts(bytes))
  return new Set(whole.filter((_, i) => right[i] === 1))
}

/** What a receipt is called when an operator is to find it. */
export const receiptRow = ({ purse, seq }: Pick<ReceiptRow, 'purse' | 'seq'>): string => `receipt (${purse}, ${seq})`

/** @spec K-1, K-5, F-9 */
export function auditReceipts(means: Means, file: PurseFile): Finding[] {
  const operations = new Map(file.operations.map(row => [operationName(row), row]))
  return file.receipts.flatMap(row => {
    const { findings, proved } = isRight(means, row) ? RIGHT : auditBytes(means, file.purse, row, row.signed)
    const { told } = row
    if (told === undefined || !proved || isFoundAlone(file, told)) return findings
    return [...findings, ...auditWitness(operations.get(operationName(told)), told)]
  })
}

/** Most are: there is nothing that could differ from what the chip signed. */
const isRight = ({ right }: Means, row: ReadReceipt): boolean => row.isAsSigned && right.has(row)

interface Judged {
  readonly findings: readonly Finding[]
  /** Whether its chip has made it. */
  readonly proved: boolean
}

const RIGHT: Judged = { findings: [], proved: true }

/**
 * It tells of what only the chip's fence has told as well: of what moved nothing, and so is only noted, or of what the chip
 * did under a number that a restored book has used again, which is put back under another.
 *
 * @spec F-12
 */
function isFoundAlone({ found, operations }: PurseFile, said: Told): boolean {
  const isThere = (row: Pick<Told, 'purse' | 'epoch' | 'number'>): boolean => operationName(row) === operationName(said)
  const shown = found.find(row => isThere(row) && equal(row.digest, said.digest))
  if (shown === undefined) return false
  const there = operations.find(isThere)
  return there === undefined ? shown.outcome !== 'applied' : !equal(there.digest, said.digest)
}

/** Its chip has made it, and its columns are what the chip signed. @spec K-5 */
export function auditBytes(
  means: Means,
  purse: AuditedPurse,
  row: Omit<ReceiptRow, 'standing'>,
  signed: SignedReceipt | undefined,
): Judged {
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
  const proved = isProved(means, purse, row, signed)
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

function isProved({ crypto, right }: Means, purse: AuditedPurse, row: Whole, signed: SignedReceipt): boolean {
  if (right.has(row) && signed.receipt.purse === purse.purse) return true
  return purse.publicKey !== undefined && crypto.verify(purse.publicKey, signed.body, signed.signature)
}
