/** One scenario, ready to be searched: its cast, what may happen, and what is asked of every state. */

import type { MemoryTables } from '@kozeni/center/book-memory'
import { calamity, restoredBook } from './calamity.ts'
import { Cast, PRESENT } from './cast.ts'
import type { Design } from './design.ts'
import { elsewhere } from './elsewhere.ts'
import { RECORD_RING } from './history.ts'
import { EPOCH, purseId } from './issuer.ts'
import {
  atRest,
  claimed,
  earned,
  epochOf,
  inTransit,
  isFunded,
  isLeft,
  isOnPaper,
  isPaidOut,
  judgeBook,
  judgePair,
  judgeRestoredPair,
  judgeUnfenced,
  owed,
  refundedUnknown,
  uncollected,
} from './judge.ts'
import { leaving, losing } from './leaving.ts'
import { type Naming, namesOfBook, namesOfChip } from './met.ts'
import { offline, type Shelf } from './offline.ts'
import { online } from './online.ts'
import { people } from './people.ts'
import type { Plot } from './plot.ts'
import { Shop } from './shop.ts'
import type { Rules, Stage } from './stage.ts'

/** What one chip and one book say of each other. */
interface Pair {
  readonly broken: string | undefined
  /** The same, of a center that was restored. */
  readonly brokenRestored: string | undefined
  readonly rests: boolean
  /** Every debit is. */
  readonly collected: boolean
  /** What the chip holds, and what its debits will move that are not collected yet. */
  readonly worth: number
}

/** What one book says by itself. */
interface Balance {
  readonly broken: string | undefined
  readonly claims: number
  /** By on-line pays. */
  readonly earned: number
  readonly epoch: number
  /** On the holder's own account, between two purses. */
  readonly transit: number
}

/** @param memory  whether the handlers' answers are remembered */
export function staged(plot: Plot, design: Design, memory = true): Stage {
  const cast = new Cast(plot, design, memory)
  online(cast)
  calamity(cast)
  const others = { shop: new Shop(cast), shelf: offline(cast) }
  elsewhere(cast, others.shelf)
  if (plot.elsewhere.loads > 0) people(cast)
  if (plot.moves) leaving(cast)
  if (plot.chipLoss) losing(cast, others.shelf.places, others.shelf.isCleared)
  cast.stage.judgedBy(new Judge(cast, others))
  return cast.stage
}

class Judge implements Rules {
  readonly #cast: Cast
  readonly #shelf: Shelf
  readonly #shop: Shop
  readonly #pairs = new Map<number, Pair>()
  readonly #sinceRestored = new Map<number, string | undefined>()
  readonly #values: number[] = []
  readonly #books: (Balance | undefined)[] = []
  readonly #funds: number[] = []

  constructor(cast: Cast, { shelf, shop }: { readonly shelf: Shelf; readonly shop: Shop }) {
    this.#cast = cast
    this.#shelf = shelf
    this.#shop = shop
  }

