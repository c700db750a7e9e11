/** The typed client: a route and its input in, its answer or a refusal out. Input is checked before it travels. */
import { assert } from '@kozeni/base/assert'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { z } from 'zod'
import { type Exchange, exchanger, type Means, type PlainRequest } from './exchange.ts'
import { readInput } from './input.ts'
import { type Answer, type AnyInput, IDEMPOTENCY_KEY, type Input, isIdempotencyKey, type Route } from './route.ts'

/** Calls one route, with what the route declares and nothing else. */
export type Call = <R extends Route>(route: R, input: Input<R>) => Promise<Result<Answer<R>, Refusal>>

/**
 * A client of one center.
 *
 * @returns a function that refuses what the center refuses, and else: input-wrong (before anything was sent) ·
 *          center-unreachable · center-garbled
 */
export const caller = (means: Means): Call => callerOver(exchanger(means))

/** A client over any way to a center: over the network, in one process, in a test. */
export function callerOver(exchange: Exchange): Call {
  async function call<R extends Route>(route: R, input: Input<R>): Promise<Result<Answer<R>, Refusal>>
  async function call(route: Route, input: AnyInput): Promise<Result<unknown, Refusal>> {
    const request = requestOf(route, input)
    if (!request.ok) return request
    const told = await exchange(request.value)
    return told.ok ? answerOf(route, told.value) : told
  }
  return call
}

/** @refuses input-wrong, naming the field */
function requestOf(
  route: Route,
  { params = {}, query = {}, body, idempotencyKey }: AnyInput,
): Result<PlainRequest, Refusal> {
  assert(route.rawBody !== true, `${route.name} is called by its provider alone`)
  const inPath = readInput(route.params ?? NOTHING, params, 'params')
  if (!inPath.ok) return inPath
  const inQuery = readInput(route.query ?? NOTHING, query, 'query')
  if (!inQuery.ok) return inQuery
  const inBody = route.body === undefined ? ok(undefined) : readInput(route.body, body, 'body')
  if (!inBody.ok) return inBody
  const path = pathOf(route.path, inPath.value) + queryOf(inQuery.value)
  const key = idempotencyKey === undefined ? {} : { key: idempotencyKey }
  if (route.idempotent === 'by-key' && !isIdempotencyKey(idempotencyKey ?? ''))
    return no(refusal('input-wrong', { part: 'headers', field: IDEMPOTENCY_KEY }))
  return ok({ method: route.method, path, ...(route.body === undefined ? {} : { body: inBody.value }), ...key })
}

const NOTHING = z.strictObject({})

/** @refuses center-garbled, naming the field */
function answerOf(route: Route, value: unknown): Result<unknown, Refusal> {
  const answer = readInput(route.answer, value, 'answer')
  return answer.ok ? answer : no(refusal('center-garbled', answer.refusal.facts))
}

type Named = Readonly<Record<string, unknown>>

const pathOf = (path: string, params: Named): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))

function queryOf(query: Named): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}
