/**
 * The sandbox's own orders, which no real provider has: arm a fault, choose how webhooks arrive. JSON in, writes out.
 * An order that is not understood is refused, so that a test cannot believe in a fault that was never armed.
 */
import { no, ok, type Result } from '@kozeni/base/result'
import type { DeliveryPolicy, Fault, Write } from './provider-state.ts'

export interface OrderRefusal {
  readonly code: 'order-unclear'
  readonly reason: string
}

const FAULTS = ['decline', 'timeout-after-capture', 'timeout-before-capture', 'error-500', 'slow'] as const
const TARGETS = ['payment', 'capture', 'refund'] as const
const DELIVERIES = ['once', 'twice', 'late', 'never'] as const
const SLOW_MS = 2000
const LATE_MS = 1000

/** `{fault, on?, times?, delayMs?}`, for the next payments unless `on` says otherwise; `{fault: "none"}` disarms all. */
export function readFault(text: string): Result<Write, OrderRefusal> {
  const order = readFields(text)
  if (order['fault'] === 'none') return ok({ write: 'faults-disarmed' })
  const fault = oneOf(FAULTS, order['fault'])
  const on = oneOf(TARGETS, order['on'] ?? 'payment')
  const times = wholeNumber(order['times'] ?? 1)
  const delayMs = wholeNumber(order['delayMs'] ?? SLOW_MS)
  if (fault === undefined) return unclear(`fault is one of none, ${FAULTS.join(', ')}`)
  if (on === undefined) return unclear(`on is one of ${TARGETS.join(', ')}`)
  if (times === undefined || times === 0 || delayMs === undefined) return unclear('times ≥ 1 and delayMs ≥ 0 are whole')
  return ok({ write: 'fault-armed', fault: { fault, on, times, delayMs } satisfies Fault })
}

/** `{deliver, delayMs?}`, for the events from now on. */
export function readPolicy(text: string): Result<Write, OrderRefusal> {
  const order = readFields(text)
  const deliver = oneOf(DELIVERIES, order['deliver'])
  const delayMs = wholeNumber(order['delayMs'] ?? LATE_MS)
  if (deliver === undefined) return unclear(`deliver is one of ${DELIVERIES.join(', ')}`)
  if (delayMs === undefined) return unclear('delayMs ≥ 0 is whole')
  return ok({ write: 'policy', policy: { deliver, delayMs } satisfies DeliveryPolicy })
}

const unclear = (reason: string) => no<OrderRefusal>({ code: 'order-unclear', reason })

function readFields(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {} // not JSON has no fields, and is refused for lack of them
  }
}

const oneOf = <T extends string>(names: readonly T[], value: unknown): T | undefined =>
  names.find(name => name === value)

const wholeNumber = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
