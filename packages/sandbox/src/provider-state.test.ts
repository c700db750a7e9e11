import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide, faultFor } from './provider.ts'
import type { Answer } from './provider-answer.ts'
import { type Call, route } from './provider-call.ts'
import { memoryJournal } from './provider-journal.ts'
import { ledgerOf } from './provider-ledger.ts'
import { apply, type Fault, newProvider, type Provider } from './provider-state.ts'

const post = (path: string, params: Record<string, string>, key?: string): Call => {
  const target = route('POST', path)
  if (target === undefined) throw new Error(`no such endpoint: ${path}`)
  return { ...target, params: new Map(Object.entries(params)), key, nowMs: 0 }
}

/** What the server does, without its network. */
function perform(provider: Provider, journal: ReturnType<typeof memoryJournal>, call: Call): Answer | 'hang-up' {
  const fault = faultFor(provider, call)
  const met = fault === undefined ? [] : [{ write: 'fault-met', on: fault.on } as const]
  apply(provider, met)
  const { answer, writes } = decide(provider, call, fault)
  apply(provider, writes)
  journal.append([...met, ...writes])
  return answer
}

const fault = fc.record({
  fault: fc.constantFrom<Fault['fault']>('decline', 'timeout-after-capture', 'timeout-before-capture', 'error-500'),
  on: fc.constantFrom<Fault['on']>('payment', 'capture', 'refund'),
  times: fc.integer({ min: 1, max: 3 }),
  delayMs: fc.constant(0),
})

/** Any endpoint, any intent of the first few, few keys, so that requests meet. */
const request = fc
  .record({
    path: fc.constantFrom('', '/confirm', '/capture', '/cancel', 'refund'),
    intent: fc.integer({ min: 1, max: 4 }),
    amount: fc.integer({ min: 1, max: 50 }),
    manual: fc.boolean(),
    confirm: fc.boolean(),
    key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  })
  .map(({ path, intent, amount, manual, confirm, key }) => {
    const id = `pi_${String(intent).padStart(8, '0')}`
    if (path === 'refund') return post('/v1/refunds', { payment_intent: id, amount: `${amount}` }, key)
    if (path === '/capture') return post(`/v1/payment_intents/${id}/capture`, { amount_to_capture: `${amount}` }, key)
    if (path !== '') return post(`/v1/payment_intents/${id}${path}`, { payment_method: 'pm_card_visa' }, key)
    const how = { capture_method: manual ? 'manual' : 'automatic', confirm: `${confirm}` }
    return post(
      '/v1/payment_intents',
      { amount: `${amount}`, currency: 'jpy', payment_method: 'pm_card_visa', ...how },
      key,
    )
  })

test('whatever is asked, nothing is taken twice and no more goes back than came in', () => {
  fc.assert(
    fc.property(fc.array(fault, { maxLength: 4 }), fc.array(request, { maxLength: 40 }), (faults, requests) => {
      const provider = newProvider()
      const journal = memoryJournal()
      for (const armed of faults) apply(provider, [{ write: 'fault-armed', fault: armed }])
      for (const call of requests) perform(provider, journal, call)
      const { payments, refunds } = ledgerOf(provider)
      expect(new Set(payments.map(line => line.payment_intent)).size).toBe(payments.length)
      for (const line of payments) {
        const back = refunds.filter(refund => refund.payment_intent === line.payment_intent)
        expect(line.captured).toBe(provider.intents.get(line.payment_intent)?.amount_received)
        expect(line.refunded).toBe(back.reduce((sum, { amount }) => sum + amount, 0))
        expect(line.net).toBeGreaterThanOrEqual(0)
      }
    }),
  )
})

test('the journal gives the same provider back', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), requests => {
      const provider = newProvider()
      const journal = memoryJournal()
      for (const call of requests) perform(provider, journal, call)
      const again = newProvider()
      for (const entry of journal.entries()) apply(again, entry)
      expect(again).toEqual(provider)
    }),
  )
})

test('a payment repeated under its key until it is answered is captured exactly once, wherever the line is cut', () => {
  const cut = fault.map(({ fault, times }) => ({
    fault: fault === 'timeout-before-capture' ? fault : ('timeout-after-capture' as const),
    on: 'payment' as const,
    times,
    delayMs: 0,
  }))
  fc.assert(
    fc.property(fc.array(cut, { maxLength: 5 }), cuts => {
      const provider = newProvider()
      for (const armed of cuts) apply(provider, [{ write: 'fault-armed', fault: armed }])
      const pay = { amount: '2', currency: 'jpy', payment_method: 'pm_card_visa', confirm: 'true' }
      const call = post('/v1/payment_intents', pay, 'load-1')
      let answer: Answer | 'hang-up' = 'hang-up'
      for (let tries = 0; answer === 'hang-up' && tries <= 15; tries++)
        answer = perform(provider, memoryJournal(), call)
      expect(answer).toMatchObject({ status: 200 })
      expect(ledgerOf(provider).currencies).toEqual({ jpy: { captured: 2, refunded: 0, net: 2 } })
    }),
  )
})
