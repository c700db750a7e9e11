/**
 * A shop of an affiliated store: the published SDK around a book that loses what was not yet durable when its server
 * dies. It sells, takes proofs and webhooks, asks after what it was not told, and orders refunds.
 */
import type { StoreId } from '@kozeni/base/ids'
import { no, type Result } from '@kozeni/base/result'
import type { StoreRow } from '@kozeni/center/book'
import { parseNumber } from '@kozeni/protocol/number'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { LogBook } from '@kozeni/store/book-log'
import type { Call, CallRequest } from '@kozeni/store/center-client'
import type { Chest } from '@kozeni/store/chest'
import { memoryChest } from '@kozeni/store/chest-memory'
import { Seeds } from '@kozeni/store/seeds'
import { type Sold, Store } from '@kozeni/store/store'
import { type City, diceOf, strikes } from './city.ts'
import type { QuickDice } from './quick-dice.ts'
import type { Routes } from './routes.ts'

/** How often it asks in a world's life, about. */
const ASKS = 24

/** The store's server has died. */
class ServerDied extends Error {}

export class Shop {
  readonly row: StoreRow
  /** Goods handed over, by number: never twice. */
  readonly handedOver = new Map<string, number>()
  /** Numbers that were given out. */
  readonly offered: string[] = []
  readonly #city: City
  readonly #dice: QuickDice
  readonly #chest: Chest = memoryChest()
  readonly #lines: string[] = []
  readonly #undecided = new Set<string>()
  #store: Promise<Store> | undefined

  constructor(city: City, row: StoreRow) {
    this.#city = city
    this.row = row
    this.#dice = diceOf(city, `shop ${row.store}`)
  }

  get id(): StoreId {
    return this.row.store
  }

  /** A number for a sale of this amount; undefined when the shop cannot sell now. */
  async sell(amount: bigint): Promise<Sold | undefined> {
    const sold = await this.#work(store => store.sell({ amount }))
    if (sold === undefined || !sold.ok) return undefined
    this.offered.push(sold.value.number)
    this.#undecided.add(sold.value.number)
    return sold.value
  }

  /** Somebody shows a proof. */
  async honour(proof: string): Promise<void> {
    this.#settled(await this.#work(store => store.honour(proof)))
  }

  /** The center's webhook; @returns the status of the answer, undefined when there was none */
  async hear(headers: Readonly<Record<string, string>>, body: string): Promise<number | undefined> {
    if (strikes(this.#city, this.#dice, 'requestLost')) return undefined
    const heard = await this.#work(store => store.webhook(headers, body))
    if (heard === undefined) return undefined
    if (heard.ok && heard.value.settled !== null) this.#settled({ ok: true, value: heard.value.settled })
    return strikes(this.#city, this.#dice, 'answerLost') ? undefined : heard.ok ? 204 : 400
  }

  /** Asks after everything that it was told nothing of. */
  async ask(): Promise<void> {
    for (const number of [...this.#undecided]) {
      const asked = await this.#work(store => store.status(number))
      this.#settled(asked)
      if (asked?.ok && asked.value.handOver) this.#city.recoveries.storeAsked()
    }
  }

  /** Now and then: asks, gives something back. */
  async live(untilMs: number): Promise<void> {
    const clock = this.#city.timeline.clock()
    const aboutMs = (untilMs - clock.now()) / ASKS
    while (clock.now() < untilMs) {
      await clock.wait(this.#dice.spread(aboutMs / 10, 3 * aboutMs))
      await this.ask()
      if (this.#dice.chance(0.5)) await this.#giveBack()
    }
  }

  /** What the shop's own book says of a number; undefined when it has none. */
  async said(number: string): Promise<'open' | 'paid' | 'not-paid' | undefined> {
    const sale = await this.#work(store => store.sale(number))
    return sale?.ok ? sale.value.state : undefined
  }

  async #giveBack(): Promise<void> {
    const [number, times] = this.#dice.pick([...this.handedOver, ['', 0] as const])
    if (times === 0) return
    const done = this.#city.history.begun('refund')
    const order = { number, amount: 1n, reason: 'it broke', key: `refund ${this.#dice.below(3)}` }
    const refunded = await this.#work(store => store.refund(order))
    if (refunded?.ok) done()
  }

  #settled(settled: Result<Awaited<Settled>, Refusal> | undefined): void {
    if (settled === undefined || !settled.ok) return
    const { sale, handOver } = settled.value
    if (sale.state === 'open') return
    this.#undecided.delete(sale.number)
    if (handOver) this.handedOver.set(sale.number, (this.handedOver.get(sale.number) ?? 0) + 1)
    this.#city.history.note(this.#city.timeline.now, this.id, `knows ${sale.number} as ${sale.state}`)
  }

  /** Does it with a server that is up; undefined when that dies over it, or has died meanwhile. */
  async #work<T>(work: (store: Store) => Promise<T>): Promise<T | undefined> {
    this.#store ??= this.#open()
    const store = this.#store
    try {
      const done = await work(await store)
      return store === this.#store ? done : undefined
    } catch (error) {
      if (!(error instanceof ServerDied)) throw error
      if (store === this.#store) this.#store = undefined
      return undefined
    }
  }

  async #open(): Promise<Store> {
    const { crypto, timeline, policy } = this.#city
    const facts = { id: this.id, currency: policy.currency, webhookSecrets: [this.row.webhookSecret] }
    const seeds = await Seeds.open(this.#chest)
    return new Store({ ...facts, book: this.#book(), seeds, crypto, clock: timeline.clock(), call: this.#call })
  }

  /** A line is durable or not when the server dies at it; a dead server writes no more. */
  #book(): LogBook {
    let [fresh, dead]: [string[], boolean] = [[], false]
    const settled = async (): Promise<void> => {
      if (dead) throw new ServerDied('before')
      dead = fresh.length > 0 && strikes(this.#city, this.#dice, 'storeDies')
      if (!dead || this.#dice.chance(0.5)) this.#lines.push(...fresh)
      fresh = []
      if (dead) throw new ServerDied('at its disk')
    }
    return new LogBook({ append: line => void fresh.push(line), settled, close: async () => {} }, this.#lines)
  }

  readonly #call: Call = async request => this.#city.network.insist(this.id, center => this.#route(center, request))

  #route(center: Routes, { method, path, body, key = '' }: CallRequest): Promise<Result<unknown, Refusal>> {
    const caller = { kind: 'store', store: this.row } as const
    if (path.endsWith('/seeds')) return center.getSeeds({ caller })
    if (method === 'POST' && path.endsWith('/refunds')) {
      const asked = body as Parameters<Routes['createRefund']>[0]['body']
      return center.createRefund({ caller, body: asked, idempotencyKey: key })
    }
    const number = parseNumber(path.slice(path.lastIndexOf('/') + 1))
    if (number.ok) return center.getStorePayment({ caller, params: { number: number.value } })
    return Promise.resolve(no(refusal('not-found')))
  }
}

type Settled = ReturnType<Store['honour']> extends Promise<Result<infer S, Refusal>> ? S : never
