/**
 * The center over HTTP: every route of the contract by one generic function, and around them limits, headers, the
 * reference, and a log that holds no body, no header and no secret.
 */
import { randomUUID } from 'node:crypto'
import { METHODS } from 'node:http'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { Route } from '@kozeni/api/route'
import { allRoutes, type RouteName, routes } from '@kozeni/api/routes'
import { refusal } from '@kozeni/protocol/refusal'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Center } from './center.ts'
import { RefusedNumbers } from './refused-numbers.ts'
import { contactHandlers } from './server-contacts.ts'
import { deviceHandlers } from './server-devices.ts'
import { foundHandlers } from './server-found.ts'
import { gapHandlers } from './server-gaps.ts'
import type { Handler, Handlers } from './server-handler.ts'
import { lateness } from './server-lateness.ts'
import { loadHandlers } from './server-loads.ts'
import { moveHandlers } from './server-moves.ts'
import { numberHandlers } from './server-numbers.ts'
import { operatorHandlers } from './server-operator.ts'
import { paymentHandlers } from './server-payments.ts'
import { refusalOfError, sendBug, sendRefusal } from './server-problem.ts'
import { proposalHandlers } from './server-proposals.ts'
import { addReference } from './server-reference.ts'
import { returnHandlers } from './server-returns.ts'
import { serve, urlOf } from './server-route.ts'
import { storeHandlers } from './server-stores.ts'
import { terminalPlaceHandlers } from './server-terminal-place.ts'
import { terminalHandlers } from './server-terminals.ts'
import { viewHandlers } from './server-views.ts'
import { webhookHandlers } from './server-webhooks.ts'

/** How much the server lets in before it says that it is busy. */
export interface ServerLimits {
  /** Requests of one address in one minute. */
  readonly requestsPerMinute: number
  /** Longest that the event loop may be late. */
  readonly lateMs: number
}

export const defaultLimits: ServerLimits = { requestsPerMinute: 60_000, lateMs: 2_000 }

/** Requests take no longer to arrive than this. */
const ARRIVAL_MS = 30_000

/** The server, ready to listen; closing it lets what is under way finish. */
export async function createServer(center: Center, limits: ServerLimits = defaultLimits): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    requestTimeout: ARRIVAL_MS,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => void answerError(center, error, request, reply),
  })
  takeJsonOnly(app)
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(center, error, request, reply))
  app.setNotFoundHandler((_, reply) => sendRefusal(reply, refusal('not-found')))
  app.addHook('onResponse', async (request, reply) => logLine(center, request, reply))
  await addProtection(app, limits)
  const handlers = handlersOf(center)
  for (const name of Object.keys(routes) as RouteName[]) serve(app, center, routes[name], anyHandler(handlers, name))
  refuseOtherMethods(app)
  await addReference(app)
  return app
}

/** @spec RFC 9110 §9.1, §15.5.6 */
function refuseOtherMethods(app: FastifyInstance): void {
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  for (const [path, declared] of Map.groupBy(allRoutes, ({ path }) => path)) {
    const allowed = declared.map(({ method }): string => method)
    const refuse = async (_: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      sendRefusal(reply.header('allow', allowed.join(', ')), refusal('method-wrong'))
    // before anybody looks at the body
    app.route({
      method: METHODS.filter(each => !allowed.includes(each)),
      url: urlOf(path),
      onRequest: refuse,
      handler: refuse,
    })
  }
}

const handlersOf = (center: Center, refused = new RefusedNumbers()): Handlers => ({
  ...contactHandlers(center),
  ...deviceHandlers(center),
  ...loadHandlers(center),
  ...moveHandlers(center),
  ...operatorHandlers(center),
  ...terminalPlaceHandlers(center),
  ...returnHandlers(center),
  ...gapHandlers(center),
  ...proposalHandlers(center),
  ...foundHandlers(center),
  ...paymentHandlers(center, refused),
  ...numberHandlers(center, refused),
  ...storeHandlers(center),
  ...terminalHandlers(center),
  ...viewHandlers(center),
  ...webhookHandlers(center),
})

/** The one gate from a route's own handler to any: server-route.ts hands it what this route's schemas have parsed. */
const anyHandler = (handlers: Handlers, name: RouteName): Handler<Route> => handlers[name] as Handler<Route>

/** Bodies stay bytes, for signatures; they are parsed by server-json.ts, and only there. */
function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
}

async function addProtection(app: FastifyInstance, { requestsPerMinute, lateMs }: ServerLimits): Promise<void> {
  const safe = await safeHeaders()
  app.addHook('onRequest', async (_, reply) => void reply.headers(safe))
  await app.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 })
  const late = lateness()
  app.addHook('onRequest', async (_, reply) => (late.now() > lateMs ? sendRefusal(reply, refusal('busy')) : undefined))
  app.addHook('onClose', async () => late.stop())
}

/** What helmet adds to an answer. It is the same for all, so it is asked once, and not for each. */
async function safeHeaders(): Promise<Readonly<Record<string, string>>> {
  const app = fastify()
  app.get('/plain', async () => '')
  await app.register(async guarded => {
    await guarded.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: NOTHING_LOADED } })
    guarded.get('/guarded', async () => '')
  })
  const [plain, guarded] = [await app.inject('/plain'), await app.inject('/guarded')]
  await app.close()
  const added = Object.entries(guarded.headers).filter(([name]) => !(name in plain.headers))
  return Object.fromEntries(added.map(([name, value]) => [name, String(value)]))
}

const NOTHING_LOADED = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] }

function answerError(center: Center, error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const reason = refusalOfError(error)
  if (reason === undefined) {
    const { name, message, stack } = error
    center.log('error', 'a request met a bug', { request: request.id, error: { name, message, stack } })
    return sendBug(reply, request.id)
  }
  request.refused = reason.code
  return sendRefusal(reply, reason)
}

function logLine({ log }: Center, request: FastifyRequest, reply: FastifyReply): void {
  log('info', 'answered', {
    request: request.id,
    route: request.routeOptions.config.routeName,
    caller: request.callerName,
    status: reply.statusCode,
    refused: request.refused,
    ms: Math.round(reply.elapsedTime),
  })
}
