/** Any row that the book may hold, by kind of write, for the suites of book.contract.ts. */
import { assert } from '@kozeni/base/assert'
import { concat, NO_BYTES } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { type Id, idFromNumber, type PurseId, type TerminalId } from '@kozeni/base/ids'
import { MONEY_MAX, money, TOTAL_MAX, total, ZERO } from '@kozeni/base/money'
import { including, NO_RANGES } from '@kozeni/base/ranges'
import { ACCOUNT_KIND, type Account, type AccountKind } from '@kozeni/ledger/account'
import { CAUSE } from '@kozeni/ledger/entry'
import { CHIP_CLASS } from '@kozeni/protocol/certificate'
import { RECEIPT_KIND, receipt, SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'
import { PROTOCOL_VERSION } from '@kozeni/protocol/header'
import { KIND, OUTCOME } from '@kozeni/protocol/operation'
import fc, { type Arbitrary } from 'fast-check'
import type { Write } from './book.ts'
import * as codes from './book-codes.ts'
import { accountFrom } from './book-tables.ts'

type Kind = Write['write']
type Rows = { readonly [W in Write as W['write']]: W['row'] }
export type RowOf<K extends Kind> = Rows[K]

/** Never twice the same one: rows of one purse would have rules among them. */
const anyId = <T extends Id>(): Arbitrary<T> =>
  fc.noBias(fc.bigInt(1n, 2n ** 63n - 1n)).map(number => idFromNumber<T>(number))
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const instant = fc.integer({ min: 0, max: 4_102_444_800_000 })
const amount = fc.bigInt(1n, MONEY_MAX).map(money)
const amountOrNone = fc.bigInt(0n, MONEY_MAX).map(money)
const sum = fc.bigInt(0n, TOTAL_MAX).map(total)
const bytes = fc.uint8Array({ maxLength: 40 })
/** PostgreSQL's text holds everything but the character of number zero. */
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map(any => any.replaceAll('\0', ''))
const money3 = fc.constantFrom('JPY', 'EUR', 'KWD').map(currency)
const word = <T extends string>(table: Readonly<Record<T, number>>): Arbitrary<T> =>
  fc.constantFrom(...(Object.keys(table) as T[]))
const maybe = <T>(some: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(some, { nil: undefined })
const texts = fc
  .dictionary(text, text, { noNullPrototype: true, maxKeys: 4 })
  .filter(record => !Object.hasOwn(record, '__proto__'))

const OWNED: ReadonlySet<AccountKind> = new Set(['in-transit', 'in-doubt', 'purse-float', 'store-payable', 'moving'])

const account: Arbitrary<Account> = fc
  .tuple(word<AccountKind>(ACCOUNT_KIND), fc.bigInt(1n, 2n ** 63n - 1n))
  .map(([kind, owner]) => accountFrom(kind, OWNED.has(kind) ? owner : 0n))

const limits = fc.record({
  maximumValue: amountOrNone,
  maximumDebit: amountOrNone,
  lowerAmount: amountOrNone,
  upperAmount: amountOrNone,
  lowerCount: u32,
  upperCount: u32,
  pinAbove: amountOrNone,
})

export const anyRow: { readonly [K in Kind]: Arbitrary<RowOf<K>> } = {
  account: fc.record({ account: anyId(), secretDigest: bytes, at: instant }),
  device: fc.record({ device: anyId(), account: anyId(), publicKey: bytes, at: instant }),
  chip: fc.record({ chip: anyId(), chipClass: word(CHIP_CLASS), purse: maybe(anyId()) }),
  store: fc.record({
    store: anyId(),
    name: text,
    currency: money3,
    publicKey: bytes,
    generation: u32,
    feeBasisPoints: fc.integer({ min: 0, max: 10_000 }),
    webhookUrl: maybe(text),
    webhookSecret: text,
    reportedEpoch: u32,
  }),
  terminal: fc.record({
    terminal: anyId(),
    store: anyId(),
    publicKey: bytes,
    stolen: fc.boolean(),
    lostAt: maybe(instant),
    lastUpload: maybe(instant),
    journal: maybe(fc.record({ position: u32, hash: bytes })),
  }),
  purse: fc
    .record<RowOf<'purse'>>({
      purse: anyId(),
      chip: anyId(),
      device: anyId(),
      account: anyId(),
      currency: money3,
      chipClass: word(CHIP_CLASS),
      stage: word(codes.PURSE_STAGE),
      reservedUntil: instant,
      publicKey: maybe(bytes),
      certificate: maybe(bytes),
      keyVersion: fc.integer({ min: 0, max: 255 }),
      keysSince: instant,
      keyFloor: fc.integer({ min: 0, max: 255 }),
      epoch: u32,
      number: u32,
      closedEpoch: u32,
      closedNumber: u32,
      flag: fc.boolean(),
      credits: sum,
      debits: sum,
      seenCredits: sum,
      seenDebits: sum,
      seenSeq: u32,
      seenEpoch: u32,
      seenNumber: u32,
      seenStage: u32,
      seenFloor: u32,
      bookedAmount: sum,
      bookedCount: u32,
      voidedAmount: sum,
      taken: fc.array(u32, { maxLength: 5 }).map(seqs => seqs.reduce(including, NO_RANGES)),
      trail: fc.constant(NO_BYTES),
      settings: u32,
      settingsSeen: u32,
      blocked: fc.boolean(),
      limits,
      movingTo: maybe(anyId()),
      lostAt: maybe(instant),
      writtenOff: sum,
      writeOffs: u32,
      holds: u32,
    })
    .map(row => ({ ...row, closedEpoch: Math.min(row.closedEpoch, row.epoch), closedNumber: 0 })),
  operation: fc
    .record<RowOf<'operation'>>({
      purse: anyId(),
      epoch: u32,
      number: u32,
      kind: word(KIND),
      amount: amountOrNone,
      currency: money3,
      reference: bytes,
      digest: bytes,
      decision: word(codes.OPERATION_DECISION),
      closed: maybe(fc.record({ at: instant, source: word(codes.EVIDENCE_SOURCE), outcome: word(OUTCOME) })),
      openedAt: instant,
      sessionEnd: maybe(instant),
      store: maybe(anyId()),
      transaction: maybe(text),
      order: maybe(anyId()),
    })
    .filter(row => row.closed === undefined || row.decision !== 'open'),
  load: fc.record({
    load: anyId(),
    purse: anyId(),
    amount,
    currency: money3,
    method: text,
    stage: word(codes.LOAD_STAGE),
    cancelled: fc.boolean(),
    inParts: fc.boolean(),
    capture: maybe(text),
    checkedEpoch: u32,
    inputDigest: bytes,
    at: instant,
  }),
  order: fc.record({
    order: anyId(),
    purse: anyId(),
    kind: word(codes.ORDER_KIND),
    amount,
    delivered: fc.constant(ZERO),
    inParts: fc.boolean(),
    currency: money3,
    stage: word(codes.ORDER_STAGE),
    store: maybe(anyId()),
    transaction: maybe(text),
    inputDigest: bytes,
    at: instant,
  }),
  move: fc.record({
    move: anyId(),
    account: anyId(),
    from: anyId(),
    epoch: u32,
    number: u32,
    amount,
    currency: money3,
    stage: word(codes.MOVE_STAGE),
    to: anyId(),
    at: instant,
  }),
  number: fc
    .record<RowOf<'number'>>({
      store: anyId(),
      transaction: text,
      purse: anyId(),
      epoch: u32,
      number: u32,
      generation: u32,
      window: u32,
      amount,
      refunded: amountOrNone,
    })
    .filter(row => row.refunded <= row.amount),
  return: fc.record({
    purse: anyId(),
    seq: u32,
    store: anyId(),
    terminal: anyId(),
    sale: u32,
    notGivenAt: maybe(instant),
    refunded: amountOrNone,
  }),
  receipt: fc
    .record<RowOf<'receipt'>>({
      purse: anyId(),
      seq: u32,
      kind: word(RECEIPT_KIND),
      amount,
      currency: money3,
      terminal: anyId(),
      sale: u32,
      store: anyId(),
      whole: fc.constant(NO_BYTES),
      standing: word(codes.STANDING),
      at: instant,
    })
    .map(asSigned),
  loss: fc.record({
    purse: anyId(),
    seq: u32,
    digest: fc.bigInt(1n, 2n ** 63n - 1n),
    kind: word(RECEIPT_KIND),
    amount: amountOrNone,
    currency: money3,
    terminal: anyId(),
    sale: u32,
    store: anyId(),
    whole: bytes,
    bearer: word(codes.BEARER),
    position: u32,
    hotlist: u32,
    listing: maybe(fc.record({ version: u32, until: instant })),
    at: instant,
  }),
  hold: fc.record({
    purse: anyId(),
    seq: u32,
    store: anyId(),
    amount,
    currency: money3,
    stage: fc.constant('held' as const),
    at: instant,
    chargedAt: fc.constant(undefined),
    endedAt: fc.constant(undefined),
  }),
  entry: fc
    .record<RowOf<'entry'>>({
      subject: anyId(),
      cause: word(CAUSE),
      first: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      second: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      debit: account,
      credit: account,
      amount,
      currency: money3,
      at: instant,
    })
    .filter(row => row.debit.kind !== row.credit.kind),
  settlement: fc.record({
    store: anyId(),
    window: fc.integer({ min: 1, max: 1_000_000 }),
    from: fc.constant(0),
    until: instant,
    onlineCount: fc.constant(0),
    online: fc.constant(0n),
    offlineCount: fc.constant(0),
    offline: fc.constant(0n),
    refunds: fc.constant(0n),
    fee: amountOrNone,
    net: amountOrNone,
    carried: fc.bigInt(-(2n ** 62n), 0n),
    currency: money3,
  }),
  epoch: fc.record({ epoch: fc.integer({ min: 2, max: 0xffff_ffff }), beat: u32, since: instant }),
  honoured: fc.record({
    store: anyId(),
    transaction: text,
    verdict: word(codes.HONOURED_VERDICT),
    reference: bytes,
    epoch: u32,
    at: instant,
  }),
  hotlist: fc
    .record({
      follows: u32,
      version: u32,
      at: instant,
      purses: fc.record({ listed: fc.array(anyId<PurseId>()), unlisted: fc.array(anyId<PurseId>()) }),
      terminals: fc.record({ listed: fc.array(anyId<TerminalId>()), unlisted: fc.array(anyId<TerminalId>()) }),
    })
    .filter(row => row.version > row.follows),
  found: fc.record({
    purse: anyId(),
    epoch: u32,
    number: u32,
    kind: word(KIND),
    digest: bytes,
    outcome: fc.constantFrom('applied', 'cancelled', 'reversed', 'rejected'),
    standing: word(codes.FOUND_STANDING),
    at: instant,
  }),
  proposal: fc
    .record<RowOf<'proposal'>>({
      proposal: anyId(),
      what: fc.constantFrom('operation', 'found-pay', 'found-load', 'order'),
      about: fc.record({ purse: anyId<PurseId>(), epoch: u32, number: u32 }),
      facts: texts,
      reason: text,
      proposedBy: text,
      at: instant,
      stage: fc.constantFrom('confirmed', 'withdrawn'),
      endedBy: text,
      endedAt: instant,
    })
    .filter(row => row.endedBy !== row.proposedBy),
  alarm: fc.record({ subject: anyId(), what: word(codes.ALARM_WHAT), facts: texts, at: instant }),
  outbox: fc.record({ name: text, task: word(codes.TASK), subject: anyId(), body: texts, due: instant }),
}

/** The receipt with the bytes that a chip would have made of it, but for signature and MAC. */
function asSigned(row: RowOf<'receipt'>): RowOf<'receipt'> {
  const body = receipt.write({
    ...{ version: PROTOCOL_VERSION, type: 'receipt', direction: 'to-center', keyVersion: 1 },
    ...{ purse: row.purse, kind: row.kind, seq: row.seq, amount: row.amount, currency: row.currency },
    ...{ terminal: row.terminal, sale: row.sale, time: 0, credits: total(0n), debits: total(0n), flag: false },
    ...{ epoch: 1, number: 1, digest: new Uint8Array(32), outcome: 'none', prevSeq: 0 },
    ...{ prevAmount: money(0n), prevTerminal: new Uint8Array(4) },
  })
  return { ...row, whole: concat(body, new Uint8Array(SIGNED_RECEIPT_BYTES - body.length)) }
}

/** One receipt, always the same, with these fields instead of its own, in its bytes too. */
export const receiptOf = (fields: Partial<RowOf<'receipt'>>): RowOf<'receipt'> => asSigned(rowOf('receipt', fields))

/** One row of `kind`, always the same, with these fields instead of its own. */
export function rowOf<K extends Kind>(kind: K, fields: Partial<RowOf<K>>): RowOf<K> {
  const [row] = fc.sample(anyRow[kind], { numRuns: 1, seed: 7 })
  assert(row !== undefined, 'one run makes one row')
  return Object.assign(row, fields)
}
