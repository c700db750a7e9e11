/** Plain receipts booked by commands, one for each purse of an upload: for books that have no shorter way. */
import type { PurseId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { readReceipt } from '@kozeni/protocol/debit'
import { type Book, type Command, type Instant, type PurseRow, unchanged, type Write } from './book.ts'
import type { ProvedUpload, ReceiptRow, Upload } from './book-receipt.ts'
import { saleName } from './book-writes.ts'
import { afterBooking } from './collect.ts'
import { type Standing, standingOf, takesPlainly } from './plain.ts'

/** Book.bookPlain by way of Book.run. */
export async function bookPlainByCommands(book: Pick<Book, 'run'>, upload: ProvedUpload): Promise<Uint8Array> {
  const booked = new Uint8Array(upload.receipts.count)
  for (const command of plainCommands(upload)) for (const i of await book.run(command)) booked[i] = 1
  return booked
}

/** One command for each purse of the upload; each answers which of the receipts it has booked. */
export const plainCommands = (upload: ProvedUpload): readonly Command<readonly number[]>[] =>
  [...byPurse(upload)].map(([purse, mine]) => bookOfPurse(purse, upload, mine))

/** A candidate, where it stands in its upload. */
interface Candidate {
  readonly i: number
  readonly row: Omit<ReceiptRow, 'at'>
}

/** The candidates of each purse, up to the first receipt of it that is none. */
function byPurse(upload: ProvedUpload): Map<PurseId, Candidate[]> {
  const found = new Map<PurseId, Candidate[]>()
  const over = new Set<bigint>()
  for (let i = 0; i < upload.receipts.count; i++) {
    const row = upload.candidates[i] === 1 ? rowAt(upload, i) : undefined
    if (row === undefined) over.add(upload.receipts.purse(i))
    else if (!over.has(upload.receipts.purse(i))) found.set(row.purse, [...(found.get(row.purse) ?? []), { i, row }])
  }
  return found
}

function rowAt({ receipts, store }: Upload, i: number): Candidate['row'] | undefined {
  const whole = receipts.whole(i).slice()
  const made = readReceipt(whole)?.receipt
  if (made === undefined) return undefined
  const { purse, seq, kind, amount, currency, terminal, sale } = made
  return { purse, seq, kind, amount, currency, terminal, sale, store, whole, standing: 'booked' }
}

const bookOfPurse = (purse: PurseId, { receipts }: Upload, mine: readonly Candidate[]): Command<readonly number[]> => ({
  keys: { purse, receipts: mine.map(({ row }) => row.seq), sales: mine.map(({ row }) => row) },
  decide: seen => {
    const standing = seen.purse && standingOf(seen.purse, seen.present)
    if (seen.purse === undefined || standing === undefined) return unchanged([])
    const end = mine.findIndex(({ i, row }) => seen.sales.has(saleName(row)) || !takesPlainly(standing, receipts, i))
    const taken = mine.slice(0, end === -1 ? mine.length : end)
    if (taken.length === 0) return unchanged([])
    const rows = taken.map(({ row }) => row)
    return { answer: taken.map(({ i }) => i), writes: writesOf(seen.purse, standing, rows, seen.now) }
  },
})

function writesOf(before: PurseRow, standing: Standing, taken: readonly Candidate['row'][], at: Instant): Write[] {
  const purse: PurseRow = {
    ...taken.reduce(afterBooking, before),
    taken: standing.taken.ranges,
    seenDebits: total(BigInt(standing.seenDebits)),
    ...{ seenSeq: standing.seenSeq, seenEpoch: standing.seenEpoch },
    ...{ seenNumber: standing.seenNumber, seenStage: standing.seenStage },
  }
  const rows = taken.map((row): Write => ({ write: 'receipt', row: { ...row, at } }))
  return [...rows, { write: 'purse', row: purse }]
}
