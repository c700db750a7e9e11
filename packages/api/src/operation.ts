/** One operation as the center knows it, for holders and operators. */
import { z } from 'zod'
import { order, purse, store } from './name.ts'
import { operationDecision } from './routes-contact.ts'
import { amount, currency, kind, naming, outcome, time, transactionNumber, whole } from './schema.ts'

export const evidenceSource = z.enum(['result', 'receipt', 'fence', 'lost', 'people'])

/** What an open operation will come to by the rules, once evidence arrives. */
export const predicted = z.enum(['commit', 'void', 'undecided'])

export const operation = naming(
  'Operation',
  'One numbered operation between center and chip. In doubt until it is closed, and only evidence closes it.',
  z.object({
    purse,
    epoch: whole,
    number: whole,
    kind,
    amount,
    currency,
    decision: operationDecision,
    openedAt: time,
    sessionEnd: time.optional(),
    /** Seconds since it was opened, until it was closed. */
    ageSeconds: whole,
    predicted,
    closed: z.object({ at: time, source: evidenceSource, outcome }).optional(),
    store: store.optional(),
    transaction: transactionNumber.optional(),
    order: order.optional(),
  }),
)
