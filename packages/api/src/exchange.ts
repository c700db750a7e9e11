/**
 * One request to a center and its answer, signed, timed and repeated where that can help. Every route may be repeated, so
 * repeating is safe; it is done only for what passes by itself, and never for ever.
 */
import { assert } from '@kozeni/base/assert'
import { NO_BYTES, utf8 } from '@kozeni/base/bytes'
import { type Clock, seconds } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import { no, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal, WIRE } from '@kozeni/protocol/refusal'
import type { Headers, HttpResponse } from './http.ts'
import { readJson } from './input.ts'
import { refusalOfProblem } from './problem.ts'
import { IDEMPOTENCY_KEY } from './route.ts'
import { type Signer, sign } from './signature.ts'
import type { Outgoing, Transport } from './transport.ts'

/** How a caller shows who it is. */
export type Credentials =
  | { readonly show: 'nothing' }
  | { readonly show: 'signature'; readonly signer: Signer }
  | { readonly show: 'token'; readonly token: string }

/** What a caller needs. */
export interface Means {
  /** Scheme, host and port of the center, and nothing after: https://center.example. */
  readonly origin: string
  readonly credentials: Credentials
  readonly transport: Transport
  readonly clock: Clock
  readonly crypto: Crypto
  /** So that callers who were cut off together do not come back together. */
  readonly dice: Dice
}

/** A request before it is spelled as HTTP. */
export interface PlainRequest {
  readonly method: 'GET' | 'POST'
  /** With its query, if it has one. */
  readonly path: string
  readonly body?: unknown
  /** The idempotency key. */
  readonly key?: string
}

/** Sends one request, and reads the JSON that answers it. */
export type Exchange = (request: PlainRequest) => Promise<Result<unknown, Refusal>>

const TIMEOUT_MS = 10_000
const ATTEMPTS = 4
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 30_000

/**
 * The way to one center.
 *
 * @returns a function that refuses what the center refuses, and else: center-unreachable (no answer, or a proxy's) ·
 *          center-garbled (an answer that no center gives)
 */
export function exchanger(means: Means): Exchange {
  assert(new URL(means.origin).origin === means.origin, `scheme, host and port, not ${means.origin}`)
  let apartSeconds = 0
  const attempt = (request: PlainRequest): Promise<Told> => attempted(means, request, apartSeconds)
  return async request => {
    const told = await attempt(request)
    if (told.answer.ok || told.answer.refusal.code !== 'clock-differs') return repeated(means, told, request, attempt)
    apartSeconds = clocksApart(means, told.answer.refusal, told.headers)
    return repeated(means, await attempt(request), request, attempt)
  }
}

/** What came back, and under which headers. */
interface Told {
  readonly answer: Result<unknown, Refusal>
  readonly headers: Headers
}

async function repeated(
  { clock, dice }: Means,
  first: Told,
  request: PlainRequest,
  attempt: (request: PlainRequest) => Promise<Told>,
): Promise<Result<unknown, Refusal>> {
  let { answer, headers } = first
  for (let again = 1; again < ATTEMPTS && !answer.ok && passes(answer.refusal); again++) {
    await clock.wait(delayMs(dice, again, headers['retry-after']))
    ;({ answer, headers } = await attempt(request))
  }
  return answer
}

/** What passes by itself in seconds. Other refusals with `same` wait for a person or a chip, not for time. */
const passes = ({ code }: Refusal): boolean =>
  WIRE[code].retry === 'same' && (WIRE[code].http === 503 || code === 'in-progress')

/** Twice as long each time, by chance half to once; at least what the center asks for, within reason. */
function delayMs(dice: Dice, again: number, retryAfter: string | undefined): number {
  const [chance = 0] = dice.bytes(1)
  const ours = FIRST_DELAY_MS * 2 ** (again - 1) * (0.5 + chance / 512)
  const asked = /^\d{1,4}$/.test(retryAfter ?? '') ? 1000 * Number(retryAfter) : 0
  return Math.min(Math.max(ours, asked), LONGEST_DELAY_MS)
}

/** By the Date of the answer that refused our clock; by its facts where a browser does not show the Date. */
function clocksApart({ clock }: Means, { facts }: Refusal, headers: Headers): number {
  const date = Date.parse(headers['date'] ?? '')
  if (!Number.isNaN(date)) return seconds(date) - seconds(clock.now())
  return typeof facts['apartSeconds'] === 'number' ? facts['apartSeconds'] : 0
}

async function attempted(means: Means, request: PlainRequest, apartSeconds: number): Promise<Told> {
  const outgoing = await signed(means, spelled(means, request), apartSeconds)
  const response = await sent(means.transport, outgoing)
  return response === undefined
    ? { answer: no(refusal('center-unreachable')), headers: {} }
    : { answer: answerOf(response), headers: response.headers }
}

function answerOf({ status, body }: HttpResponse): Result<unknown, Refusal> {
  const json = readJson(body)
  if (status < 200 || status > 299) return no(refusalOfProblem(status, json.ok ? json.value : undefined))
  return json.ok ? json : no(refusal('center-garbled', { status, field: 'body' }))
}

/** @returns undefined when no answer came, for whatever reason */
async function sent(transport: Transport, request: Outgoing): Promise<HttpResponse | undefined> {
  try {
    return await transport(request)
  } catch {
    return undefined
  }
}

function spelled({ origin, credentials }: Means, { method, path, body, key }: PlainRequest): Outgoing {
  const headers = {
    accept: 'application/json, application/problem+json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(key === undefined ? {} : { [IDEMPOTENCY_KEY]: key }),
    ...(credentials.show === 'token' ? { authorization: `Bearer ${credentials.token}` } : {}),
  }
  return {
    origin,
    timeoutMs: TIMEOUT_MS,
    method,
    authority: new URL(origin).host,
    target: path,
    headers,
    body: body === undefined ? NO_BYTES : utf8(JSON.stringify(body)),
  }
}

async function signed({ credentials, crypto, clock }: Means, request: Outgoing, apart: number): Promise<Outgoing> {
  if (credentials.show !== 'signature') return request
  const headers = await sign(crypto, request, credentials.signer, seconds(clock.now()) + apart)
  return { ...request, headers: { ...request.headers, ...headers } }
}
