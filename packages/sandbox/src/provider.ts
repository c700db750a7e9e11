/**
 * A card provider in one machine without I/O: a call comes in, a decision comes out, and nothing has changed until its
 * writes are applied. Here stand the two rules that cross all calls: one answer per idempotency key, and the faults
 * that were armed. It speaks Stripe's API as far as a merchant's server needs it; it knows no real card and no network.
 */
import { ok, type Result } from '@kozeni/base/result'
import { type Answer, keyReused, outage } from './provider-answer.ts'
import { type Call, type CallName, fingerprint } from './provider-call.ts'
import { GENERIC_DECLINE } from './provider-card.ts'
import { cancelIntent, captureIntent, confirmIntent, createIntent } from './provider-intent.ts'
import { listEvents, listIntents, listRefunds, readEvent, readOne, searchIntents } from './provider-read.ts'
import { createRefund } from './provider-refund.ts'
import type { Fault, FaultTarget, KeptAnswer, Outcome, Provider, Write } from './provider-state.ts'

/** How long an answer is kept under its key; after that the same request is a new one. */
export const KEY_LIFE_MS = 24 * 60 * 60 * 1000

export interface Decision {
  /** `hang-up`: the connection ends without an answer, whatever the writes have done. */
  readonly answer: Answer | 'hang-up'
  readonly replayed: boolean
  readonly writes: readonly Write[]
}

/**
 * The armed fault that this call meets, if any. A kept answer is beyond declines and outages, but its connection can
 * still be cut.
 */
export function faultFor(provider: Provider, call: Call): Fault | undefined {
  const target = targetOf(call)
  const fault = provider.faults.find(({ on }) => on === target)
  const settled = fault?.fault === 'decline' || fault?.fault === 'error-500'
  return settled && keptFor(provider, call) !== undefined ? undefined : fault
}

/**
 * Pure. The same call under the same key gets the first call's answer and changes nothing.
 *
 * @param fault  what `faultFor` has found, counted as met by the caller
 */
export function decide(provider: Provider, call: Call, fault?: Fault): Decision {
  const kept = keptFor(provider, call)
  if (kept !== undefined) return again(call, kept, fault)
  if (fault?.fault === 'timeout-before-capture') return { answer: 'hang-up', replayed: false, writes: [] }
  const { answer, writes } =
    fault?.fault === 'error-500' ? { answer: outage(), writes: [] } : act(provider, call, fault)
  return {
    answer: fault?.fault === 'timeout-after-capture' ? 'hang-up' : answer,
    replayed: false,
    writes: [...writes, ...keep(call, answer)],
  }
}

function again(call: Call, kept: KeptAnswer, fault?: Fault): Decision {
  const because = reused(call, kept)
  if (because !== undefined) return { answer: keyReused(call.key ?? '', because), replayed: false, writes: [] }
  const cut = fault?.fault === 'timeout-after-capture' || fault?.fault === 'timeout-before-capture'
  return { answer: cut ? 'hang-up' : kept.answer, replayed: true, writes: [] }
}

function reused(call: Call, kept: KeptAnswer): string | undefined {
  if (kept.path !== call.path)
    return `for the same endpoint they were first used for ('${kept.path}' vs '${call.path}')`
  return kept.fingerprint === fingerprint(call) ? undefined : 'with the same parameters they were first used with'
}

function keptFor(provider: Provider, call: Call): KeptAnswer | undefined {
  const kept = call.key === undefined ? undefined : provider.kept.get(call.key)
  return kept !== undefined && call.nowMs - kept.atMs < KEY_LIFE_MS ? kept : undefined
}

/** Kept are the answers of calls that did something, outages among them; a call refused as malformed may come again. */
function keep(call: Call, answer: Answer): readonly Write[] {
  if (call.key === undefined || answer.status === 400 || answer.status === 404) return []
  const kept = { path: call.path, fingerprint: fingerprint(call), answer, atMs: call.nowMs }
  return [{ write: 'kept', key: call.key, kept }]
}

function targetOf(call: Call): FaultTarget | undefined {
  if (call.name === 'create-intent') return call.params.get('confirm') === 'true' ? 'payment' : undefined
  if (call.name === 'confirm-intent') return 'payment'
  if (call.name === 'capture-intent') return 'capture'
  return call.name === 'create-refund' ? 'refund' : undefined
}

function act(provider: Provider, call: Call, fault?: Fault): Outcome {
  const result = dispatch(provider, call, fault?.fault === 'decline')
  return result.ok ? result.value : { answer: result.refusal, writes: [] }
}

function dispatch(provider: Provider, call: Call, decline: boolean): Result<Outcome, Answer> {
  const forced = decline ? GENERIC_DECLINE : undefined
  switch (call.name) {
    case 'create-intent':
      return createIntent(provider, call, forced)
    case 'confirm-intent':
      return confirmIntent(provider, call, forced)
    case 'capture-intent':
      return captureIntent(provider, call, decline)
    case 'cancel-intent':
      return cancelIntent(provider, call)
    case 'create-refund':
      return createRefund(provider, call, decline)
    default:
      return unchanged(read(provider, call, call.name))
  }
}

const unchanged = (result: Result<Answer, Answer>): Result<Outcome, Answer> =>
  result.ok ? ok({ answer: result.value, writes: [] }) : result

type Change = 'create-intent' | 'confirm-intent' | 'capture-intent' | 'cancel-intent' | 'create-refund'

function read(provider: Provider, call: Call, name: Exclude<CallName, Change>): Result<Answer, Answer> {
  switch (name) {
    case 'list-intents':
      return listIntents(provider, call)
    case 'search-intents':
      return searchIntents(provider, call)
    case 'read-intent':
      return readOne(provider.intents, 'payment_intent', call.id)
    case 'read-charge':
      return readOne(provider.charges, 'charge', call.id)
    case 'list-refunds':
      return listRefunds(provider, call)
    case 'read-refund':
      return readOne(provider.refunds, 'refund', call.id)
    case 'list-events':
      return listEvents(provider, call)
    case 'read-event':
      return readEvent(provider, call.id)
  }
}
