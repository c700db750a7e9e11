/** The book's row of an alarm. What raises one is in alarm.ts and beside the rule that was broken. */
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'

/** What an operator must see: clones, rollbacks, wrong MACs. */
export interface AlarmRow {
  readonly subject: PurseId | TerminalId | StoreId
  readonly what:
    | 'receipts-differ'
    | 'statements-not-comparable'
    | 'mac-wrong-signature-right'
    | 'rolled-back'
    | 'epoch-unheard-of'
    | 'sale-paid-twice'
    | 'debits-above-credits'
    | 'book-behind'
    | 'honoured-not-taken'
    | 'journal-forked'
    | 'receipt-too-late'
    | 'mac-right-signature-wrong'
  readonly facts: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly at: number
}
