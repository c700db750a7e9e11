/**
 * An upload as the center takes it in (take-in.ts), with nothing to wait for: what is plain is booked, what is left is collected
 * purse by purse, and a debit that is held for its sale's sake goes back. The commands are the product's.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import type { Claim, Collected } from '@kozeni/center/collect'
import { candidatesOf } from '@kozeni/center/plain'
import { plainCommands } from '@kozeni/center/plain-command'
import { returnSecond } from '@kozeni/center/return'
import { readReceipt, receiptMac } from '@kozeni/protocol/debit'
import { Receipts } from '@kozeni/protocol/receipts'
import { type Cast, STORE } from './cast.ts'
import { crypto, vault } from './issuer.ts'

export interface TakenIn {
  readonly book: number
  /** One for each receipt, in their order. */
  readonly answers: readonly Collected[]
}

/** No hotlist is explored. */
const HERE = { position: 1, hotlist: 0 }
const JUDGING = { crypto, hotlistAgeMs: 0 }

/** @param wholes  receipts of one terminal, each with signature and MAC */
export function takenIn(cast: Cast, book: number, wholes: readonly Bytes[], nowMs: number): TakenIn {
  const claims = wholes.map(claimOf)
  const answers: Collected[] = []
  let after = book
  for (const command of plainCommands(uploadOf(claims))) {
    const booked = cast.centers.run(after, nowMs, command)
    after = booked.book
    for (const i of booked.answer) answers[i] = { standing: 'booked' }
  }
  const left = claims.map((claim, i) => ({ claim, i })).filter(({ i }) => answers[i] === undefined)
  for (const mine of Map.groupBy(left, ({ claim }) => claim.signed.receipt.purse).values()) {
    const rest = mine.map(({ claim }) => claim)
    const collected = collecting(cast, after, rest, nowMs)
    after = collected.book
    for (const [k, { claim, i }] of mine.entries()) {
      const answer = collected.answers[k]
      assert(answer !== undefined, 'one answer for each receipt')
      const done = finished(cast, after, claim, answer, nowMs)
      after = done.book
      answers[i] = done.answer
    }
  }
  return { book: after, answers }
}

function claimOf(whole: Bytes): Claim {
  const signed = readReceipt(whole)
  const keys = signed && vault.purseKeys(signed.receipt.keyVersion, signed.receipt.purse)
  assert(signed !== undefined && keys !== undefined, 'a till keeps receipts')
  const wrong = equal(receiptMac(crypto, keys.receipt, signed.body), signed.mac) ? 'nothing' : 'mac'
  return { signed, whole, store: STORE, place: HERE, wrong }
}

function uploadOf(claims: readonly Claim[]) {
  const terminal = claims[0]?.signed.receipt.terminal
  assert(terminal !== undefined, 'an upload has receipts')
  const upload = { terminal, store: STORE, receipts: new Receipts(concat(...claims.map(({ whole }) => whole))) }
  return {
    ...upload,
    candidates: candidatesOf(
      upload,
      Uint8Array.from(claims, ({ wrong }) => Number(wrong === 'nothing')),
    ),
  }
}

function collecting(cast: Cast, book: number, claims: readonly Claim[], nowMs: number): TakenIn {
  const [first] = claims
  assert(first !== undefined, 'something is left')
  const command = cast.design.collect(first.signed.receipt.purse, claims, JUDGING)
  const { book: after, answer } = cast.centers.run(book, nowMs, command)
  if (!('standing' in answer)) return { book: after, answers: answer }
  assert(answer.standing === 'behind', 'it was asked with all that it takes to judge')
  return collecting(cast, cast.newEpoch(after, answer.epoch), claims, nowMs)
}

/** What its chip has paid for a sale that another has paid goes back to it. @spec K-1 */
function finished(
  { centers }: Cast,
  book: number,
  claim: Claim,
  answer: Collected,
  nowMs: number,
): { readonly book: number; readonly answer: Collected } {
  if (answer.standing !== 'held') return { book, answer }
  const { book: after, answer: isBack } = centers.run(book, nowMs, returnSecond(crypto, claim.signed.receipt))
  return { book: after, answer: isBack ? { standing: 'booked' } : answer }
}
