/**
 * How one route of the center is declared: typed data, from which the server takes its parsers, the clients their types,
 * the reference its text, and the tests their matrix of callers. A route declares only what is its own; what every
 * route may refuse is added by refusalsOf.
 */
import type { RefusalCode } from '@kozeni/protocol/refusal'
import type { z } from 'zod'

/**
 * Who asks. `nobody` has no credentials yet; `device`, `store` and `terminal` sign with their registered keys;
 * `operator` shows a token; `provider` signs its webhooks in its own way.
 */
export const CALLER_KINDS = ['nobody', 'device', 'store', 'terminal', 'operator', 'provider'] as const
export type CallerKind = (typeof CALLER_KINDS)[number]

export interface Route {
  readonly name: string
  readonly method: 'GET' | 'POST'
  /** Parameters in braces: /v1/loads/{load}. */
  readonly path: `/${string}`
  /** Everybody else is refused as caller-not-allowed. */
  readonly caller: readonly CallerKind[]
  readonly params?: z.ZodObject
  /** All values are text, as they come. */
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** The body is not JSON of ours: it is handed on byte for byte. */
  readonly rawBody?: true
  readonly answer: z.ZodType
  /** What only this route refuses. */
  readonly refuses: readonly RefusalCode[]
  /** One line. */
  readonly summary: string
  /** Sentences. */
  readonly description: string
  /** Every route may be repeated: as it is (`by-nature`), or under the same Idempotency-Key (`by-key`). */
  readonly idempotent: 'by-nature' | 'by-key'
}

/** The header that makes a `by-key` route repeatable. */
export const IDEMPOTENCY_KEY = 'idempotency-key'

/** Whether `text` can be an idempotency key: up to 64 visible ASCII characters; chance, or the caller's own name for it. */
export const isIdempotencyKey = (text: string): boolean => /^[\x21-\x7e]{1,64}$/.test(text)

/** The callers that sign each request (signature.ts). */
const SIGNING: readonly CallerKind[] = ['device', 'store', 'terminal']

const ANYWHERE: readonly RefusalCode[] = ['busy']
const WITH_INPUT: readonly RefusalCode[] = ['input-wrong']
const WITH_BODY: readonly RefusalCode[] = ['input-wrong', 'too-large', 'media-type-wrong']
const AUTHENTICATED: readonly RefusalCode[] = ['not-authenticated', 'caller-unknown', 'caller-not-allowed']
const SIGNED: readonly RefusalCode[] = ['signature-wrong', 'clock-differs']
const BY_KEY: readonly RefusalCode[] = ['key-reused', 'in-progress']

/** Whether a caller has to say who it is. */
export const isAuthenticated = (route: Route): boolean => !route.caller.includes('nobody')

/** All that a route may refuse, each code once: its own, and what its kind of route may. */
export function refusalsOf(route: Route): readonly RefusalCode[] {
  const signed = route.caller.some(caller => SIGNING.includes(caller))
  return [
    ...new Set([
      ...route.refuses,
      ...((route.params ?? route.query) ? WITH_INPUT : []),
      ...(route.body ? WITH_BODY : []),
      ...(isAuthenticated(route) ? AUTHENTICATED : []),
      ...(signed ? SIGNED : []),
      ...(route.idempotent === 'by-key' ? ['input-wrong' as const, ...BY_KEY] : []),
      ...ANYWHERE,
    ]),
  ]
}

/** The names in braces, in order. */
export const paramsIn = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')

/** What a caller may hand in with any route. */
export interface AnyInput {
  readonly params?: unknown
  readonly query?: unknown
  readonly body?: unknown
  readonly idempotencyKey?: string
}

type Part<R extends Route, K extends 'params' | 'query' | 'body'> = R[K] extends z.ZodType
  ? Readonly<Record<K, z.input<R[K]>>>
  : { readonly [_ in K]?: never }

type Key<R extends Route> = R['idempotent'] extends 'by-key'
  ? { readonly idempotencyKey: string }
  : { readonly idempotencyKey?: never }

/** What a caller hands in with this route: all that it declares, and nothing else. */
export type Input<R extends Route> = AnyInput & Part<R, 'params'> & Part<R, 'query'> & Part<R, 'body'> & Key<R>

/** A route's part as its server has parsed it; the wire's spelling is the same at both ends. */
export type Parsed<R extends Route, K extends 'params' | 'query' | 'body'> = R[K] extends z.ZodType
  ? z.output<R[K]>
  : undefined

/** What the center answers when it does not refuse. */
export type Answer<R extends Route> = z.output<R['answer']>
