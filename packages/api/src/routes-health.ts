/** Whether the center is there. */
import { z } from 'zod'
import type { Route } from './route.ts'
import { naming, time } from './schema.ts'

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
