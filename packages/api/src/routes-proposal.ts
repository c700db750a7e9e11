/** What two operators decide together: one proposes, another confirms. And what waits for it. */
import { z } from 'zod'
import { load, order, proposal, purse, store } from './name.ts'
import type { Route } from './route.ts'
import {
  amount,
  currency,
  cursor,
  kind,
  limit,
  naming,
  outcome,
  price,
  text,
  time,
  transactionNumber,
  whole,
} from './schema.ts'

const PAGE = 500

const place = { purse, epoch: whole, number: whole }
const decision = z.enum(['commit', 'void'])
const reason = text(500)

export const postingPair = naming(
  'PostingPair',
  'What may be posted by hand: `provider-paid` (bank from funding), `provider-charge` (fees to funding), `fees-taken` ' +
    '(fees to bank), `loss-covered` (bank for fraud loss).',
  z.enum(['provider-paid', 'provider-charge', 'fees-taken', 'loss-covered']),
  'provider-paid',
)

export const proposalRequest = naming(
  'ProposalRequest',
  'What is to be decided, and why. `posting`: money between two of the issuer’s own accounts. `operation`: what the chip has ' +
    'done with an operation that a restored book has open, and what is decided of it; of a sweep, how much it took. ' +
    '`found-pay`, `found-load`: what an operation was that only its chip knows, or has forgotten. `order`: whether the chip ' +
    'has had what waits, in an operation that it has forgotten; of what comes in parts, how much of it. `revocation`: an end to a ' +
    'version of the purses’ keys; confirmed, `kozeni keys revoke` carries it out beside the vault.',
  z.discriminatedUnion('what', [
    z.strictObject({ what: z.literal('posting'), pair: postingPair, amount: price, currency, reason }),
    z.strictObject({
      what: z.literal('operation'),
      ...place,
      outcome: z.enum(['applied', 'none', 'reversed']),
      decision,
      amount: price.optional(),
      reason,
    }),
    z.strictObject({
      what: z.literal('found-pay'),
      ...place,
      store,
      transaction: transactionNumber,
      amount: price,
      generation: z.int().min(1).max(999_999_999),
      window: z.int().min(0).max(999_999_999),
      decision,
      reason,
    }),
    z.strictObject({ what: z.literal('revocation'), version: z.int().min(1).max(999), reason }),
    z.strictObject({ what: z.literal('found-load'), ...place, load, amount: price, method: text(200), reason }),
    z.strictObject({
      what: z.literal('order'),
      ...place,
      order,
      outcome: z.enum(['applied', 'none']),
      amount: price.optional(),
      reason,
    }),
  ]),
  {
    what: 'posting',
    pair: 'provider-paid',
    amount: '250000',
    currency: 'JPY',
    reason: 'payout of 3 May, statement 18',
  },
)

export const proposalAnswer = naming(
  'Proposal',
  'What one operator has proposed. Confirmed by another it was carried out at that moment; withdrawn it never was.',
  z.object({
    proposal,
    what: z.enum(['posting', 'operation', 'found-pay', 'found-load', 'order', 'revocation']),
    about: z.object(place).optional(),
    facts: z.record(text(40), z.string().max(200)),
    reason,
    proposedBy: text(40),
    at: time,
    stage: z.enum(['proposed', 'confirmed', 'withdrawn']),
    endedBy: text(40).optional(),
    endedAt: time.optional(),
  }),
)

export const propose = {
  name: 'propose',
  method: 'POST',
  path: '/v1/operator/proposals',
  caller: ['operator'],
  body: proposalRequest,
  answer: proposalAnswer,
  refuses: [
    'nothing-to-decide',
    'purse-unfenced',
    'operation-open',
    'funding-unknown',
    'evidence-against',
    'store-unknown',
    'transaction-used',
  ],
  summary: 'Propose what two people decide',
  description:
    'Refused at once where it could not be carried out. Nothing happens before another operator confirms it.',
  idempotent: 'by-key',
} as const satisfies Route

export const proposalList = naming(
  'ProposalList',
  'Oldest first.',
  z.object({ proposals: z.array(proposalAnswer).max(PAGE), next: cursor.optional() }),
)

export const listProposals = {
  name: 'listProposals',
  method: 'GET',
  path: '/v1/operator/proposals',
  caller: ['operator'],
  query: z.strictObject({
    open: z.enum(['true', 'false']).optional(),
    limit: limit.optional(),
    after: cursor.optional(),
  }),
  answer: proposalList,
  refuses: [],
  summary: 'Proposals',
  description: 'With `open=true` those that wait for a second operator.',
  idempotent: 'by-nature',
} as const satisfies Route

const params = z.strictObject({ proposal })

export const confirmProposal = {
  name: 'confirmProposal',
  method: 'POST',
  path: '/v1/operator/proposals/{proposal}/confirm',
  caller: ['operator'],
  params,
  answer: proposalAnswer,
  refuses: [
    'not-found',
    'same-operator',
    'proposal-ended',
    'nothing-to-decide',
    'purse-unfenced',
    'operation-open',
    'evidence-against',
    'store-unknown',
    'transaction-used',
    'funding-unknown',
  ],
  summary: 'Confirm a proposal, as the second operator',
  description: 'Carries it out, judged on how things stand now. Repeating it changes nothing.',
  idempotent: 'by-nature',
} as const satisfies Route

export const withdrawProposal = {
  name: 'withdrawProposal',
  method: 'POST',
  path: '/v1/operator/proposals/{proposal}/withdraw',
  caller: ['operator'],
  params,
  answer: proposalAnswer,
  refuses: ['not-found', 'proposal-ended'],
  summary: 'Withdraw a proposal',
  description: 'Any operator may. It stays in the list, with both names.',
  idempotent: 'by-nature',
} as const satisfies Route

export const foundOperation = naming(
  'FoundOperation',
  'What a chip has done and a restored book does not know. `clashing`: another operation stands under its number. ' +
    '`forgotten`: from this place on its ring was too short; kind and outcome say nothing, and what `waits` (loads, refunds, ' +
    'moves) is neither opened nor given back before two operators have said whether the chip has had it. `ahead`: ' +
    'by what the chip’s totals are ahead of all that is booked. `honoured`: sales that stores say they have honoured, and ' +
    'the book has lost, which make its digest with an amount of just that.',
  z.object({
    ...place,
    kind,
    outcome,
    standing: z.enum(['open', 'clashing', 'forgotten']),
    at: time,
    ahead: z.object({ credits: amount, debits: amount }),
    honoured: z.array(z.object({ store, transaction: transactionNumber, amount })),
    waits: z.array(z.object({ order, kind: z.enum(['load', 'refund', 'move']), amount })).optional(),
  }),
)

export const listFound = {
  name: 'listFound',
  method: 'GET',
  path: '/v1/operator/found',
  caller: ['operator'],
  query: z.strictObject({ limit: limit.optional(), after: cursor.optional() }),
  answer: naming(
    'FoundList',
    'By purse. `sales`, on the first page: what stores say they have honoured and the book has lost, the latest first.',
    z.object({
      found: z.array(foundOperation).max(PAGE * 8),
      sales: z.array(z.object({ store, transaction: transactionNumber, at: time })).optional(),
      next: cursor.optional(),
    }),
  ),
  refuses: [],
  summary: 'Operations that only their chips know',
  description: 'After a restore. Each settles itself when its phone asks again; else two operators say what it was.',
  idempotent: 'by-nature',
} as const satisfies Route
