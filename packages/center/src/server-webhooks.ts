/** What the card provider tells of its own accord; admitted only by the provider's own signature. */
import { no, ok } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import type { Center } from './center.ts'
import { heardCapture } from './load-funding.ts'
import type { Handlers } from './server-handler.ts'

/** The card provider’s events. */
export const webhookHandlers = (center: Center): Pick<Handlers, 'cardWebhook'> => ({
  cardWebhook: async ({ caller: { notice } }) => {
    const heard = notice === undefined || (await heardCapture(center, notice))
    return heard ? ok({ received: true }) : no(refusal('busy'))
  },
})
