/**
 * A refusal as it leaves the building, and back: problem details of RFC 9457, application/problem+json. `type` is a name,
 * not an address; `code`, `retry` and `facts` are members of our own.
 */
import { type Refusal, type RefusalCode, refusal, WIRE } from '@kozeni/protocol/refusal'
import type { Wire } from '@kozeni/protocol/refusal-wire'
import { z } from 'zod'
import { naming, refusalCode } from './schema.ts'

export const PROBLEM_MEDIA_TYPE = 'application/problem+json'
const TYPE_PREFIX = 'urn:kozeni:refusal:'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  /** The remedy: what to do next. */
  readonly detail: string
  readonly code: RefusalCode
  readonly retry: Wire['retry']
  readonly facts: Refusal['facts']
}

/** How a problem is read: of a newer center the code may be one that this side does not know yet. */
const reading = z.object({
  type: z.string().startsWith(TYPE_PREFIX),
  code: z.string().max(80),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})

/** How a problem is described in the reference. */
export const problem = naming(
  'Problem',
  'Why not, and what to do next (RFC 9457). Retry: “same” later as it is, “changed” after mending it, “never” not at all.',
  z.object({
    type: z.string().startsWith(TYPE_PREFIX),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: refusalCode,
    retry: z.enum(['same', 'changed', 'never']),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
)

/** The body to answer a refusal with; `status` is the status to answer it under. */
export function problemOf({ code, facts }: Refusal): Problem {
  const { title, http, remedy, retry } = WIRE[code]
  return { type: `${TYPE_PREFIX}${code}`, title, status: http, detail: remedy, code, retry, facts }
}

/**
 * The refusal that an answer other than 2xx means. What is no problem of ours was not said by the center: by a proxy that
 * cannot reach it, or by a stranger. A code that only a newer center knows is taken for its status.
 *
 * @param body  parsed JSON, or undefined when it was none
 */
export function refusalOfProblem(status: number, body: unknown): Refusal {
  const read = reading.safeParse(body)
  if (!read.success) return refusal(PROXY.includes(status) ? 'center-unreachable' : 'center-garbled', { status })
  const { code, facts } = read.data
  return isCode(code) ? refusal(code, facts) : refusal(BY_STATUS[status] ?? 'center-garbled', { status, code })
}

const isCode = (code: string): code is RefusalCode => Object.hasOwn(WIRE, code)

/** What proxies and overloaded servers say of themselves. */
const PROXY: readonly number[] = [429, 500, 502, 503, 504]

const BY_STATUS: Readonly<Partial<Record<number, RefusalCode>>> = {
  400: 'input-wrong',
  401: 'not-authenticated',
  403: 'caller-not-allowed',
  404: 'not-found',
  405: 'method-wrong',
  409: 'data-wrong',
  413: 'too-large',
  415: 'media-type-wrong',
  422: 'data-wrong',
  503: 'busy',
}
