/** What the center must tell the world after a transaction, written in that transaction, told at least once. */

import { assert } from '@kozeni/base/assert'
import type { LoadId, MoveId, PurseId } from '@kozeni/base/ids'
import type { OperationRow, Write } from './book.ts'

/** A pay's verdict, for the store's webhook. */
export function tellStore(operation: OperationRow, now: number): Write {
  const { store, transaction, decision } = operation
  assert(store !== undefined && transaction !== undefined, 'a pay has a store and its number')
  const verdict = decision === 'commit' ? 'paid' : 'not-paid'
  const name = `webhook:${store}:${transaction}:${verdict}`
  // what it says is read from the book when it is sent (store-webhook.ts)
  const body = { number: transaction }
  return { write: 'outbox', row: { name, task: 'webhook', subject: store, body, due: now } }
}

/** Ask the provider to take the money for this load; asked again until it has said yes or no (F-13). */
export const tellCapture = (load: LoadId, now: number): Write => ({
  write: 'outbox',
  row: { name: `capture:${load}`, task: 'capture', subject: load, body: {}, due: now },
})

/** Ask the provider whether the money of this load is still here, after a restore (F-12). */
export const tellCheck = (load: LoadId, now: number): Write => ({
  write: 'outbox',
  row: { name: `check:${load}`, task: 'check', subject: load, body: {}, due: now },
})

/** Ask the provider to give this load's money back; its own key makes it happen once (F-5). */
export const tellGiveBack = (load: LoadId, now: number): Write => ({
  write: 'outbox',
  row: { name: `give-back:${load}`, task: 'give-back', subject: load, body: {}, due: now },
})

/** What is left of a lost purse is paid out when every till has had its time (F-11). */
export const tellLost = (purse: PurseId, due: number): Write => ({
  write: 'outbox',
  row: { name: `lost:${purse}`, task: 'lost', subject: purse, body: {}, due },
})

/** The purse's chip has shown a void that is not here: whose claim it is has to be held (K-2). */
export const tellGap = (purse: PurseId, now: number): Write => ({
  write: 'outbox',
  row: { name: `gap:${purse}`, task: 'gap', subject: purse, body: {}, due: now },
})

/** What was swept is to be owed to the purse that its holder goes to; until that one is known there is nothing to do (P-3). */
export const tellMove = (move: MoveId, now: number): Write => ({
  write: 'outbox',
  row: { name: `move:${move}`, task: 'move', subject: move, body: {}, due: now },
})
