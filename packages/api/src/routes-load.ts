/** Loads: a holder pays, and the value waits until the chip meets the center (F-7, F-13). */
import { z } from 'zod'
import { load, purse } from './name.ts'
import type { Route } from './route.ts'
import { amount, currency, naming, price, text, time } from './schema.ts'

export const loadStage = naming(
  'LoadStage',
  '“requested” until the provider has said; then “declined” or “captured”. A captured load waits for the chip and ends ' +
    '“loaded” or “given-back”.',
  z.enum(['requested', 'declined', 'captured', 'loaded', 'giving-back', 'given-back']),
  'captured',
)

export const loadRequest = naming(
  'LoadRequest',
  'So much, for this purse, paid in this way. With “inParts” the holder agrees that what the chip has no room for waits, ' +
    'and comes in parts; else it is given back.',
  z.strictObject({ purse, amount: price, currency, method: text(120), inParts: z.boolean().optional() }),
  { purse: '5f3a91c07be2d846', amount: '2000', currency: 'JPY', method: 'pm_card_visa' },
)

export const loadAnswer = naming(
  'Load',
  'A load, and how far it has come. Cancelled is a wish that only the chip’s evidence fulfils.',
  z.object({
    load,
    purse,
    amount,
    currency,
    stage: loadStage,
    cancelled: z.boolean(),
    inParts: z.boolean().optional(),
    /** What of it the chip has proved to have. */
    delivered: amount.optional(),
    at: time,
  }),
  {
    load: '0a12b3c4d5e6f708',
    purse: '5f3a91c07be2d846',
    amount: '2000',
    currency: 'JPY',
    stage: 'captured',
    cancelled: false,
    inParts: false,
    at: '2026-04-01T09:30:00.000Z',
  },
)

const params = z.strictObject({ load })

export const createLoad = {
  name: 'createLoad',
  method: 'POST',
  path: '/v1/loads',
  caller: ['device'],
  body: loadRequest,
  answer: loadAnswer,
  refuses: [
    'not-found',
    'purse-not-active',
    'purse-blocked',
    'purse-retired',
    'currency-differs',
    'maximum-exceeded',
    'funding-declined',
    'funding-unknown',
  ],
  summary: 'Pay for a load',
  description:
    'The money is captured under the request’s own name, once, however often it is repeated. The value reaches the chip at ' +
    'its next contact of any kind. “requested” means that the provider has not said yet: it is asked again.',
  idempotent: 'by-key',
} as const satisfies Route

export const getLoad = {
  name: 'getLoad',
  method: 'GET',
  path: '/v1/loads/{load}',
  caller: ['device'],
  params,
  answer: loadAnswer,
  refuses: ['not-found'],
  summary: 'How far a load has come',
  description: 'For the account’s own loads; others are not found.',
  idempotent: 'by-nature',
} as const satisfies Route

export const cancelLoad = {
  name: 'cancelLoad',
  method: 'POST',
  path: '/v1/loads/{load}/cancel',
  caller: ['device'],
  params,
  answer: loadAnswer,
  refuses: ['not-found', 'load-too-late', 'purse-unfenced', 'funding-unknown'],
  summary: 'Wish a load back',
  description:
    'A load that has not been opened is given back at once. One that is on its way is given back when the chip proves ' +
    'that it was not applied; when it was, the value stays on the chip.',
  idempotent: 'by-nature',
} as const satisfies Route
