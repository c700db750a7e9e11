/**
 * One upload of a terminal: every receipt is read, its chip proved, its store found, and then collected, purse by purse
 * side by side. A broken one is answered on its own and does not hold up the others.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { PurseId, StoreId } from '@kozeni/base/ids'
import { type Receipt, readReceipt, receiptMac, type SignedReceipt } from '@kozeni/protocol/debit'
import type { RefusalCode } from '@kozeni/protocol/refusal'
import type { Book, TerminalRow } from './book.ts'
import { type Claim, type Collected, collect } from './collect.ts'
import type { Means as ContactMeans } from './contact.ts'
import { restored } from './restore.ts'

type Means = Pick<ContactMeans, 'book' | 'crypto' | 'vault' | 'marks'>

/** What became of one receipt of the upload; without a name it could not be read. */
export interface Taken {
  readonly purse: PurseId | undefined
  readonly seq: number | undefined
  readonly collected: Collected
  /** Settled: the terminal may forget it (PROTOCOL §9, 15). */
  readonly final: boolean
}

/**
 * @param receipts  body ‖ signature ‖ MAC each
 * @returns         one answer each, in the same order
 * @spec            K-1, K-5
 */
export async function takeIn(
  means: Means,
  terminal: TerminalRow,
  receipts: readonly Bytes[],
): Promise<readonly Taken[]> {
  const taken = new Map<number, Taken>()
  const read = receipts.map(readReceipt)
  const purses = new Map<PurseId, number[]>()
  for (const [at, signed] of read.entries()) {
    if (signed === undefined) taken.set(at, { purse: undefined, seq: undefined, ...refused('data-wrong') })
    else purses.set(signed.receipt.purse, [...(purses.get(signed.receipt.purse) ?? []), at])
  }
  const settled = settledUntil(means.book, terminal.store)
  const one = async (at: number): Promise<void> => {
    const [signed, whole] = [read[at], receipts[at]]
    if (signed !== undefined && whole !== undefined)
      taken.set(at, await takeOne(means, terminal, { signed, whole }, settled))
  }
  await Promise.all([...purses.values()].map(places => inTurn(places, one)))
  return receipts.flatMap((_, at) => taken.get(at) ?? [])
}

async function inTurn<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) await act(item)
}

const refused = (code: RefusalCode) => ({ collected: { standing: 'refused', code } as const, final: false })

async function takeOne(
  means: Means,
  terminal: TerminalRow,
  { signed, whole }: Pick<Claim, 'signed' | 'whole'>,
  settled: Promise<number>,
): Promise<Taken> {
  const { purse, seq } = signed.receipt
  const store = await storeOf(means.book, terminal, signed.receipt)
  if (store === undefined) return { purse, seq, ...refused('not-found') }
  const proved = await prove(means, signed)
  if (proved !== 'mac' && proved !== 'signature') return { purse, seq, ...refused(proved) }
  const claim: Claim = { signed, whole, store, macWrong: proved === 'signature' }
  const collected = await collecting(means, claim)
  const final =
    collected.standing === 'already-booked' && (await bookedAt(means.book, signed.receipt)) < (await settled)
  return { purse, seq, collected, final }
}

/** A receipt may show that the book was restored; it is collected then in the new epoch. @spec F-12 */
async function collecting(means: Means, claim: Claim): Promise<Collected> {
  const collected = await means.book.run(collect(claim))
  if (collected.standing !== 'behind') return collected
  const { purse, terminal } = claim.signed.receipt
  const facts = { epoch: String(collected.epoch), noticed: `by a receipt of terminal ${terminal}` }
  await restored(means, collected.epoch, { subject: purse, facts })
  return await collecting(means, claim)
}

/** The store that the receipt's own terminal stands in; a till may bring those of a till beside it. */
async function storeOf(book: Book, terminal: TerminalRow, receipt: Receipt): Promise<StoreId | undefined> {
  if (receipt.terminal === terminal.terminal) return terminal.store
  const { terminal: other } = await book.look({ terminal: receipt.terminal })
  return other?.store === terminal.store ? terminal.store : undefined
}

/** By the MAC at once, by the signature where that fails. @spec K-5 */
async function prove(
  { book, crypto, vault }: Means,
  { receipt, body, signature, mac }: SignedReceipt,
): Promise<'mac' | 'signature' | 'not-found' | 'mac-wrong'> {
  const keys = vault.purseKeys(receipt.keyVersion, receipt.purse)
  if (keys !== undefined && equal(receiptMac(crypto, keys.receipt, body), mac)) return 'mac'
  const { purse } = await book.look({ purse: receipt.purse })
  if (purse === undefined) return 'not-found'
  return purse.publicKey !== undefined && crypto.verify(purse.publicKey, body, signature) ? 'signature' : 'mac-wrong'
}

async function bookedAt(book: Book, { purse, seq }: Receipt): Promise<number> {
  const { receipts } = await book.look({ purse, receipts: [seq] })
  return receipts.get(seq)?.at ?? Number.POSITIVE_INFINITY
}

/** Receipts that were booked before this are in a closed window. */
export async function settledUntil(book: Book, store: StoreId): Promise<number> {
  const { unsettled } = await book.look({ unsettled: { store, until: 0 } })
  return unsettled?.last?.until ?? 0
}
