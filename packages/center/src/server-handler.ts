/** What answers one route: a function from what was asked, and by whom, to an answer or a refusal. */
import type { Answer, Input, Route } from '@kozeni/api/route'
import type { RouteName, routes } from '@kozeni/api/routes'
import type { Result } from '@kozeni/base/result'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Caller } from './server-caller.ts'

/** One request, past its parsers, by a caller of a kind that the route is for. */
export type Asked<R extends Route> = Input<R> & { readonly caller: Extract<Caller, { kind: R['caller'][number] }> }

export type Handler<R extends Route> = (asked: Asked<R>) => Promise<Result<Answer<R>, Refusal>>

type HandlerOf<N extends RouteName> = Handler<(typeof routes)[N]>

/** A handler for every route. */
export type Handlers = { readonly [N in RouteName]: HandlerOf<N> }
