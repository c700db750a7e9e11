/**
 * Opening one numbered operation (PROTOCOL §3): Fs rises here, with the operation and its entries, in one transaction
 * (F-1). Whether it may is asked in operation.ts.
 */
import { opened } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import { digestOf } from '@kozeni/protocol/operation'
import type { OperationRow, PurseRow, Write } from './book.ts'
import { postedOperation } from './evidence.ts'
import type { Intent } from './intent.ts'

export interface Opening {
  readonly purse: PurseRow
  readonly operation: OperationRow
  readonly writes: readonly Write[]
}

/** Gives the intent the next number and raises Fs. The caller has asked mayOpen. @spec F-1, F-15 */
export function open(crypto: Crypto, before: PurseRow, intent: Intent, now: number): Opening {
  const purse: PurseRow = { ...before, number: before.number + 1, flag: true }
  const place = { purse: purse.purse, epoch: purse.epoch, number: purse.number }
  const { kind, amount, reference } = intent
  const { currency } = purse
  const operation: OperationRow = {
    ...place,
    kind,
    amount,
    currency,
    reference,
    digest: digestOf(crypto, { ...place, kind, amount, currency, reference }),
    decision: 'open',
    closed: undefined,
    openedAt: now,
    sessionEnd: intent.sessionEnd,
    store: intent.store,
    transaction: intent.transaction,
    order: intent.order,
  }
  const entries = opened(postedOperation(operation, purse.account, now)).map((row): Write => ({ write: 'entry', row }))
  return {
    purse,
    operation,
    writes: [{ write: 'purse', row: purse }, { write: 'operation', row: operation }, ...entries],
  }
}
