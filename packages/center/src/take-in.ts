/**
 * One upload of a terminal: every receipt is read, its chip proved, its store found; then those of one purse are collected
 * together, and all purses side by side. A broken one is answered on its own and does not hold up the others.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { idFromNumber, type PurseId, type StoreId } from '@kozeni/base/ids'
import { type Receipt, readReceipt, receiptMac, type SignedReceipt } from '@kozeni/protocol/debit'
import type { Receipts } from '@kozeni/protocol/receipts'
import type { RefusalCode } from '@kozeni/protocol/refusal'
import type { Book, TerminalRow } from './book.ts'
import type { JournalPlace } from './book-loss.ts'
import type { Upload } from './book-receipt.ts'
import type { Center } from './center.ts'
import { type Claim, type Collected, collect } from './collect.ts'
import type { Means as ContactMeans } from './contact.ts'
import type { Judging } from './loss.ts'
import { candidatesOf } from './plain.ts'
import { restored } from './restore.ts'
import { returnSecond } from './return.ts'

type Means = Pick<ContactMeans, 'book' | 'crypto' | 'vault' | 'marks' | 'policy' | 'dice'> & Pick<Center, 'verifyAside'>

/** What became of one receipt of the upload; without a name it could not be read. */
export interface Taken {
  readonly purse: PurseId | undefined
  readonly seq: number | undefined
  readonly collected: Collected
  /** Settled: the terminal may forget it (PROTOCOL §9, 15). */
  readonly final: boolean
}

/**
 * What is plain is booked at once, all together; the rest receipt by receipt.
 *
 * @param places  where each stands in the terminal's journal
 * @returns       one answer each, in the same order
 * @spec          K-1, K-5
 */
export async function takeIn(
  means: Means,
  { terminal, store }: TerminalRow,
  receipts: Receipts,
  places: readonly JournalPlace[],
): Promise<readonly Taken[]> {
  const upload = { terminal, store, receipts }
  const { candidates, wronglySigned } = await proofsOf(means, upload)
  const booked = await means.book.bookPlain({ ...upload, candidates })
  const left = places.flatMap((place, i) =>
    booked[i] === 1 ? [] : [{ i, whole: receipts.whole(i).slice(), place, isForged: i === wronglySigned }],
  )
  const answers = left.length === 0 ? [] : await takeInEach(means, upload, left)
  const others = new Map(left.map(({ i }, k) => [i, answers[k]]))
  return places.map((_, i) => others.get(i) ?? plainlyTaken(receipts, i))
}

/** Which may be plain; and the one whose signature was looked at, if it is wrong. */
async function proofsOf(means: Means, upload: Upload) {
  const { receipts } = upload
  const drawn = draw(means, receipts)
  // at once, so that the keys of uploads that come together are looked for together
  const [proved, publicKey] = await Promise.all([means.vault.rightMacs(receipts), keyOf(means, receipts, drawn)])
  const wronglySigned = (await isForged(means, upload, { drawn, proved, publicKey })) ? drawn : undefined
  if (wronglySigned !== undefined) proved[wronglySigned] = 0
  return { candidates: candidatesOf(upload, proved), wronglySigned }
}

/** One receipt of each upload, by chance, has its signature looked at though its MAC is right. @spec K-5 */
function draw({ dice }: Means, { count }: Receipts): number {
  const [high = 0, low = 0] = dice.bytes(2)
  return (256 * high + low) % Math.max(1, count)
}

async function keyOf({ book }: Means, receipts: Receipts, i: number): Promise<Bytes | undefined> {
  if (i >= receipts.count || receipts.purse(i) <= 0n) return undefined
  const { purse } = await book.look({ purse: idFromNumber<PurseId>(receipts.purse(i)) })
  return purse?.publicKey
}

interface Drawn {
  readonly drawn: number
  readonly proved: Uint8Array
  readonly publicKey: Bytes | undefined
}

/** Whether the receipt that was drawn has a right MAC and a wrong signature. */
async function isForged(
  { crypto, verifyAside = crypto.verify }: Means,
  { receipts }: Upload,
  { drawn, proved, publicKey }: Drawn,
): Promise<boolean> {
  if (publicKey === undefined || proved[drawn] !== 1) return false
  return !(await verifyAside(publicKey, receipts.body(drawn), receipts.signature(drawn)))
}

const plainlyTaken = (receipts: Receipts, i: number): Taken => ({
  purse: idFromNumber<PurseId>(receipts.purse(i)),
  seq: receipts.seq(i),
  collected: BOOKED,
  final: false,
})

const BOOKED = { standing: 'booked' } as const

/** One that is not plain, or may not be. */
interface Special {
  /** Body ‖ signature ‖ MAC. */
  readonly whole: Bytes
  readonly place: JournalPlace
  /** Its signature was looked at, and is wrong though its MAC may be right. */
  readonly isForged: boolean
}

/** The terminal that brings receipts. */
type Bringer = Pick<TerminalRow, 'terminal' | 'store'>

