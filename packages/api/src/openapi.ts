/**
 * The OpenAPI 3.1 document of the center, made from the table of routes and the named schemas. Pure: it writes no file and
 * serves nothing. docs/openapi.json is its checked-in copy.
 */
import { type RefusalCode, WIRE } from '@kozeni/protocol/refusal'
import { z } from 'zod'
import { inline, referenceTo, schemas } from './openapi-schema.ts'
import { PROBLEM_MEDIA_TYPE, problem, problemOf } from './problem.ts'
import { type CallerKind, IDEMPOTENCY_KEY, type Route, refusalsOf } from './route.ts'
import { allRoutes } from './routes.ts'
import { storePayment } from './routes-store.ts'

type Json = Readonly<Record<string, unknown>>

/** @param version  of the product */
export const openApi = (version: string): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Kozeni center',
    version,
    summary: 'The electronic-money server: what phones, terminals, stores, operators and providers ask of it.',
    description: DESCRIPTION,
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  tags: TAGS.map(([name, description]) => ({ name, description })),
  paths: paths(),
  webhooks: { 'payment.decided': paymentDecided },
  components: { schemas: schemas(), examples: examples(), securitySchemes: SECURITY },
})

const DESCRIPTION = `Amounts are whole minor units in plain digits, as text. Names are sixteen hexadecimal digits, bytes base64url, times RFC 3339
in UTC unless a schema says otherwise. Unknown fields of a request are refused; unknown fields of an answer are to be ignored.

A refusal is a problem (RFC 9457): its \`code\` says what is so, \`detail\` what to do next, \`retry\` whether to repeat. Every
request may be repeated: as it is, or, where an Idempotency-Key is asked for, under the same key.`

const TAGS = [
  ['anyone', 'Before anybody is known.'],
  ['holder', 'Devices of holders.'],
  ['terminal', 'Tills of stores.'],
  ['store', 'Servers of stores.'],
  ['operator', 'The issuer’s people.'],
  ['provider', 'Card providers.'],
] as const

const TAG_OF: Readonly<Record<CallerKind, (typeof TAGS)[number][0]>> = {
  nobody: 'anyone',
  device: 'holder',
  terminal: 'terminal',
  store: 'store',
  operator: 'operator',
  provider: 'provider',
}

const SECURITY: Json = {
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'Signature',
    description:
      'HTTP Message Signatures (RFC 9421), ecdsa-p256-sha256, with Signature-Input. Covered: "@method", "@authority", ' +
      '"@path", "@query"; "content-digest" (RFC 9530, sha-256) where there is a body; "idempotency-key" where there is one. ' +
      'Parameters: created (within 300 seconds of the center’s clock), keyid ("device:", "store:" or "terminal:" and the ' +
      'name; "key:" and the public key for who is not registered yet), tag "kozeni".',
  },
  token: { type: 'http', scheme: 'bearer', description: 'An operator’s session.' },
  provider: {
    type: 'apiKey',
    in: 'header',
    name: 'Stripe-Signature',
    description: 'The card provider’s own signature over the body’s very bytes.',
  },
}

const SECURITY_OF: Readonly<Record<CallerKind, keyof typeof SECURITY | undefined>> = {
  nobody: undefined,
  device: 'signature',
  terminal: 'signature',
  store: 'signature',
  operator: 'token',
  provider: 'provider',
}

function paths(): Json {
  const found: Record<string, Json> = {}
  for (const route of allRoutes)
    found[route.path] = { ...found[route.path], [route.method.toLowerCase()]: operationOf(route) }
  return found
}

const operationOf = (route: Route): Json => ({
  operationId: route.name,
  summary: route.summary,
  description: route.description,
  tags: [...new Set(route.caller.map(kind => TAG_OF[kind]))],
  security: securityOf(route),
  parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query'), ...keyOf(route)],
  ...requestOf(route),
  responses: {
    200: { description: 'As asked.', content: { 'application/json': { schema: referenceTo(route.answer) } } },
    ...refusedOf(route),
  },
  'x-callers': route.caller,
})

/** A new device signs too, with the key that it registers. */
function securityOf(route: Route): readonly Json[] {
  const schemes = new Set(route.caller.flatMap(kind => SECURITY_OF[kind] ?? []))
  if (refusalsOf(route).includes('signature-wrong') && route.rawBody !== true) schemes.add('signature')
  return [...schemes].map(name => ({ [name]: [] }))
}

const parametersOf = (object: z.ZodObject | undefined, place: 'path' | 'query'): readonly Json[] =>
  Object.entries(object?.shape ?? {}).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: inline(schema instanceof z.ZodOptional ? schema.unwrap() : schema),
  }))

const keyOf = ({ idempotent }: Route): readonly Json[] =>
  idempotent === 'by-nature'
    ? []
    : [
        {
          name: IDEMPOTENCY_KEY,
          in: 'header',
          required: true,
          description: 'The same key with the same content is the same request. Up to 64 visible ASCII characters.',
          schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,64}$' },
        },
      ]

function requestOf({ body, rawBody }: Route): Json {
  const schema = rawBody ? { type: 'object', description: 'The provider’s own event.' } : body && referenceTo(body)
  return schema === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema } } } }
}

/** One response a status, with an example a code. */
function refusedOf(route: Route): Json {
  const byStatus = Map.groupBy(refusalsOf(route), code => WIRE[code].http)
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, refusedWith(codes)]))
}

const refusedWith = (codes: readonly RefusalCode[]): Json => ({
  description: codes.map(code => `\`${code}\`: ${WIRE[code].title}`).join(' '),
  content: {
    [PROBLEM_MEDIA_TYPE]: {
      schema: referenceTo(problem),
      examples: Object.fromEntries(codes.map(code => [code, { $ref: `#/components/examples/${code}` }])),
    },
  },
})

/** One problem a code that some route refuses. */
function examples(): Json {
  const codes = [...new Set(allRoutes.flatMap(refusalsOf))].toSorted()
  return Object.fromEntries(
    codes.map(code => [code, { summary: WIRE[code].title, value: problemOf({ code, facts: {} }) }]),
  )
}

/** What stores are told of their own accord, by Standard Webhooks. */
const paymentDecided: Json = {
  post: {
    operationId: 'paymentDecided',
    summary: 'A payment was decided',
    description:
      'Signed by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature). May come again and late.',
    tags: ['store'],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['type', 'timestamp', 'data'],
            properties: {
              type: { const: 'payment.decided' },
              timestamp: { type: 'string', format: 'date-time' },
              data: referenceTo(storePayment),
            },
          },
        },
      },
    },
    responses: { 200: { description: 'Heard. Anything but 2xx is told again, later each time.' } },
  },
}
