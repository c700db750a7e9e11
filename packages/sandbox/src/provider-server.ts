/**
 * The card provider behind HTTP, as the official SDK expects it, and the control endpoints under /sandbox. The order
 * that money depends on: decide, write durably, change the state, announce, and only then answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { assert } from '@kozeni/base/assert'
import { hex } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import type { Result } from '@kozeni/base/result'
import { type Decision, decide, faultFor } from './provider.ts'
import { type Answer, found, keyInUse, outage, unauthorized, unknownUrl } from './provider-answer.ts'
import { type Call, route } from './provider-call.ts'
import { type OrderRefusal, readFault, readPolicy } from './provider-control.ts'
import type { Journal } from './provider-journal.ts'
import { ledgerOf } from './provider-ledger.ts'
import { API_VERSION } from './provider-object.ts'
import { apply, newProvider, type Provider, type Write } from './provider-state.ts'
import { Postman, type Webhook } from './provider-webhook-node.ts'

export interface ProviderParts {
  readonly clock: Clock
  readonly dice: Dice
  readonly journal: Journal
  /** Where events go; without one they wait in the outbox. */
  readonly webhook?: Webhook
  /** The one key that is let in; without it, every key that begins with `sk_test_`. */
  readonly secretKey?: string
}

export class ProviderServer {
  readonly #parts: ProviderParts
  readonly #provider: Provider = newProvider()
  readonly #postman: Postman | undefined
  readonly #http: Server
  /** Idempotency keys of requests that have begun and not ended. */
  readonly #busy = new Set<string>()
  #requests = 0

  constructor(parts: ProviderParts) {
    this.#parts = parts
    for (const entry of parts.journal.entries()) apply(this.#provider, entry)
    if (this.#provider.seed === '') this.#commit([{ write: 'seed', seed: hex(parts.dice.bytes(6)) }])
    if (parts.webhook !== undefined) this.#postman = new Postman(parts.webhook, parts.clock, id => this.#arrived(id))
    this.#http = createServer((request, response) => void this.#serve(request, response))
  }

  /**
   * @param port  0 for any that is free
   * @returns     the port it listens on, on the loopback only
   */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    this.#announce()
    const address = this.#http.address()
    assert(address !== null && typeof address === 'object', 'a TCP server has a port')
    return address.port
  }

  async close(): Promise<void> {
    this.#postman?.close()
    const closed = new Promise<void>(resolve => this.#http.close(() => resolve()))
    this.#http.closeAllConnections()
    await closed
    this.#parts.journal.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://localhost')
      const body = await text(request)
      if (url.pathname.startsWith('/sandbox/')) this.#control(request, response, url.pathname, body)
      else await this.#api(request, response, url, body)
    } catch (failure) {
      process.stderr.write(`${String(failure)}\n`)
      if (response.headersSent) response.destroy()
      else send(response, outage())
    }
  }

  #control(request: IncomingMessage, response: ServerResponse, path: string, body: string): void {
    const order = `${request.method} ${path}`
    if (order === 'GET /sandbox/ledger') return send(response, found(ledgerOf(this.#provider)))
    if (order === 'POST /sandbox/next') return this.#obey(response, readFault(body))
    if (order === 'POST /sandbox/webhooks') return this.#obey(response, readPolicy(body))
    send(response, unknownUrl(request.method ?? '', path))
  }

  #obey(response: ServerResponse, order: Result<Write, OrderRefusal>): void {
    if (!order.ok) return send(response, { status: 400, body: { error: order.refusal } })
    this.#commit([order.value])
    send(response, found({ faults: this.#provider.faults, webhooks: this.#provider.policy }))
  }

  async #api(request: IncomingMessage, response: ServerResponse, url: URL, body: string): Promise<void> {
    response.setHeader('request-id', `req_${this.#provider.seed}${++this.#requests}`)
    response.setHeader('stripe-version', header(request, 'stripe-version') ?? API_VERSION)
    const refusal = this.#refuseKey(request)
    if (refusal !== undefined) return send(response, refusal)
    const call = this.#readCall(request, url, body)
    if (call === undefined) return send(response, unknownUrl(request.method ?? '', url.pathname))
    if (call.key === undefined) return settle(response, await this.#perform(call))
    response.setHeader('idempotency-key', call.key)
    await this.#alone(call.key, response, call)
  }

  /** A second request under the same key, while the first is running, is turned away. */
  async #alone(key: string, response: ServerResponse, call: Call): Promise<void> {
    if (this.#busy.has(key)) return send(response, keyInUse(key))
    this.#busy.add(key)
    try {
      settle(response, await this.#perform(call))
    } finally {
      this.#busy.delete(key)
    }
  }

  async #perform(call: Call): Promise<Decision> {
    const fault = faultFor(this.#provider, call)
    if (fault !== undefined) this.#commit([{ write: 'fault-met', on: fault.on }])
    if (fault?.fault === 'slow') await this.#parts.clock.wait(fault.delayMs)
    const decision = decide(this.#provider, call, fault)
    this.#commit(decision.writes)
    this.#announce()
    return decision
  }

  /** Durable first; an entry that the disk refuses has not happened. */
  #commit(writes: readonly Write[]): void {
    if (writes.length === 0) return
    this.#parts.journal.append(writes)
    apply(this.#provider, writes)
  }

  #announce(): void {
    if (this.#postman === undefined) return
    for (const [id, policy] of this.#provider.outbox) {
      const event = this.#provider.events.get(id)
      assert(event !== undefined, `the outbox holds only events, and ${id} is one`)
      this.#postman.send(event, policy)
    }
  }

  #arrived(event: string): void {
    this.#commit([{ write: 'delivered', event }])
  }

  #refuseKey(request: IncomingMessage): Answer | undefined {
    const key = /^Bearer (\S+)$/.exec(header(request, 'authorization') ?? '')?.[1]
    if (key === undefined) return unauthorized('You did not provide an API key, using Bearer auth.')
    const { secretKey } = this.#parts
    const welcome = secretKey === undefined ? key.startsWith('sk_test_') : key === secretKey
    return welcome ? undefined : unauthorized(`Invalid API Key provided: ${key.slice(0, 8)}****${key.slice(-4)}`)
  }

  #readCall(request: IncomingMessage, url: URL, body: string): Call | undefined {
    const posted = request.method === 'POST'
    const target = route(request.method ?? '', url.pathname)
    return (
      target && {
        ...target,
        params: new Map(posted ? new URLSearchParams(body) : url.searchParams),
        key: posted ? header(request, 'idempotency-key') : undefined,
        nowMs: this.#parts.clock.now(),
      }
    )
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function settle(response: ServerResponse, { answer, replayed }: Decision): void {
  if (answer === 'hang-up') return void response.socket?.destroy()
  if (replayed) response.setHeader('idempotent-replayed', 'true')
  send(response, answer)
}

/** An outage is kept under its key like any answer, so the SDK is told not to ask for it again. */
function send(response: ServerResponse, { status, body }: Answer): void {
  if (status >= 500) response.setHeader('stripe-should-retry', 'false')
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
