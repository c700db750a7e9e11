/**
 * A center behind real HTTP that is asked anything, and watched: what it writes while it answers, how long it takes, and
 * whether it met a bug. One request at a time, so that a write belongs to the request that was being answered.
 */

import type { HttpResponse } from '@kozeni/api/http'
import type { KeyName } from '@kozeni/api/key-name'
import { type Route } from '@kozeni/api/route'
import { type RouteName, routes } from '@kozeni/api/routes'
import { sign, signerOf } from '@kozeni/api/signature'
import { utf8 } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import type { SeededDice } from '@kozeni/base/dice'
import { type Holder, OPERATOR_TOKEN, type RawRequest, type Shop, testCenter } from '@kozeni/center/server-for-tests'
import { type Sample, type Scene, sampleOf, setScene } from '@kozeni/center/server-sample-for-tests'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { send } from './fuzz-wire.ts'

export type Who = Pick<RawRequest, 'as' | 'headers'>

/** A request signed by that name's key. */
export const as = (name: KeyName, { privateKey }: { readonly privateKey: Uint8Array }): Who => ({
  as: { name, privateKey },
})

export const OPERATOR: Who = { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } }

const TIMEOUT_MS = 10_000

/** Tables in which a refused request may leave something: what an operator must see of it. */
const MAY_BE_NOTED: ReadonlySet<string> = new Set(['alarm'])

/** What came of one request. */
export interface Answered {
  readonly response: HttpResponse | undefined
  /** Tables that were written to meanwhile. */
  readonly wrote: readonly string[]
}

export class FuzzTown {
  readonly scene: Scene
  readonly stranger: Holder
  readonly rival: Shop
  /** One that nobody sells in. */
  readonly idle: Shop
  readonly #center: Awaited<ReturnType<typeof testCenter>>
  readonly #wrote = new Set<string>()

  private constructor(
    center: Awaited<ReturnType<typeof testCenter>>,
    scene: Scene,
    { stranger, rival, idle }: Pick<FuzzTown, 'stranger' | 'rival' | 'idle'>,
  ) {
    this.#center = center
    this.scene = scene
    this.stranger = stranger
    this.rival = rival
    this.idle = idle
    for (const [name, rows] of Object.entries(center.book.tables)) this.#watch(name, rows)
  }

  static async open(): Promise<FuzzTown> {
    // on a busy machine it is late without end: lateness is not what is tried here
    const center = await testCenter({ requestsPerMinute: 1e9, lateMs: Number.POSITIVE_INFINITY })
    const scene = await setScene(center)
    const stranger = await center.holder('00000000000000a2')
    const [rival, idle] = [await center.shop('Rival shop'), await center.shop('Idle shop')]
    return new FuzzTown(center, scene, { stranger, rival, idle })
  }

  close(): Promise<void> {
    return this.#center.close()
  }

  get center(): Scene['center'] {
    return this.scene.center
  }

  /** Whoever may call this route and has something to call it about. */
  rightful(route: Route): Who {
    const { holder, shop } = this.scene
    if (route.caller.includes('device')) return as({ kind: 'device', id: holder.device }, holder)
    if (route.caller.includes('store')) return as({ kind: 'store', id: shop.store }, shop)
    if (route.caller.includes('terminal')) return as({ kind: 'terminal', id: shop.till.terminal }, shop.till)
    if (route.caller.includes('operator')) return OPERATOR
    return route.caller.includes('provider') ? { headers: { 'stripe-signature': 'right' } } : {}
  }

  /** Somebody else: of the right kind, of another, or nobody. */
  another(dice: SeededDice): Who {
    const { stranger, rival, scene } = this
    const others: readonly Who[] = [
      {},
      as({ kind: 'device', id: stranger.device }, stranger),
      as({ kind: 'store', id: rival.store }, rival),
      as({ kind: 'terminal', id: rival.till.terminal }, rival.till),
      as({ kind: 'device', id: scene.holder.device }, stranger),
      as({ kind: 'key', publicKey: stranger.publicKey }, stranger),
      { headers: { authorization: `Bearer ${OPERATOR_TOKEN}x` } },
    ]
    return others[dice.below(others.length)] ?? {}
  }

  sample(name: RouteName): Sample {
    return sampleOf(name, this.scene)
  }

  /** Sends it, signed over what it is before it is spoiled. No response: none came in time. */
  async ask({ method = 'POST', target, as: signer, headers = {}, body = '', spoil }: RawRequest): Promise<Answered> {
    this.#wrote.clear()
    const { origin, clock } = this.#center
    const bytes = typeof body === 'string' ? utf8(body) : body
    const given = { host: new URL(origin).host, 'content-type': 'application/json', ...headers }
    const request = { method, authority: given.host, target, headers: given, body: bytes }
    const by = signer && signerOf(crypto, signer.name, signer.privateKey)
    const signed = { ...given, ...(by && (await sign(crypto, request, by, seconds(clock.now())))) }
    const spoiled = spoil?.(signed) ?? signed
    const response = await send({ origin, method, target, headers: spoiled, body: bytes, timeoutMs: TIMEOUT_MS })
    return { response, wrote: [...this.#wrote] }
  }

  /** Why this answer may not be; empty when it may. */
  judge({ response, wrote }: Answered): readonly string[] {
    if (response === undefined) return ['no answer in ten seconds']
    const { status, body } = response
    const left = wrote.filter(table => !MAY_BE_NOTED.has(table))
    return [
      ...(status >= 500 ? [`${status}: ${body.slice(0, 200)}`] : []),
      ...(status >= 400 && left.length > 0 ? [`it was refused with ${status}, and wrote ${left.join(', ')}`] : []),
    ]
  }

  /** From now on its writes are noticed. */
  #watch(name: string, rows: object): void {
    if (!(rows instanceof Map)) return
    const set = rows.set.bind(rows)
    rows.set = (key, row) => {
      this.#wrote.add(name)
      return set(key, row)
    }
  }
}

/** A sample as it is sent. */
export const requestOf = ({ method, target, body, key }: Sample, { as: signer, headers }: Who): RawRequest => ({
  method,
  target,
  body: body === undefined ? '' : JSON.stringify(body),
  headers: { ...headers, ...(key && { 'idempotency-key': key }) },
  ...(signer && { as: signer }),
})

export const ROUTE_NAMES = Object.keys(routes) as readonly RouteName[]