async function takeInEach(means: Means, terminal: Bringer, receipts: readonly Special[]): Promise<readonly Taken[]> {
  const [settled, judged] = await Promise.all([
    settledUntil(means, terminal.store),
    Promise.all(receipts.map(uploaded => proved(means, terminal, uploaded))),
  ])
  const claims = judged.filter(each => 'signed' in each)
  const answers = new Map<Proved, Collected>()
  const byPurse = Map.groupBy(claims, ({ signed }) => signed.receipt.purse)
  await Promise.all(
    [...byPurse].map(async ([purse, mine]) => {
      const collected = await collecting(means, purse, mine)
      for (const [i, answer] of collected.entries())
        answers.set(mine[i] as Claim, await finished(means, mine[i] as Claim, answer))
    }),
  )
  return judged.map(each => takenOf(each, answers.get(each), settled))
}

/** A debit that is held for its sale's sake goes back to its purse, if its chip has signed it. @spec K-1, K-5 */
async function finished(means: Means, claim: Claim, answer: Collected): Promise<Collected> {
  if (answer.standing !== 'held') return answer
  const { wrong, signed } = await lookedAt(means, claim)
  const isBack = wrong !== 'signature' && (await means.book.run(returnSecond(means.crypto, signed.receipt)))
  return isBack ? { standing: 'booked' } : answer
}

/** The claim with what its signature says. @spec K-5 */
async function lookedAt({ book, crypto }: Means, claim: Claim): Promise<Claim> {
  const { receipt, body, signature } = claim.signed
  const { purse } = await book.look({ purse: receipt.purse })
  const isWrong = purse?.publicKey !== undefined && !crypto.verify(purse.publicKey, body, signature)
  return isWrong ? { ...claim, wrong: 'signature' } : claim
}

/** A receipt that may be collected, or why it may not. */
type Proved = Claim | { readonly refused: RefusalCode; readonly receipt?: Receipt }

async function proved(means: Means, terminal: Bringer, { whole, place, isForged }: Special): Promise<Proved> {
  const signed = readReceipt(whole)
  if (signed === undefined) return { refused: 'data-wrong' }
  const { receipt } = signed
  const store = await storeOf(means.book, terminal, receipt)
  if (store === undefined) return { refused: 'not-found', receipt }
  const by = await prove(means, signed)
  if (by === 'not-found' || by === 'mac-wrong') return { refused: by, receipt }
  return { signed, whole, store, place, wrong: isForged ? 'signature' : by === 'signature' ? 'mac' : 'nothing' }
}

function takenOf(proved: Proved, collected: Collected | undefined, settled: number): Taken {
  const receipt = 'signed' in proved ? proved.signed.receipt : proved.receipt
  const code = 'signed' in proved ? 'not-found' : proved.refused
  const answer = collected ?? { standing: 'refused', code }
  return {
    purse: receipt?.purse,
    seq: receipt?.seq,
    collected: answer,
    final: answer.standing === 'already-booked' && answer.at < settled,
  }
}

/**
 * Few receipts have to be judged; then they are collected with what that takes. One may show that the book was restored; it
 * is collected then in the new epoch.
 *
 * @spec K-3, F-12
 */
async function collecting(
  means: Means,
  purse: PurseId,
  claims: readonly Claim[],
  judging?: Judging,
): Promise<readonly Collected[]> {
  const collected = await means.book.run(collect(purse, claims, judging))
  if (!('standing' in collected)) return collected
  if (collected.standing === 'unjudged') {
    const { crypto, policy } = means
    const disputed = await Promise.all(claims.map(claim => lookedAt(means, claim)))
    return await collecting(means, purse, disputed, { crypto, hotlistAgeMs: policy.maxOfflineMs })
  }
  const facts = { epoch: String(collected.epoch), noticed: `by a receipt of terminal ${collected.terminal}` }
  await restored(means, collected.epoch, { subject: purse, facts })
  return await collecting(means, purse, claims, judging)
}

/** The store that the receipt's own terminal stands in; a till may bring those of a till beside it. */
async function storeOf(book: Book, terminal: Bringer, receipt: Receipt): Promise<StoreId | undefined> {
  if (receipt.terminal === terminal.terminal) return terminal.store
  const { terminal: other } = await book.look({ terminal: receipt.terminal })
  return other?.store === terminal.store ? terminal.store : undefined
}

/**
 * By the MAC at once, by the signature where that fails; by the signature alone where the version is revoked: under a
 * revoked key a MAC is neither right nor wrong.
 *
 * @spec K-5, INV-KEYS
 */
async function prove(
  { book, crypto, vault }: Means,
  { receipt, body, signature, mac }: SignedReceipt,
): Promise<'mac' | 'signature' | 'signature-alone' | 'not-found' | 'mac-wrong'> {
  const keys = vault.purseKeys(receipt.keyVersion, receipt.purse)
  if (keys !== undefined && equal(receiptMac(crypto, keys.receipt, body), mac)) return 'mac'
  const { purse } = await book.look({ purse: receipt.purse })
  if (purse === undefined) return 'not-found'
  if (purse.publicKey === undefined || !crypto.verify(purse.publicKey, body, signature)) return 'mac-wrong'
  return keys === undefined ? 'signature-alone' : 'signature'
}

/**
 * Receipts that were booked before this are in a closed window, and in every backup that the book may be put back from: they
 * need not be brought again.
 *
 * @spec K-1, F-12
 */
export async function settledUntil({ book, policy }: Pick<Means, 'book' | 'policy'>, store: StoreId): Promise<number> {
  const { unsettled, now } = await book.look({ unsettled: { store, until: 0 } })
  return Math.min(unsettled?.last?.until ?? 0, now - policy.keepSettledMs)
}
