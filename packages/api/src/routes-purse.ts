/** A purse as the center knows it. Its chip may be ahead: off-line debits arrive later. */
import { PURSE_CERTIFICATE_BYTES } from '@kozeni/protocol/certificate'
import { z } from 'zod'
import { chip, device, load, order, purse, store, terminal } from './name.ts'
import { operation } from './operation.ts'
import type { Route } from './route.ts'
import { purseStage } from './routes-installation.ts'
import { amount, bytes, chipClass, currency, cursor, limit, naming, sum, text, time, whole } from './schema.ts'

export const limits = naming(
  'Limits',
  'The issuer’s limits, kept by the chip itself. Amounts in minor units of the purse’s currency.',
  z.object({
    maximumValue: amount,
    maximumDebit: amount,
    lowerAmount: amount,
    upperAmount: amount,
    lowerCount: whole,
    upperCount: whole,
    pinAbove: amount,
  }),
)

export const waitingOrder = naming(
  'WaitingOrder',
  'Something that the center owes the purse and opens at a contact.',
  z.object({ order, kind: z.enum(['load', 'refund', 'move']), amount, currency, at: time }),
)

export const purseStanding = naming(
  'Purse',
  'What the center knows: value without the off-line debits that have not arrived, flag, open operation, what waits, settings.',
  z.object({
    purse,
    chip,
    device,
    chipClass,
    stage: purseStage,
    reservedUntil: time.optional(),
    currency,
    value: sum,
    /** The center’s flag: an operation is recorded and not closed. */
    flag: z.boolean(),
    epoch: whole,
    number: whole,
    open: operation.optional(),
    waiting: z.array(waitingOrder).max(100),
    settings: z.object({ number: whole, seen: whole, blocked: z.boolean(), limits }),
    /** The chip's newest certificate, with its signature; there is one from the stage “certified” on. */
    certificate: bytes(PURSE_CERTIFICATE_BYTES, PURSE_CERTIFICATE_BYTES).optional(),
  }),
)

export const storyLine = naming(
  'StoryLine',
  'One thing that happened to a purse.',
  z.object({
    at: time,
    what: z.enum(['operation-opened', 'operation-closed', 'receipt', 'load', 'order', 'entry', 'alarm']),
    /** What it says, by name: amounts in minor units, ids, numbers. */
    facts: z.record(text(40), z.string().max(500)),
    store: store.optional(),
    terminal: terminal.optional(),
    load: load.optional(),
  }),
)

export const story = naming(
  'Story',
  'Oldest first.',
  z.object({ lines: z.array(storyLine).max(500), next: cursor.optional() }),
)

const params = z.strictObject({ purse })

export const getPurse = {
  name: 'getPurse',
  method: 'GET',
  path: '/v1/purses/{purse}',
  caller: ['device', 'operator'],
  params,
  answer: purseStanding,
  refuses: ['not-found'],
  summary: 'A purse as the center knows it',
  description: 'For the account’s own purses, and for operators; others are not found.',
  idempotent: 'by-nature',
} as const satisfies Route

export const getPurseStory = {
  name: 'getPurseStory',
  method: 'GET',
  path: '/v1/purses/{purse}/story',
  caller: ['operator'],
  params,
  query: z.strictObject({ limit: limit.optional(), after: cursor.optional() }),
  answer: story,
  refuses: ['not-found'],
  summary: 'All that happened to a purse',
  description: 'Operations, receipts, loads, orders, entries and alarms, oldest first, in pages.',
  idempotent: 'by-nature',
} as const satisfies Route