  judge(state: Int32Array): string | undefined {
    const { chipAt, centerAt, backupAt } = this.#cast
    const book = state[centerAt] ?? 0
    const { broken: wrong, claims, earned: online, epoch, transit } = this.#book(book)
    if (wrong !== undefined) return wrong
    const restored = restoredBook(state[backupAt] ?? 0)
    if (epoch > EPOCH && restored === undefined) return 'INV-EPOCH: a new epoch has begun, and nothing was restored'
    const unfenced = restored === undefined ? undefined : this.#unfenced(restored, book)
    if (unfenced !== undefined) return unfenced
    // what a restored book has on its way may have arrived already: then the second purse's chip has it
    const onItsWay = restored === undefined ? transit : 0
    // goods that were given are claimed, whatever a restored book has forgotten
    let there = claims - online + Math.max(online, this.#shop.paid(state)) + onItsWay
    for (let chip = 0; chip < chipAt.length; chip++) {
      const record = state[chipAt[chip] ?? 0] ?? 0
      const fallen = this.#cast.chips.fallen(record)
      if (fallen !== undefined) return fallen
      const pair = this.#pair(record, book)
      const broken = restored === undefined ? pair.broken : pair.brokenRestored
      if (broken !== undefined) return broken
      there += pair.worth
    }
    const funds = this.#fundsOf(state)
    if (there > funds) return `INV-NOCREATE: chips and stores have ${there}, and only ${funds} was paid in`
    return this.#shelf.judge(state)
  }

  isAtRest(state: Int32Array): boolean {
    const { chipAt, centerAt, lossAt } = this.#cast
    const book = state[centerAt] ?? 0
    if (state[lossAt] !== PRESENT) return this.#isPaidOut(state, book) && this.#shop.isAtRest(state)
    const collected = this.#shelf.isLost(state) || chipAt.every(at => this.#pair(state[at] ?? 0, book).collected)
    const rests = collected && chipAt.every(at => this.#pair(state[at] ?? 0, book).rests)
    return rests && this.#shelf.isAtRest(state) && this.#shop.isAtRest(state)
  }

  get namings(): readonly Naming[] {
    const { chipAt, centerAt, chips, centers } = this.#cast
    return [
      ...chipAt.map(place => ({ place, names: (record: number) => namesOfChip(chips.facts(record)) })),
      { place: centerAt, names: book => namesOfBook(centers.tables(book)) },
      ...this.#shelf.namings,
    ]
  }

  /** Of a lost chip nobody hears any more: what it had is on its holder's account, all of it. */
  #isPaidOut(state: Int32Array, book: number): boolean {
    const tables = this.#cast.centers.tables(book)
    const { claims, transit } = this.#book(book)
    // what a restored book has forgotten was captured is left alone until it is asked for again
    const isRestored = restoredBook(state[this.#cast.backupAt] ?? 0) !== undefined
    const all = isRestored || claims + transit === this.#fundsOf(state)
    return all && isPaidOut(tables, purseId(1)) && isFunded(tables)
  }

  #unfenced(restored: number, book: number): string | undefined {
    const key = restored * 2 ** 26 + book
    if (!this.#sinceRestored.has(key)) {
      const { centers, chipAt } = this.#cast
      const judged = [...chipAt.keys()].map(chip =>
        judgeUnfenced(purseId(chip + 1), centers.tables(restored), centers.tables(book)),
      )
      this.#sinceRestored.set(
        key,
        judged.find(broken => broken !== undefined),
      )
    }
    return this.#sinceRestored.get(key)
  }

  #book(book: number): Balance {
    const tables = this.#cast.centers.tables(book)
    const judged = (): string | undefined => {
      for (const chip of this.#cast.chipAt.keys()) {
        const broken = judgeBook(tables, purseId(chip + 1))
        if (broken !== undefined) return broken
      }
      return this.#cast.centers.fallen(book)
    }
    return (this.#books[book] ??= {
      broken: judged(),
      claims: Number(claimed(tables)),
      earned: Number(earned(tables)),
      epoch: epochOf(tables),
      transit: Number(inTransit(tables)),
    })
  }

  #pair(record: number, book: number): Pair {
    const key = record * 2 ** 26 + book
    const known = this.#pairs.get(key)
    if (known !== undefined) return known
    const [facts, tables] = [this.#cast.chips.facts(record), this.#cast.centers.tables(book)]
    const onPaper = isOnPaper(tables, facts.purse)
    const pair = {
      broken: onPaper ? undefined : (judgePair(facts, tables) ?? this.#shutOut(record, tables)),
      brokenRestored: onPaper ? undefined : judgeRestoredPair(facts, tables),
      rests: isLeft(facts, tables) || atRest(facts, tables),
      // a void whose till never heard of it shows in the totals for ever (K-2); what the ring has forgotten is for people
      collected: uncollected(facts, tables).every(({ kind, seq }) => kind === 'void' || seq + RECORD_RING <= facts.seq),
      worth: isPaidOut(tables, facts.purse)
        ? 0
        : this.#value(record) + Number(owed(uncollected(facts, tables)) - refundedUnknown(facts, tables)),
    }
    this.#pairs.set(key, pair)
    return pair
  }

  /** A chip that has taken the settings with a higher floor takes nothing under the keys below it. @spec INV-KEYS */
  #shutOut(record: number, tables: MemoryTables): string | undefined {
    const { purse, settings } = this.#cast.chips.facts(record)
    const row = tables.purse.get(purse)
    if (row === undefined || row.keyFloor <= 1 || settings < row.settings) return undefined
    const version = row.keyFloor - 1
    return this.#cast.chips.answersUnder(record, version)
      ? `INV-KEYS: the chip answers under version ${version} of its keys, and its floor is ${row.keyFloor}`
      : undefined
  }

  #value(record: number): number {
    const { credits, debits } = this.#cast.chips.facts(record)
    return (this.#values[record] ??= Number(credits - debits))
  }

  #fundsOf(state: Int32Array): number {
    const { providerAt, providers, plot } = this.#cast
    const provider = state[providerAt] ?? 0
    const paid = (): number => {
      const { taken, back, elsewhere } = providers.value(provider)
      const loads = plot.loads.map((amount, i) => Number(amount) * (Number(taken[i] ?? false) - (back[i] ?? 0)))
      return Number(plot.holds) * plot.chips + elsewhere + loads.reduce((a, b) => a + b, 0)
    }
    return (this.#funds[provider] ??= paid())
  }
}
