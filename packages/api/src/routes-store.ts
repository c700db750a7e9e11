/** What a store's server asks of the center: seeds ahead, what became of a number, refunds, statements. */
import { REFERENCE_BYTES } from '@kozeni/protocol/operation'
import { SEED_BYTES } from '@kozeni/protocol/seed'
import { z } from 'zod'
import { order, store, terminal } from './name.ts'
import type { Route } from './route.ts'
import { proof } from './routes-payment.ts'
import {
  amount,
  currency,
  cursor,
  hex,
  limit,
  naming,
  price,
  seconds,
  sum,
  text,
  time,
  transactionNumber,
  whole,
} from './schema.ts'

/** Windows handed at once, and sales told at once, at most. */
const WINDOWS = 1000
const HONOURED = 1000

const epochTold = z.int().min(1).max(0xffff_ffff)

export const windowRule = naming(
  'WindowRule',
  'Windows are counted from 1970. Each opens and closes with an overlap; `ahead` of them are handed before their time.',
  z.object({ lengthSeconds: whole, overlapSeconds: whole, ahead: whole }),
  { lengthSeconds: 3600, overlapSeconds: 900, ahead: 48 },
)

export const seedWindows = naming(
  'SeedWindows',
  'Secret seeds for transaction numbers: of the present window and of some ahead, so that the store keeps selling while ' +
    'the center is down. Seeds of another generation and proofs of an older epoch are void from now on.',
  z.object({
    epoch: whole,
    generation: whole,
    rule: windowRule,
    seeds: z.array(z.object({ window: whole, seed: hex(SEED_BYTES) })).max(WINDOWS),
  }),
)

/** Names an operation without telling the purse. */
const operationReference = hex(REFERENCE_BYTES)

export const storePayment = naming(
  'StorePayment',
  'What became of one number; the webhook payment.decided and the proof say the same. Unknown: no phone has brought it. ' +
    'Pending: not decided yet. The other two are final.',
  z.object({
    number: transactionNumber,
    state: z.enum(['unknown', 'pending', 'paid', 'not-paid']),
    decided: z.object({ amount, currency, operation: operationReference, epoch: whole, proof }).nullable(),
    refunded: amount,
  }),
  { number: '0000-0000-0000-0000-0000-0000', state: 'pending', decided: null, refunded: '0' },
)

export const honouredReport = naming(
  'HonouredReport',
  'What a store has honoured, told to a center that came back from a backup (F-12). After the last part the center holds ' +
    'whatever was not named for never honoured.',
  z.strictObject({
    epoch: epochTold,
    last: z.boolean(),
    honoured: z
      .array(
        z.strictObject({
          number: transactionNumber,
          verdict: z.enum(['paid', 'not-paid']),
          operation: operationReference,
          epoch: epochTold,
        }),
      )
      .max(HONOURED),
  }),
)

export const honouredAnswer = naming('HonouredAnswer', 'How many were taken in.', z.object({ reports: whole }))

export const refundRequest = naming(
  'RefundRequest',
  'So much of that sale back to the purse that paid it.',
  z.strictObject({ number: transactionNumber, amount: price, reason: text(200) }),
  { number: '0000-0000-0000-0000-0000-0000', amount: '1200', reason: 'returned' },
)

export const refund = naming(
  'Refund',
  'An order from the center, owed to the purse until its chip has it.',
  z.object({
    refund: order,
    number: transactionNumber,
    amount,
    currency,
    stage: z.enum(['waiting', 'open', 'done', 'given-back']),
    at: time,
  }),
)

export const settlementStatement = naming(
  'Statement',
  'One settlement window: gross − refunds − fees − reserve = net, to the unit. Gross is on-line and off-line sales. The ' +
    'reserve is what this window keeps back or, negative, takes over from the one before.',
  z.object({
    store,
    window: whole,
    from: seconds,
    until: seconds,
    currency,
    online: z.object({ count: whole, amount: sum }),
    offline: z.object({ count: whole, amount: sum }),
    gross: sum,
    refunds: sum,
    fees: sum,
    reserve: sum,
    net: sum,
  }),
  {
    store: '1c2d3e4f50617283',
    window: 4,
    from: 1_774_969_200,
    until: 1_775_055_600,
    currency: 'JPY',
    online: { count: 2, amount: '2400' },
    offline: { count: 1, amount: '600' },
    gross: '3000',
    refunds: '1200',
    fees: '54',
    reserve: '0',
    net: '1746',
  },
)

