/** What operators look at: operations in doubt, alarms, balances. */
import { PSEUDONYM_BYTES } from '@kozeni/protocol/debit'
import { z } from 'zod'
import { purse, store, terminal } from './name.ts'
import { operation } from './operation.ts'
import type { Route } from './route.ts'
import { amount, currency, cursor, hex, limit, naming, sum, text, time, whole } from './schema.ts'

const PAGE = 500

export const operationList = naming(
  'OperationList',
  'Oldest first.',
  z.object({ operations: z.array(operation).max(PAGE), next: cursor.optional() }),
)

export const listOperations = {
  name: 'listOperations',
  method: 'GET',
  path: '/v1/operator/operations',
  caller: ['operator'],
  query: z.strictObject({
    open: z.enum(['true', 'false']).optional(),
    purse: purse.optional(),
    limit: limit.optional(),
    after: cursor.optional(),
  }),
  answer: operationList,
  refuses: [],
  summary: 'Operations, in doubt or closed',
  description: 'With `open=true` those in doubt, each with its age and what it will come to by the rules.',
  idempotent: 'by-nature',
} as const satisfies Route

export const alarm = naming(
  'Alarm',
  'What an operator must see: clones, rollbacks, wrong MACs.',
  z.object({
    subject: z.union([purse, terminal, store]),
    what: z.enum([
      'receipts-differ',
      'statements-not-comparable',
      'mac-wrong-signature-right',
      'rolled-back',
      'sale-paid-twice',
      'debits-above-credits',
      'book-behind',
      'honoured-not-taken',
      'journal-forked',
      'epoch-unheard-of',
      'receipt-too-late',
      'mac-right-signature-wrong',
    ]),
    facts: z.record(text(40), z.string().max(2000)),
    at: time,
  }),
)

export const alarmList = naming(
  'AlarmList',
  'Newest first.',
  z.object({ alarms: z.array(alarm).max(PAGE), next: cursor.optional() }),
)

export const listAlarms = {
  name: 'listAlarms',
  method: 'GET',
  path: '/v1/operator/alarms',
  caller: ['operator'],
  query: z.strictObject({ limit: limit.optional(), after: cursor.optional() }),
  answer: alarmList,
  refuses: [],
  summary: 'Alarms',
  description: 'Newest first, in pages.',
  idempotent: 'by-nature',
} as const satisfies Route

export const balance = naming(
  'Balance',
  'All accounts of one kind in one currency: assets are positive, what the issuer owes is negative.',
  z.object({
    kind: z.enum([
      'bank',
      'funding',
      'in-transit',
      'in-doubt',
      'purse-float',
      'store-payable',
      'fees',
      'fraud-loss',
      'moving',
      'collected',
      'withheld',
    ]),
    currency,
    balance: sum,
    accounts: whole,
  }),
  { kind: 'purse-float', currency: 'JPY', balance: '-120000', accounts: 37 },
)

export const balances = naming(
  'Balances',
  'The chart of accounts at one instant. The balances of one currency sum to zero.',
  z.object({ at: time, balances: z.array(balance).max(PAGE) }),
)

export const getBalances = {
  name: 'getBalances',
  method: 'GET',
  path: '/v1/operator/balances',
  caller: ['operator'],
  answer: balances,
  refuses: [],
  summary: 'Balances by kind of account',
  description: 'What the issuer has, and what it owes to holders and stores.',
  idempotent: 'by-nature',
} as const satisfies Route

export const gap = naming(
  'Gap',
  'What one chip’s totals say that no receipt has told yet. A missing record is named by the one behind it; a void among ' +
    'them is chargeable to the store of the debit before it.',
  z.object({
    purse,
    unseenDebits: sum,
    voidValue: sum,
    missing: z
      .array(
        z.object({
          seq: whole,
          amount: amount.optional(),
          /** The first four bytes of SHA-256 of the terminal’s name. */
          pseudonym: hex(PSEUDONYM_BYTES).optional(),
          chargeable: z.object({ store, amount }).optional(),
        }),
      )
      .max(PAGE),
  }),
)

export const gapList = naming(
  'GapList',
  'By purse. With a terminal: only what was made there.',
  z.object({ gaps: z.array(gap).max(PAGE), next: cursor.optional() }),
)

export const listGaps = {
  name: 'listGaps',
  method: 'GET',
  path: '/v1/operator/gaps',
  caller: ['operator'],
  query: z.strictObject({ terminal: terminal.optional(), limit: limit.optional(), after: cursor.optional() }),
  answer: gapList,
  refuses: [],
  summary: 'Debits not yet seen, and void value',
  description:
    'Gaps known from chips’ totals, each with the records that are missing; of a lost terminal, the sales that it had not ' +
    'uploaded and that later receipts witness.',
  idempotent: 'by-nature',
} as const satisfies Route
