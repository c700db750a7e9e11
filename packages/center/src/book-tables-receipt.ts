/** Where receipts stand in PostgreSQL: held ones by themselves, booked ones in batches. See book-tables.ts. */
import type { Bytes } from '@kozeni/base/bytes'
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import { type Money, money } from '@kozeni/base/money'
import type { Ranges } from '@kozeni/base/ranges'
import { RECEIPT_KIND, type ReceiptKind } from '@kozeni/protocol/debit'
import { BEARER, HOLD_STAGE, STANDING } from './book-codes.ts'
import type { HoldRow } from './book-hold.ts'
import type { Listing, LossRow } from './book-loss.ts'
import type { ReceiptRow } from './book-receipt.ts'
import {
  amounts,
  bigints,
  byteStrings,
  currencies,
  fields,
  ids,
  numbers,
  optional,
  table,
  words,
} from './postgres-table.ts'

export const RECEIPT = table<ReceiptRow>('receipt', {
  purse: ids<PurseId>('purse_id'),
  seq: numbers('seq'),
  kind: words<ReceiptKind>('kind', RECEIPT_KIND),
  amount: amounts<Money>('amount', money),
  currency: currencies('currency'),
  terminal: ids<TerminalId>('terminal_id'),
  sale: numbers('sale'),
  store: ids<StoreId>('store_id'),
  whole: byteStrings('whole'),
  standing: words('standing', STANDING),
  at: numbers('at_ms'),
})

export const LOSS = table<LossRow>('loss', {
  purse: ids<PurseId>('purse_id'),
  seq: numbers('seq'),
  digest: bigints('digest'),
  kind: words<ReceiptKind>('kind', RECEIPT_KIND),
  amount: amounts<Money>('amount', money),
  currency: currencies('currency'),
  terminal: ids<TerminalId>('terminal_id'),
  sale: numbers('sale'),
  store: ids<StoreId>('store_id'),
  whole: byteStrings('whole'),
  bearer: words('bearer', BEARER),
  position: numbers('journal_position'),
  hotlist: numbers('hotlist'),
  listing: optional(fields<Listing>({ version: numbers('listed_version'), until: numbers('listed_until_ms') })),
  at: numbers('at_ms'),
})

export const HOLD = table<HoldRow>('hold', {
  purse: ids<PurseId>('purse_id'),
  seq: numbers('seq'),
  store: ids<StoreId>('store_id'),
  amount: amounts<Money>('amount', money),
  currency: currencies('currency'),
  stage: words('stage', HOLD_STAGE),
  at: numbers('at_ms'),
  chargedAt: optional(numbers('charged_at_ms')),
  endedAt: optional(numbers('ended_at_ms')),
})

/** What one terminal has in a batch: its records, one after the other. */
export interface BatchPart {
  readonly batch: bigint
  readonly part: number
  readonly terminal: TerminalId
  readonly store: StoreId
  readonly firstSale: number
  readonly lastSale: number
  readonly at: number
  readonly records: Bytes
}

export const RECEIPT_BATCH = table<BatchPart>('receipt_batch', {
  batch: bigints('batch_id'),
  part: numbers('part'),
  terminal: ids<TerminalId>('terminal_id'),
  store: ids<StoreId>('store_id'),
  firstSale: numbers('first_sale'),
  lastSale: numbers('last_sale'),
  at: numbers('at_ms'),
  records: byteStrings('records'),
})

/** Which of a terminal's sales are paid. */
export interface TerminalSales {
  readonly terminal: TerminalId
  readonly sold: Ranges
}

export const TERMINAL_SALES = table<TerminalSales>('terminal_sales', {
  terminal: ids<TerminalId>('terminal_id'),
  sold: byteStrings('sold'),
})