export const statementList = naming(
  'StatementList',
  'Newest first.',
  z.object({ statements: z.array(settlementStatement).max(500), next: cursor.optional() }),
)

export const getSeeds = {
  name: 'getSeeds',
  method: 'GET',
  path: '/v1/stores/me/seeds',
  caller: ['store'],
  answer: seedWindows,
  refuses: [],
  summary: 'Seeds for the windows ahead',
  description: 'Fetch them again before the last window opens. They are secrets: keep them out of logs and backups.',
  idempotent: 'by-nature',
} as const satisfies Route

export const getStorePayment = {
  name: 'getStorePayment',
  method: 'GET',
  path: '/v1/stores/me/payments/{number}',
  caller: ['store'],
  params: z.strictObject({ number: transactionNumber }),
  answer: storePayment,
  refuses: [],
  summary: 'What became of a transaction number',
  description:
    'A number that no phone has brought is unknown: nobody has paid it, nobody has tried to. May be asked for ever.',
  idempotent: 'by-nature',
} as const satisfies Route

export const createRefund = {
  name: 'createRefund',
  method: 'POST',
  path: '/v1/stores/me/refunds',
  caller: ['store'],
  body: refundRequest,
  answer: refund,
  refuses: ['not-found', 'refund-too-large', 'purse-retired'],
  summary: 'Refund a sale, or part of it',
  description: 'Charged to the store at once, and owed to the purse until its chip has it.',
  idempotent: 'by-key',
} as const satisfies Route

export const returnRequest = naming(
  'ReturnRequest',
  'So much of an off-line sale back to the purse that paid it; the sale by its till and the till’s own number.',
  z.strictObject({ terminal, sale: whole, amount: price, reason: text(200) }),
  { terminal: '5f3a91c07be2d846', sale: 7, amount: '1200', reason: 'returned' },
)

export const returned = naming(
  'Return',
  'An order from the center, owed to the purse until its chip has it.',
  z.object({
    refund: order,
    terminal,
    sale: whole,
    amount,
    currency,
    stage: z.enum(['waiting', 'open', 'done', 'given-back']),
    at: time,
  }),
)

export const createReturn = {
  name: 'createReturn',
  method: 'POST',
  path: '/v1/stores/me/returns',
  caller: ['store'],
  body: returnRequest,
  answer: returned,
  refuses: ['not-found', 'refund-too-large', 'purse-retired'],
  summary: 'Refund an off-line sale, or part of it',
  description: 'For sales whose receipt is booked; at most the sale’s amount in all. Charged to the store at once.',
  idempotent: 'by-key',
} as const satisfies Route

export const reportHonoured = {
  name: 'reportHonoured',
  method: 'POST',
  path: '/v1/stores/me/honoured',
  caller: ['store'],
  body: honouredReport,
  answer: honouredAnswer,
  refuses: ['epoch-unheard-of'],
  summary: 'Tell a restored center what was honoured',
  description: 'Sent by a fenced store for proofs of older epochs (F-12). Any part of it again is harmless.',
  idempotent: 'by-nature',
} as const satisfies Route

export const listStatements = {
  name: 'listStatements',
  method: 'GET',
  path: '/v1/stores/me/statements',
  caller: ['store'],
  query: z.strictObject({ limit: limit.optional(), after: cursor.optional() }),
  answer: statementList,
  refuses: [],
  summary: 'Settlement statements',
  description: 'One a window, newest first, in pages.',
  idempotent: 'by-nature',
} as const satisfies Route

export const getStatement = {
  name: 'getStatement',
  method: 'GET',
  path: '/v1/stores/me/statements/{window}',
  caller: ['store'],
  params: z.strictObject({ window: z.string().regex(/^(0|[1-9][0-9]{0,9})$/) }),
  answer: settlementStatement,
  refuses: ['not-found'],
  summary: 'One settlement statement',
  description: 'By the running number of the store’s windows.',
  idempotent: 'by-nature',
} as const satisfies Route
