/** Moving to another purse of the same account, a new phone's say (P-3). */
import { z } from 'zod'
import { move, purse } from './name.ts'
import type { Route } from './route.ts'
import { purseStage } from './routes-installation.ts'
import { amount, currency, naming, sum, time } from './schema.ts'

export const moveRequest = naming(
  'MoveRequest',
  'The purse to go to, of the same account; it may be named later. Naming the purse itself means to stay.',
  z.strictObject({ to: purse.optional() }),
  { to: '2b1c91c07be2d846' },
)

export const movedPart = naming(
  'MovedPart',
  'What one sweep has taken off the purse. Without “to” it is on the account, and owed to no purse yet.',
  z.object({ move, amount, delivered: amount, to: purse.optional(), at: time }),
)

export const moveAnswer = naming(
  'Move',
  'A purse that is left: its stage, what is still on it by the book, where its holder goes, and what was swept off it.',
  z.object({ purse, stage: purseStage, value: sum, currency, to: purse.optional(), moves: z.array(movedPart) }),
)

const params = z.strictObject({ purse })

export const leavePurse = {
  name: 'leavePurse',
  method: 'POST',
  path: '/v1/purses/{purse}/move',
  caller: ['device'],
  params,
  body: moveRequest,
  answer: moveAnswer,
  refuses: ['not-found', 'purse-not-active', 'purse-retired', 'currency-differs'],
  summary: 'Leave a purse for another',
  description:
    'From now on contacts sweep what is on the chip onto the account, and what was swept is brought to the purse that is ' +
    'named, in parts where it has no room for all. A purse that is left pays on-line no more, and is retired when it is ' +
    'empty. An absolute order: a later one replaces it for all that is owed to no purse yet.',
  idempotent: 'by-nature',
} as const satisfies Route

export const getMove = {
  name: 'getMove',
  method: 'GET',
  path: '/v1/purses/{purse}/move',
  caller: ['device'],
  params,
  answer: moveAnswer,
  refuses: ['not-found'],
  summary: 'How far a move has come',
  description: 'For the account’s own purses; others are not found.',
  idempotent: 'by-nature',
} as const satisfies Route
