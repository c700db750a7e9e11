/**
 * Putting back what the chip has done and the restored book had lost (F-12), once somebody has said what it was (found.ts):
 * the entries and everything that follows from it, as if the book had never lost it. Pure.
 */
import { money, ZERO } from '@kozeni/base/money'
import { opened } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Fenced } from '@kozeni/protocol/message'
import { comparePlaces } from '@kozeni/protocol/operation'
import { sweepReference } from '@kozeni/protocol/reference'
import { blockIfOverdrawn } from './alarm.ts'
import type { OperationRow, PurseRow, Seen, Write } from './book.ts'
import type { FoundRow } from './book-epoch.ts'
import { close, closingEntries, consequences, postedOperation, withTotals } from './evidence.ts'
import { foundFor } from './found.ts'
import { type Intent, intentOf } from './intent.ts'
import { open } from './opening.ts'
import { isFenced } from './restore.ts'

type Case = Pick<Seen, 'found' | 'openOrder' | 'openLoad' | 'present' | 'now'> & { readonly purse: PurseRow }

/** The operation put back, and what is to be written for it. */
export interface PutBack {
  readonly purse: PurseRow
  readonly operation: OperationRow
  readonly writes: readonly Write[]
}

/**
 * Whether it can be put back now. One whose number the book has used again gets the next number, so nothing else may be
 * open, and the purse must be in the present epoch.
 *
 * @spec F-10, F-12
 */
export const mayPutBack = ({ purse, present }: Pick<Case, 'purse' | 'present'>, { standing }: FoundRow): boolean =>
  standing !== 'clashing' || (!purse.flag && isFenced(purse, present))

/**
 * Puts a found operation back where it was, closed by the fence's evidence; one that was forgotten, by people's. Where the
 * book has another operation under its number, it gets the next one. The caller has asked mayPutBack.
 *
 * @param decision  commit; or void for a pay that its store has not honoured, which is owed to the purse then
 * @spec  F-6, F-12
 */
export function putBack(
  crypto: Crypto,
  seen: Case,
  found: FoundRow,
  intent: Intent,
  decision: 'commit' | 'void',
): PutBack {
  const place = found.standing === 'clashing' ? besides : inPlace
  const done = place(crypto, seen, found, intent, decision)
  const row: FoundRow = { ...found, standing: 'settled' }
  return { ...done, writes: [...done.writes, { write: 'found', row }] }
}

function inPlace(_: Crypto, seen: Case, found: FoundRow, intent: Intent, decision: 'commit' | 'void'): PutBack {
  const { purse: before, now } = seen
  const { kind, amount, reference, store, transaction, order } = intent
  const { epoch, number, digest, outcome } = found
  const operation: OperationRow = {
    ...{ purse: before.purse, epoch, number, kind, amount, currency: before.currency, reference, digest, decision },
    closed: { at: now, source: found.standing === 'forgotten' ? 'people' : 'fence', outcome },
    openedAt: now,
    sessionEnd: undefined,
    ...{ store, transaction, order },
  }
  const { purse, writes: overdrawn } = blockIfOverdrawn(withTotals(before, operation, outcome), now)
  const entries = [
    ...opened(postedOperation(operation, before.account, now)),
    ...closingEntries(operation, before.account),
  ]
  return {
    purse,
    operation,
    writes: [
      { write: 'purse', row: purse },
      { write: 'operation', row: operation },
      ...entries.map((entry): Write => ({ write: 'entry', row: entry })),
      ...consequences(seen, operation),
      ...overdrawn,
    ],
  }
}

/** Opened under the next number and closed in one. How much a sweep took is no part of its digest. */
function besides(
  crypto: Crypto,
  seen: Case,
  { outcome }: FoundRow,
  intent: Intent,
  decision: 'commit' | 'void',
): PutBack {
  const { kind, amount } = intent
  const opening = open(crypto, seen.purse, kind === 'sweep' ? { ...intent, amount: ZERO } : intent, seen.now)
  const operation: OperationRow = { ...opening.operation, decision, amount }
  const closing = { source: 'fence', outcome } as const
  const { purse, writes } = close({ ...seen, purse: opening.purse, open: operation }, operation, closing)
  return {
    purse,
    operation: { ...operation, closed: { at: seen.now, ...closing } },
    writes: [...opening.writes, ...writes],
  }
}

/**
 * The next waiting order, if the chip has it already: then it is done, and is not opened again.
 *
 * @spec F-12
 */
export function findWaiting(crypto: Crypto, seen: Seen & { readonly purse: PurseRow }): PutBack | undefined {
  const { waiting, waitingLoad } = seen
  if (waiting === undefined) return undefined
  const intent = intentOf(crypto, waiting, money(waiting.amount - waiting.delivered))
  const found = foundFor(crypto, seen, intent)
  if (found === undefined || !mayPutBack(seen, found)) return undefined
  return putBack(crypto, { ...seen, openOrder: waiting, openLoad: waitingLoad }, found, intent, 'commit')
}

/**
 * The sweep that the chip has done last, if the book has lost it: what it was to do is the center's own, and how much it took
 * stands in the very answer. Nobody need ask for it again.
 *
 * @param said  what the chip answered to the fence
 * @spec  F-12, P-3
 */
export function findSweep(
  crypto: Crypto,
  seen: Omit<Case, 'openOrder' | 'openLoad'>,
  said: Fenced,
): PutBack | undefined {
  const intent: Intent = { kind: 'sweep', amount: ZERO, reference: sweepReference(crypto, seen.purse.purse) }
  const found = foundFor(crypto, seen, intent)
  if (found === undefined || comparePlaces(found, said) !== 0 || !mayPutBack(seen, found)) return undefined
  return putBack(
    crypto,
    { ...seen, openOrder: undefined, openLoad: undefined },
    found,
    { ...intent, amount: said.amount },
    'commit',
  )
}
