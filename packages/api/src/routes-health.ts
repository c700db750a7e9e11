/** What anybody may ask: whether the center is there, and how its book is sealed. */
import { z } from 'zod'
import type { Route } from './route.ts'
import { hex, naming, time, whole } from './schema.ts'

export const health = naming(
  'Health',
  'The center answers, and what its clock says.',
  z.object({ status: z.literal('ok'), at: time }),
  { status: 'ok', at: '2026-04-01T09:30:00.000Z' },
)

export const getHealth = {
  name: 'getHealth',
  method: 'GET',
  path: '/healthz',
  caller: ['nobody'],
  answer: health,
  refuses: [],
  summary: 'Whether the center is there',
  description: 'Answers when the center can do its work, its book included.',
  idempotent: 'by-nature',
} as const satisfies Route

export const sealedHead = naming(
  'SealedHead',
  'All that the book held until then, in 32 bytes, signed by the center’s audit key (P-256, r ‖ s). Keep it elsewhere.',
  z.object({
    number: whole,
    until: time,
    head: hex(32),
    signature: hex(64),
    publicKey: hex(65),
  }),
)

export const getSealedHead = {
  name: 'getSealedHead',
  method: 'GET',
  path: '/v1/audit/head',
  caller: ['nobody'],
  answer: sealedHead,
  refuses: ['not-found'],
  summary: 'The newest head of the audit chain',
  description:
    'Whoever keeps one can have the book compared with it later: `kozeni audit --head FILE` finds what was changed, taken away or put in since.',
  idempotent: 'by-nature',
} as const satisfies Route
