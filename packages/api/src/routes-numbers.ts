/** What operators do and see about stores' numbers: the generation of a store's seeds, and what was refused (T-3, T-4). */
import { z } from 'zod'
import { store } from './name.ts'
import type { Route } from './route.ts'
import { naming, refusalCode, text, time, whole } from './schema.ts'

export const seedGeneration = naming(
  'SeedGeneration',
  'The generation that the store’s seeds are to be of, and why, for whoever reads the log.',
  z.strictObject({ generation: z.int().min(1).max(0xffff_ffff), reason: text(200) }),
  { generation: 2, reason: 'the store’s server was read by a stranger' },
)

export const raiseGeneration = {
  name: 'raiseGeneration',
  method: 'POST',
  path: '/v1/operator/stores/{store}/generation',
  caller: ['operator'],
  params: z.strictObject({ store }),
  body: seedGeneration,
  answer: naming('StoreGeneration', 'The generation that counts now.', z.object({ store, generation: whole })),
  refuses: ['store-unknown', 'data-wrong'],
  summary: 'Revoke all seeds that a store was handed',
  description:
    'Every window of earlier generations is closed at once: numbers made under them open no pay, and the store refuses ' +
    'proofs under them and asks instead. The store fetches new seeds by itself. One generation at a time; repeating an ' +
    'order changes nothing.',
  idempotent: 'by-nature',
} as const satisfies Route

export const refusedNumbers = naming(
  'RefusedNumbers',
  'One reason for which numbers were not taken, and how often. Without a store: stores that do not exist.',
  z.object({ store: store.optional(), code: refusalCode, check: text(20).optional(), count: z.int().min(1) }),
)

export const listRefusedNumbers = {
  name: 'listRefusedNumbers',
  method: 'GET',
  path: '/v1/operator/refused-numbers',
  caller: ['operator'],
  answer: naming(
    'RefusedNumberList',
    'Counted by the process that answers, since it started.',
    z.object({ since: time, refused: z.array(refusedNumbers) }),
  ),
  refuses: [],
  summary: 'How often numbers were refused, and why',
  description: 'A count is all that a refused number leaves: it uses nothing up and writes nothing into the book.',
  idempotent: 'by-nature',
} as const satisfies Route
