/**
 * Somebody with a telephone and a chip: installs, loads, pays in shops and at counters, cancels, comes back later. Knows
 * what any telephone remembers: which requests nobody has answered, and what it was told of its payments.
 */
import { meet, type Post, type Purpose, type Report } from '@kozeni/api/meet'
import { type Bytes, base64url } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import { freshName } from '@kozeni/base/dice'
import type { LoadId, PurseId } from '@kozeni/base/ids'
import { ok, type Result } from '@kozeni/base/result'
import { Chip, type Way } from '@kozeni/chip/chip'
import { LocalReader } from '@kozeni/chip/reader-local'
import type { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { encodeCommand } from '@kozeni/protocol/apdu'
import type { Offer } from '@kozeni/protocol/paylink'
import { PURSE_AID, selectCommand } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { encodeTransaction } from '@kozeni/protocol/transaction'
import { type City, diceOf, type Request, strikes } from './city.ts'
import { isSilence } from './network.ts'
import type { Citizen } from './nursery.ts'
import type { QuickDice } from './quick-dice.ts'
import { Radio } from './radio.ts'
import type { Shop } from './shop.ts'
import type { Customer, Till } from './till.ts'

/** Where a holder can go. */
export interface Places {
  readonly shops: readonly Shop[]
  readonly tills: readonly Till[]
}

/** A request for a load of which it is not known whether the center has it. */
interface Wish {
  readonly key: string
  readonly amount: bigint
  /** What the chip has no room for may wait. */
  readonly inParts: boolean
}

/** What a holder was told of a payment. */
export interface Told {
  readonly offer: Offer
  readonly shop: Shop
  /** `refused` is no verdict: what was refused may still be brought again. */
  verdict: 'unknown' | 'refused' | 'pending' | 'paid' | 'not-paid'
}

/** Where a chip was, and is no more. */
const NOWHERE: Reader = { connect: async () => false, transmit: async () => undefined, disconnect: async () => {} }

/** What they do, and how often. */
export type Habits = Readonly<Record<'load' | 'pay' | 'tap' | 'contact' | 'cancel' | 'bring' | 'old' | 'renew', number>>

export class Holder implements Customer {
  readonly citizen: Citizen
  /** Every payment that was ever asked for. */
  readonly told: Told[] = []
  readonly #city: City
  readonly #places: Places
  readonly #dice: QuickDice
  readonly #clock: Clock
  #silicon: MemorySilicon
  #wire: Reader
  #air: Reader
  readonly #post: Post
  readonly #kept: Bytes[] = []
  readonly #wishes = new Map<string, Wish>()
  readonly #loads: LoadId[] = []
  #installed: boolean
  #gone = false

  constructor(city: City, citizen: Citizen, places: Places, installed: boolean) {
    this.#city = city
    this.#places = places
    this.citizen = citizen
    this.#installed = installed
    this.#dice = diceOf(city, `holder ${citizen.chip}`)
    this.#clock = city.timeline.clock()
    const post: Post = body => this.#insist(center => center.contact({ caller: this.#caller, body }))
    this.#post = city.recoveries.watched(post)
    this.#silicon = citizen.silicon
    this.#wire = this.#reader('wire')
    this.#air = this.#reader('radio')
  }

  /** What the chip in the telephone is made of. */
  get silicon(): MemorySilicon {
    return this.#silicon
  }

  /** From now on this is the chip in the telephone. */
  carry(silicon: MemorySilicon): void {
    this.#silicon = silicon
    this.#wire = this.#reader('wire')
    this.#air = this.#reader('radio')
  }

  /** The telephone is gone, with its chip; nobody will ever hear of either. */
  lose(): void {
    this.#gone = true
    this.#wire = NOWHERE
    this.#air = NOWHERE
  }

  get isGone(): boolean {
    return this.#gone
  }

  /** Somebody with another chip that says that it is this purse. */
  copied(): Customer {
    const silicon = this.#silicon.copy()
    const chip = new Chip({ silicon, crypto: this.#city.crypto, dice: this.#dice })
    return { purse: this.purse, atCounter: new LocalReader(chip, 'radio'), isGone: false }
  }

  #reader(way: Way): Reader {
    const chip = new Chip({ silicon: this.#silicon, crypto: this.#city.crypto, dice: this.#dice })
    return new Radio(this.#city, this.#dice, new LocalReader(chip, way), this.#silicon, this.#kept)
  }

  /** Does as is their habit, so many times. */
  async live(habits: Habits, rounds: number, pauseMs: number): Promise<void> {
    for (let round = 0; round < rounds && !this.#gone; round++) {
      await this.#clock.wait(this.#dice.spread(1_000, 2 * pauseMs))
      if (this.#installed) await this.#act(this.#dice.weighted(habits))
      else await this.install()
    }
  }

  /** One contact that installs, or renews. */
  async install(): Promise<void> {
    const done = this.#city.history.begun('installation')
    const met = await this.#meet({ kind: 'install', chip: this.citizen.chip })
    if (met.ok) done()
    this.#installed ||= met.ok
  }

  /** Everything that a telephone does at leisure: asks again whatever was not answered, and lets the chip meet the center. */
  async recover(): Promise<void> {
    if (this.#gone) return
    if (!this.#installed) return this.install()
    for (const wish of [...this.#wishes.values()]) await this.#ask(wish)
    await this.contact()
    const loose = this.told.filter(({ verdict }) => verdict === 'unknown' || verdict === 'pending')
    for (const told of loose) await this.#follow(told)
    if (loose.length > 0) await this.contact()
  }

  /** One contact of the purse with the center. */
  async contact(): Promise<boolean> {
    const met = await this.#meet({ kind: 'purse', purse: this.citizen.purse })
    return met.ok
  }

  /** A telephone has its purse's certificate renewed now and then, and its keys with it. */
  async renew(): Promise<void> {
    if (this.#gone) return
    await this.install()
    await this.contact()
  }

  get purse(): PurseId {
    return this.citizen.purse
  }

  get atCounter(): Reader {
    return this.#air
  }

  #act(what: keyof Habits): Promise<unknown> {
    switch (what) {
      case 'load':
        return this.#load()
      case 'pay':
        return this.#pay()
      case 'tap':
        return this.#tap()
      case 'contact':
        return this.recover()
      case 'cancel':
        return this.#cancel()
      case 'bring':
        return this.#dice.pick(this.#places.tills).bring(this)
      case 'old':
        return this.#bringOld()
      case 'renew':
        return this.install()
    }
  }

  async #load(): Promise<void> {
    const amount = BigInt(this.#dice.spread(500, 8_000))
    const wish: Wish = { key: freshName(this.#dice), amount, inParts: this.#dice.chance(0.5) }
    this.#wishes.set(wish.key, wish)
    await this.#ask(wish)
    await this.contact()
  }

  async #ask({ key, amount, inParts }: Wish): Promise<void> {
    const done = this.#city.history.begun('load asked')
    const body = {
      purse: this.purse,
      amount: String(amount),
      currency: this.#city.policy.currency,
      method: 'card',
      inParts,
    }
    const asked = await this.#insist(center => center.createLoad({ caller: this.#caller, body, idempotencyKey: key }))
    if (isSilence(asked)) return
    this.#wishes.delete(key)
    if (!asked.ok) return
    this.#loads.push(asked.value.load)
    done()
  }

  async #cancel(): Promise<void> {
    const load = this.#loads.at(-1)
    if (load === undefined) return
    const done = this.#city.history.begun('load cancelled')
    const said = await this.#insist(center => center.cancelLoad({ caller: this.#caller, params: { load } }))
    if (said.ok) done()
    if (this.#dice.chance(0.5)) await this.contact()
  }

  async #pay(): Promise<void> {
    const shop = this.#dice.pick(this.#places.shops)
    const sold = await shop.sell(BigInt(this.#dice.spread(1, 3_000)))
    if (sold === undefined) return
    const told: Told = { offer: sold, shop, verdict: 'unknown' }
    this.told.push(told)
    const done = this.#city.history.begun('payment')
    await this.#bringOffer(told)
    await this.contact()
    await this.#follow(told)
    if (told.verdict === 'paid') done()
  }

  async #bringOffer(told: Told): Promise<void> {
    const { transaction, number } = told.offer
    const body = { purse: this.purse, transaction: base64url(encodeTransaction(transaction)), number }
    const { recoveries } = this.#city
    const paid = await this.#insist(center =>
      recoveries.opening(number, () => center.createPayment({ caller: this.#caller, body })),
    )
    if (paid.ok) await this.#learn(told, paid.value)
    else if (!isSilence(paid)) told.verdict = 'refused'
  }

  /** Whether the center opens a payment for this offer, whosever it is. */
  async opens({ transaction, number }: Offer): Promise<boolean> {
    const body = { purse: this.purse, transaction: base64url(encodeTransaction(transaction)), number }
    return (await this.#insist(center => center.createPayment({ caller: this.#caller, body }))).ok
  }

  /** Asks after a payment; one that the center has never seen is brought again. */
  async #follow(told: Told): Promise<void> {
    const params = { store: told.offer.transaction.store, number: told.offer.number }
    const said = await this.#insist(center => center.getPayment({ caller: this.#caller, params }))
    if (said.ok) await this.#learn(told, said.value)
    else if (said.refusal.code === 'not-found') await this.#bringOffer(told)
  }

  async #learn(
    told: Told,
    said: { readonly verdict: 'pending' | 'paid' | 'not-paid'; readonly proof?: string | undefined },
  ) {
    told.verdict = said.verdict
    this.#note(`was told ${said.verdict} of ${told.offer.number}`)
    if (said.proof !== undefined && this.#dice.chance(0.7)) await told.shop.honour(said.proof)
  }

  /** Whoever could not pay at a counter often loads, and so lets the chip meet the center. */
  async #tap(): Promise<void> {
    const paid = await this.#dice.pick(this.#places.tills).sell(this, BigInt(this.#dice.spread(1, 3_000)))
    if (!paid && this.#dice.chance(0.3)) await this.#load()
  }

  /** Whoever has kept a message brings it to the chip again. */
  async #bringOld(): Promise<void> {
    if (this.#kept.length === 0 || !strikes(this.#city, this.#dice, 'oldMessage')) return
    const old = this.#dice.pick(this.#kept)
    if (!(await this.#wire.connect())) return
    await this.#wire.transmit(encodeCommand(selectCommand(PURSE_AID)))
    await this.#wire.transmit(old)
    await this.#wire.disconnect()
  }

  async #meet(purpose: Purpose): Promise<Result<Report, Refusal>> {
    const said: Report = []
    const met = await meet(this.#wire, this.#post, purpose, report => void said.push(...report))
    if (!met.ok) this.#city.watch.hearRefusal(this.purse, met.refusal.code)
    this.#note(`met the center: ${met.ok ? 'done' : met.refusal.code} ${said.map(lineOf).join(', ')}`)
    return met.ok ? ok(said) : met
  }

  get #caller() {
    return { kind: 'device', device: this.citizen.device } as const
  }

  #insist<T>(request: Request<T>): Promise<Result<T, Refusal>> {
    return this.#city.network.insist(this.citizen.chip, request)
  }

  #note(what: string): void {
    this.#city.history.note(this.#city.timeline.now, this.purse, what)
  }
}

const lineOf = (said: Report[number]): string =>
  said.about === 'flags'
    ? `${said.flags.chip}${said.flags.center} ${said.action} ${said.operation?.number ?? ''}`
    : Object.values(said).join(' ')
