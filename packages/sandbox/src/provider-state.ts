/**
 * What the card provider remembers, and the closed list of ways it can change. `apply` is the only code that changes it,
 * so replaying the journal's writes in order gives the same provider back.
 */
import { assert, never } from '@kozeni/base/assert'
import type { Answer } from './provider-answer.ts'
import type { Charge, PaymentIntent, ProviderEvent, Refund } from './provider-object.ts'

/** What an armed fault waits for: an attempt to pay (create with confirm, confirm), a capture, or a refund. */
export type FaultTarget = 'payment' | 'capture' | 'refund'

export interface Fault {
  readonly fault: 'decline' | 'timeout-after-capture' | 'timeout-before-capture' | 'error-500' | 'slow'
  readonly on: FaultTarget
  /** How many more requests it meets. */
  readonly times: number
  /** How long `slow` waits before it begins the work. */
  readonly delayMs: number
}

/** How the events that follow reach the merchant's webhook. `never` loses them for good. */
export interface DeliveryPolicy {
  readonly deliver: 'once' | 'twice' | 'late' | 'never'
  /** How long `late` waits before its first attempt. */
  readonly delayMs: number
}

/** The answer given to the first request under an idempotency key. */
export interface KeptAnswer {
  readonly path: string
  readonly fingerprint: string
  readonly answer: Answer
  readonly atMs: number
}

export interface Provider {
  /** Makes ids differ between one data file and the next. */
  seed: string
  readonly intents: Map<string, PaymentIntent>
  readonly charges: Map<string, Charge>
  readonly refunds: Map<string, Refund>
  readonly events: Map<string, ProviderEvent>
  readonly kept: Map<string, KeptAnswer>
  readonly faults: Fault[]
  policy: DeliveryPolicy
  /** Events on their way to the webhook, by event id. */
  readonly outbox: Map<string, DeliveryPolicy>
}

export type Write =
  | { readonly write: 'seed'; readonly seed: string }
  | { readonly write: 'intent'; readonly intent: PaymentIntent }
  | { readonly write: 'charge'; readonly charge: Charge }
  | { readonly write: 'refund'; readonly refund: Refund }
  | { readonly write: 'event'; readonly event: ProviderEvent }
  | { readonly write: 'kept'; readonly key: string; readonly kept: KeptAnswer }
  | { readonly write: 'fault-armed'; readonly fault: Fault }
  | { readonly write: 'faults-disarmed' }
  | { readonly write: 'fault-met'; readonly on: FaultTarget }
  | { readonly write: 'policy'; readonly policy: DeliveryPolicy }
  | { readonly write: 'delivered'; readonly event: string }

/** What a request changes and how it is answered; nothing changes until the writes are applied. */
export interface Outcome {
  readonly answer: Answer
  readonly writes: readonly Write[]
}

/** A provider that has seen nothing yet. */
export const newProvider = (): Provider => ({
  seed: '',
  intents: new Map(),
  charges: new Map(),
  refunds: new Map(),
  events: new Map(),
  kept: new Map(),
  faults: [],
  policy: { deliver: 'once', delayMs: 0 },
  outbox: new Map(),
})

/** Changes the provider; the writes are durable by now. */
export function apply(provider: Provider, writes: readonly Write[]): void {
  for (const write of writes) applyOne(provider, write)
}

const shelves = { pi: 'intents', ch: 'charges', re: 'refunds', evt: 'events' } as const

/**
 * The id of the next object of a kind: how many there are already, behind the seed.
 *
 * @param ahead  how many objects of the kind the same outcome has made before this one
 */
export function nextId(provider: Provider, prefix: keyof typeof shelves, ahead = 0): string {
  const count = provider[shelves[prefix]].size + ahead + 1
  return `${prefix}_${provider.seed}${String(count).padStart(8, '0')}`
}

function applyOne(provider: Provider, write: Write): void {
  switch (write.write) {
    case 'seed':
      provider.seed = write.seed
      return
    case 'intent':
      provider.intents.set(write.intent.id, write.intent)
      return
    case 'charge':
      provider.charges.set(write.charge.id, write.charge)
      return
    case 'refund':
      provider.refunds.set(write.refund.id, write.refund)
      return
    case 'event':
      return post(provider, write.event)
    case 'kept':
      provider.kept.set(write.key, write.kept)
      return
    case 'fault-armed':
      provider.faults.push(write.fault)
      return
    case 'faults-disarmed':
      provider.faults.length = 0
      return
    case 'fault-met':
      return meet(provider, write.on)
    case 'policy':
      provider.policy = write.policy
      return
    case 'delivered':
      provider.outbox.delete(write.event)
      return
    default:
      never(write)
  }
}

/** The policy of the moment sticks to the event, whatever is asked for later. */
function post(provider: Provider, event: ProviderEvent): void {
  provider.events.set(event.id, event)
  if (provider.policy.deliver !== 'never') provider.outbox.set(event.id, provider.policy)
}

function meet(provider: Provider, on: FaultTarget): void {
  const at = provider.faults.findIndex(fault => fault.on === on)
  const fault = provider.faults[at]
  assert(fault !== undefined, `a fault on ${on} is armed`)
  provider.faults.splice(at, 1, ...(fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : []))
}
