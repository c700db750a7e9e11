/**
 * One route of the contract on the server: admit the caller, parse, hand to the handler, answer. The same for all of
 * them, so that none can forget a step.
 */
import type { Headers, HttpRequest } from '@kozeni/api/http'
import { readInput } from '@kozeni/api/input'
import { IDEMPOTENCY_KEY, isIdempotencyKey, type Route } from '@kozeni/api/route'
import { NO_BYTES } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Center } from './center.ts'
import { admit, callerName } from './server-caller.ts'
import type { Handler } from './server-handler.ts'
import { readBody } from './server-json.ts'
import { sendRefusal } from './server-problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route's name in the contract, for the log. */
    readonly routeName?: string
  }
  interface FastifyRequest {
    /** Who asked, for the log. */
    callerName?: string
    /** What was refused, for the log. */
    refused?: string
  }
}

/** What a route has that declares no parameters. */
const NOTHING = z.strictObject({})

const BODY_BYTES = 256 << 10
const RECEIPTS_BYTES = 1 << 20

/** A path of the contract as Fastify spells it. */
export const urlOf = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

/** Lets the server answer this route by this handler. */
export function serve(app: FastifyInstance, center: Center, route: Route, handle: Handler<Route>): void {
  app.route({
    method: route.method,
    url: urlOf(route.path),
    bodyLimit: route.name === 'uploadReceipts' ? RECEIPTS_BYTES : BODY_BYTES,
    config: { routeName: route.name },
    handler: async (request, reply) => {
      const answer = await respond(center, route, handle, request)
      if (answer.ok) return reply.header('cache-control', 'no-store').send(answer.value)
      request.refused = answer.refusal.code
      return sendRefusal(reply, answer.refusal)
    },
  })
}

async function respond(
  center: Center,
  route: Route,
  handle: Handler<Route>,
  request: FastifyRequest,
): Promise<Result<unknown, Refusal>> {
  const http = plain(request)
  const caller = await admit(center, route, http)
  if (!caller.ok) return caller
  request.callerName = callerName(caller.value)
  const input = inputOf(route, request, http)
  if (!input.ok) return input
  return await handle({ ...input.value, caller: caller.value })
}

/** The request as the contract's signatures see it. */
function plain({ method, raw, headers, body }: FastifyRequest): HttpRequest {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
  )
  const flat: Headers = Object.fromEntries(entries)
  return {
    method,
    authority: flat['host'] ?? '',
    target: raw.url ?? '/',
    headers: flat,
    body: body instanceof Uint8Array ? body : NO_BYTES,
  }
}

/** All parts of the request, each by its schema. What the route does not declare must not be there. */
function inputOf(route: Route, request: FastifyRequest, http: HttpRequest): Result<object, Refusal> {
  const parts: Record<string, unknown> = {}
  for (const part of ['params', 'query'] as const) {
    const schema = route[part]
    const read = readInput(schema ?? NOTHING, request[part], part)
    if (!read.ok) return read
    parts[part] = read.value
  }
  const body = bodyOf(route, http)
  if (!body.ok) return body
  const key = keyOf(route, http.headers)
  return key.ok ? ok({ ...parts, body: body.value, idempotencyKey: key.value }) : key
}

function bodyOf(route: Route, { body }: HttpRequest): Result<unknown, Refusal> {
  if (route.rawBody) return ok(body)
  if (route.body === undefined)
    return body.length === 0 ? ok(undefined) : no(refusal('input-wrong', { part: 'body', field: 'body' }))
  const value = readBody(body)
  return value.ok ? readInput(route.body, value.value, 'body') : value
}

function keyOf(route: Route, headers: Headers): Result<string | undefined, Refusal> {
  if (route.idempotent !== 'by-key') return ok(undefined)
  const key = headers[IDEMPOTENCY_KEY] ?? ''
  return isIdempotencyKey(key) ? ok(key) : no(refusal('input-wrong', { part: 'header', field: IDEMPOTENCY_KEY }))
}
