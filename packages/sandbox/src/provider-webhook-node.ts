/**
 * The postman: carries the provider's events to the merchant's webhook, signed as Stripe signs them, again and again
 * until the merchant says 2xx or the attempts are used up. Like the real one it promises no order, and may bring an
 * event twice. What it gave up on stays in the outbox and is tried again when the provider next starts.
 */
import { createHmac } from 'node:crypto'
import { type Clock, seconds } from '@kozeni/base/clock'
import type { ProviderEvent } from './provider-object.ts'
import type { DeliveryPolicy } from './provider-state.ts'

export interface Webhook {
  readonly url: string
  /** The signing secret that the merchant knows too: `whsec_…`. */
  readonly secret: string
}

/** Waits of 0.1 s, doubling up to 5 s: about 50 s in all, enough for a merchant's server to start again. */
const ATTEMPTS = 14
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5000
const ANSWER_TIMEOUT_MS = 5000

/** The value of the header `Stripe-Signature`: HMAC-SHA-256 over time and body. */
export function sign(payload: string, secret: string, nowMs: number): string {
  const time = seconds(nowMs)
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${payload}`).digest('hex')}`
}

export class Postman {
  readonly #webhook: Webhook
  readonly #clock: Clock
  readonly #delivered: (event: string) => void
  readonly #underway = new Map<string, Promise<void>>()
  readonly #closed = new AbortController()

  /** @param delivered  called once an event has arrived as often as its policy asks */
  constructor(webhook: Webhook, clock: Clock, delivered: (event: string) => void) {
    this.#webhook = webhook
    this.#clock = clock
    this.#delivered = delivered
  }

  /** Takes over an event; one already on its way is left alone. */
  send(event: ProviderEvent, policy: DeliveryPolicy): void {
    if (this.#underway.has(event.id)) return
    this.#underway.set(event.id, this.#carry(event, policy))
  }

  /** Starts nothing more and drops what is on its way; the outbox still has it. */
  close(): void {
    this.#closed.abort()
  }

  async #carry(event: ProviderEvent, policy: DeliveryPolicy): Promise<void> {
    if (policy.deliver === 'late') await this.#clock.wait(policy.delayMs)
    const payload = JSON.stringify(event)
    for (let copies = policy.deliver === 'twice' ? 2 : 1; copies > 0; copies--)
      if (!(await this.#bring(payload))) return
    this.#delivered(event.id)
  }

  async #bring(payload: string): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS && !this.#closed.signal.aborted; attempt++) {
      if (await this.#attempt(payload)) return !this.#closed.signal.aborted
      await this.#clock.wait(Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS))
    }
    return false
  }

  async #attempt(payload: string): Promise<boolean> {
    const signature = sign(payload, this.#webhook.secret, this.#clock.now())
    try {
      const answer = await fetch(this.#webhook.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      })
      await answer.body?.cancel()
      return answer.ok
    } catch {
      return false // nobody there, or no answer in time: that is what the next attempt is for
    }
  }
}
