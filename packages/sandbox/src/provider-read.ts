/** Everything that can be asked of the card provider without changing it: single objects, lists, the search. */
import { ok, type Result } from '@kozeni/base/result'
import { type Answer, found, invalid, missing } from './provider-answer.ts'
import type { Call, Params } from './provider-call.ts'
import type { ProviderEvent } from './provider-object.ts'
import { parseQuery } from './provider-search.ts'
import type { Provider } from './provider-state.ts'

interface Listed {
  readonly id: string
  readonly created: number
}

/** @param shelf  the objects of one kind, by id */
export function readOne(shelf: ReadonlyMap<string, object>, kind: string, id: string): Result<Answer, Answer> {
  const object = shelf.get(id)
  return object === undefined ? missing(kind, id, kind === 'payment_intent' ? 'intent' : 'id') : ok(found(object))
}

/** The newest first, `limit` at a time, after `starting_after`, within `created[gte]` and its like. */
export function list(call: Call, objects: Iterable<Listed>): Result<Answer, Answer> {
  const all = [...objects].reverse().filter(({ created }) => createdWithin(call.params, created))
  const after = call.params.get('starting_after')
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && from === 0) return missing('object', after, 'starting_after')
  const data = all.slice(from, from + limitOf(call.params))
  return ok(found({ object: 'list', url: call.path, has_more: from + data.length < all.length, data }))
}

/** All intents, paid or not. */
export const listIntents = (provider: Provider, call: Call): Result<Answer, Answer> =>
  list(call, provider.intents.values())

/** All refunds, or those of the `payment_intent` that is named. */
export function listRefunds(provider: Provider, call: Call): Result<Answer, Answer> {
  const wanted = call.params.get('payment_intent')
  const refunds = [...provider.refunds.values()]
  return list(
    call,
    refunds.filter(refund => wanted === undefined || refund.payment_intent === wanted),
  )
}

/** All events, or those of one `type`, brought to the webhook or not. */
export function listEvents(provider: Provider, call: Call): Result<Answer, Answer> {
  const wanted = call.params.get('type')
  const events = [...provider.events.values()].filter(event => wanted === undefined || event.type === wanted)
  return list(
    call,
    events.map(event => withPending(provider, event)),
  )
}

/** One event, with how many webhooks still wait for it. */
export function readEvent(provider: Provider, id: string): Result<Answer, Answer> {
  const event = provider.events.get(id)
  return event === undefined ? missing('event', id, 'id') : ok(found(withPending(provider, event)))
}

/** Stripe's search pages are opaque; here a page is the number of intents already given. */
export function searchIntents(provider: Provider, call: Call): Result<Answer, Answer> {
  const matches = parseQuery(call.params.get('query') ?? '')
  if (!matches.ok)
    return invalid(`We were unable to parse your query near: ${matches.refusal.rest}`, { param: 'query' })
  const all = [...provider.intents.values()].reverse().filter(matches.value)
  const from = Number(call.params.get('page') ?? 0) || 0
  const end = from + limitOf(call.params)
  const more = end < all.length
  const page = { has_more: more, next_page: more ? String(end) : null }
  return ok(found({ object: 'search_result', url: call.path, ...page, data: all.slice(from, end) }))
}

const withPending = (provider: Provider, event: ProviderEvent): ProviderEvent => ({
  ...event,
  pending_webhooks: provider.outbox.has(event.id) ? 1 : 0,
})

function limitOf(params: Params): number {
  const limit = Number(params.get('limit') ?? 10)
  return Number.isInteger(limit) && limit >= 1 && limit <= 100 ? limit : 10
}

const bounds: Readonly<Record<string, (created: number, bound: number) => boolean>> = {
  'created[gt]': (created, bound) => created > bound,
  'created[gte]': (created, bound) => created >= bound,
  'created[lt]': (created, bound) => created < bound,
  'created[lte]': (created, bound) => created <= bound,
}

const createdWithin = (params: Params, created: number): boolean =>
  Object.entries(bounds).every(([name, holds]) => {
    const bound = params.get(name)
    return bound === undefined || holds(created, Number(bound))
  })
