/**
 * What must hold in every snapshot and is cheap to see at every commit: numbers and totals never fall (INV-MONO), a flag is
 * up exactly while a place is open (INV-FLAG), and no holder is owed less than nothing (INV-NOCREATE, INV-SUM).
 */
import type { PurseId } from '@kozeni/base/ids'
import type { PurseRow, Write } from '@kozeni/center/book'
import type { Account } from '@kozeni/ledger/account'
import type { Entry } from '@kozeni/ledger/entry'
import type { RefusalCode } from '@kozeni/protocol/refusal'

/** What is wrong, with what, and which invariant it breaks. */
export interface Complaint {
  readonly subject: string
  readonly invariant: string
  readonly says: string
}

const RISING = [
  'epoch',
  'credits',
  'debits',
  'seenCredits',
  'seenDebits',
  'seenSeq',
  'settings',
  'bookedCount',
] as const

/** Where nothing of these is written, nothing goes on. */
const MOVES: ReadonlySet<Write['write']> = new Set([
  'purse',
  'operation',
  'load',
  'order',
  'number',
  'receipt',
  'return',
])

export class Watch {
  readonly complaints: Complaint[] = []
  #moves = 0
  readonly #suspects: ReadonlySet<PurseId>
  readonly #purses = new Map<PurseId, PurseRow>()
  /** What the issuer owes on each account of a holder. */
  readonly #owed = new Map<string, bigint>()

  /** @param suspects  purses whose chips were copied or rolled back */
  constructor(suspects: ReadonlySet<PurseId>) {
    this.#suspects = suspects
  }

  /** How many rows of something that goes on were written. */
  get moves(): number {
    return this.#moves
  }

  /** One command's writes, committed together. */
  see(writes: readonly Write[]): void {
    for (const { write, row } of writes) {
      if (MOVES.has(write)) this.#moves += 1
      if (write === 'purse') this.#seePurse(row)
      if (write === 'entry') this.#post(row)
    }
    for (const { write, row } of writes) if (write === 'entry') this.#seeOwed(row)
  }

  /** What is valid is refused under no key. @spec INV-KEYS */
  hearRefusal(purse: PurseId, code: RefusalCode | undefined): void {
    if ((code === 'mac-wrong' || code === 'key-version-unknown') && !this.#suspects.has(purse))
      this.#complain(purse, 'INV-KEYS', `what its chip said was refused: ${code}`)
  }

  #seePurse(row: PurseRow): void {
    const before = this.#purses.get(row.purse)
    this.#purses.set(row.purse, row)
    if (before === undefined) return
    for (const name of RISING)
      if (row[name] < before[name]) this.#complain(row.purse, 'INV-MONO', `its ${name} fell to ${row[name]}`)
    const paidIn = row.credits > row.seenCredits ? row.credits : row.seenCredits
    if (row.debits > paidIn && !this.#suspects.has(row.purse))
      this.#complain(row.purse, 'INV-NOCREATE', `it has paid ${row.debits} out of ${paidIn}`)
    const isOpen = row.number !== row.closedNumber || row.epoch !== row.closedEpoch
    if (row.flag && !isOpen) this.#complain(row.purse, 'INV-FLAG', `its flag is up at its closed place ${row.number}`)
  }

  #post({ debit, credit, amount }: Entry): void {
    this.#add(debit, 0n - amount)
    this.#add(credit, amount)
  }

  #add(account: Account, amount: bigint): void {
    const name = nameOf(account)
    if (name !== undefined) this.#owed.set(name, (this.#owed.get(name) ?? 0n) + amount)
  }

  #seeOwed({ debit, subject }: Entry): void {
    const owed = this.#owed.get(nameOf(debit) ?? '') ?? 0n
    if (owed >= 0n || this.#suspects.has(subject as PurseId)) return
    this.#complain(subject, 'INV-NOCREATE', `it is owed ${owed} on ${debit.kind}`)
  }

  #complain(subject: string, invariant: string, says: string): void {
    this.complaints.push({ subject, invariant, says })
  }
}

/** The accounts of a holder that never stand below nothing: a purse's float may, while an open pay holds a part of it. */
const nameOf = (account: Account): string | undefined =>
  account.kind === 'in-transit' || account.kind === 'in-doubt' ? `${account.kind} ${account.owner}` : undefined
