/** What the card provider tells of its own accord. It is believed only by the provider's own signature. */
import { z } from 'zod'
import type { Route } from './route.ts'
import { naming } from './schema.ts'

export const received = naming('Received', 'Heard.', z.object({ received: z.literal(true) }), { received: true })

export const cardWebhook = {
  name: 'cardWebhook',
  method: 'POST',
  path: '/v1/webhooks/card',
  caller: ['provider'],
  rawBody: true,
  answer: received,
  refuses: ['signature-wrong', 'input-wrong', 'too-large'],
  summary: 'An event of the card provider',
  description: 'Signed in the header Stripe-Signature over the body’s very bytes. The same event again is harmless.',
  idempotent: 'by-nature',
} as const satisfies Route
