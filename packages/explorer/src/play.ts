/** One scenario, ready to be searched: its cast, what may happen, and what is asked of every state. */
import { calamity } from './calamity.ts'
import { Cast, PRESENT, RESTORED } from './cast.ts'
import type { Design } from './design.ts'
import { EPOCH, purseId } from './issuer.ts'
import { atRest, claimed, judgeBook, judgePair, owed, uncollected } from './judge.ts'
import { offline, type Shelf } from './offline.ts'
import { online } from './online.ts'
import type { Plot } from './plot.ts'
import type { Rules, Stage } from './stage.ts'

/** What one chip and one book say of each other. */
interface Pair {
  readonly broken: string | undefined
  readonly rests: boolean
  /** What the chip's debits will move that are not collected yet. */
  readonly owed: number
}

/** What one book says by itself. */
interface Balance {
  readonly broken: string | undefined
  readonly claims: number
  readonly epoch: number
}

/** @param memory  whether the handlers' answers are remembered */
export function staged(plot: Plot, design: Design, memory = true): Stage {
  const cast = new Cast(plot, design, memory)
  online(cast)
  calamity(cast)
  const shelf = offline(cast)
  cast.stage.judgedBy(new Judge(cast, shelf))
  return cast.stage
}

class Judge implements Rules {
  readonly #cast: Cast
  readonly #shelf: Shelf
  readonly #pairs = new Map<number, Pair>()
  readonly #values: number[] = []
  readonly #books: (Balance | undefined)[] = []
  readonly #funds: number[] = []

  constructor(cast: Cast, shelf: Shelf) {
    this.#cast = cast
    this.#shelf = shelf
  }

  judge(state: Int32Array): string | undefined {
    const { chipAt, centerAt, backupAt } = this.#cast
    const book = state[centerAt] ?? 0
    const { broken, claims, epoch } = this.#book(book)
    if (broken !== undefined) return broken
    const restored = state[backupAt] === RESTORED
    if (epoch > EPOCH && !restored) return 'INV-EPOCH: a new epoch has begun, and nothing was restored'
    let there = claims
    for (let chip = 0; chip < chipAt.length; chip++) {
      const record = state[chipAt[chip] ?? 0] ?? 0
      const pair = this.#pair(record, book)
      if (pair.broken !== undefined && !restored) return pair.broken
      there += this.#value(record) + pair.owed
    }
    const funds = this.#fundsOf(state)
    if (there > funds) return `INV-NOCREATE: chips and stores have ${there}, and only ${funds} was paid in`
    return this.#shelf.judge(state)
  }

  isAtRest(state: Int32Array): boolean {
    const { chipAt, centerAt, lossAt } = this.#cast
    if (state[lossAt] !== PRESENT) return true
    const book = state[centerAt] ?? 0
    return chipAt.every(at => this.#pair(state[at] ?? 0, book).rests) && this.#shelf.isAtRest(state)
  }

  #book(book: number): Balance {
    const tables = this.#cast.centers.tables(book)
    const judged = (): string | undefined => {
      for (const chip of this.#cast.chipAt.keys()) {
        const broken = judgeBook(tables, purseId(chip + 1))
        if (broken !== undefined) return broken
      }
      return undefined
    }
    const epochs = [...tables.epoch.values()].map(({ epoch }) => epoch)
    return (this.#books[book] ??= {
      broken: judged(),
      claims: Number(claimed(tables)),
      epoch: Math.max(EPOCH, ...epochs),
    })
  }

  #pair(record: number, book: number): Pair {
    const key = record * 2 ** 26 + book
    const known = this.#pairs.get(key)
    if (known !== undefined) return known
    const [facts, tables] = [this.#cast.chips.facts(record), this.#cast.centers.tables(book)]
    const pair = {
      broken: judgePair(facts, tables),
      rests: atRest(facts, tables),
      owed: Number(owed(uncollected(facts, tables))),
    }
    this.#pairs.set(key, pair)
    return pair
  }

  #value(record: number): number {
    const { credits, debits } = this.#cast.chips.facts(record)
    return (this.#values[record] ??= Number(credits - debits))
  }

  #fundsOf(state: Int32Array): number {
    const { providerAt, providers, plot } = this.#cast
    const provider = state[providerAt] ?? 0
    const paid = (): number => {
      const { taken, back } = providers.value(provider)
      const loads = plot.loads.map((amount, i) => Number(amount) * (Number(taken[i] ?? false) - (back[i] ?? 0)))
      return Number(plot.holds) * plot.chips + loads.reduce((a, b) => a + b, 0)
    }
    return (this.#funds[provider] ??= paid())
  }
}
