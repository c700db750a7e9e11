/** The facts the provider announces to the merchant's webhook. An event holds its object as it was at that moment. */
import { seconds } from '@kozeni/base/clock'
import type { Call } from './provider-call.ts'
import { API_VERSION, type Charge, type EventType, type PaymentIntent, type Refund } from './provider-object.ts'
import { nextId, type Provider, type Write } from './provider-state.ts'

/** @param ahead  how many events the same call has announced before this one */
export function announce(
  provider: Provider,
  call: Call,
  type: EventType,
  object: PaymentIntent | Refund | Charge,
  ahead = 0,
): Write {
  return {
    write: 'event',
    event: {
      id: nextId(provider, 'evt', ahead),
      object: 'event',
      api_version: API_VERSION,
      created: seconds(call.nowMs),
      data: { object },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: call.key ?? null },
      type,
    },
  }
}
