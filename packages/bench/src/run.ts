/** The whole bench in its order: a small book first, then the same at each decade; and what of it was aimed at. */

import { cpus } from 'node:os'
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { PostgresBook } from '@kozeni/center/book-postgres'
import { plainAside } from '@kozeni/center/book-postgres-plain-aside'
import { macsOnThreads } from '@kozeni/center/mac-threads'
import { memoryVault } from '@kozeni/center/vault-memory'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { audited } from './audited.ts'
import { chip } from './chip.ts'
import { collecting } from './collecting.ts'
import { computed } from './computed.ts'
import { type Measured, one } from './database.ts'
import { payingOverHttp } from './http.ts'
import { measured, medians, middles, type Row, SEED } from './measure.ts'
import { paying, type Sale, sales } from './online.ts'
import { pgbench } from './pgbench.ts'
import { plansOf } from './plans.ts'
import { addPurses, addStores } from './population.ts'
import { profiled } from './profile.ts'
import { payingPurse, Sales, SECOND, type Upload } from './receipts.ts'
import type { Audited, Decade, Report } from './report.ts'
import { targetsOf } from './targets.ts'
import { beside, Second } from './two.ts'
import { commits, insertOnly, tpcB } from './yardsticks.ts'

export interface Options {
  readonly runs: number
  readonly size: 'quick' | 'full'
  /** The most purses that are made. */
  readonly purses: number
  readonly say: (line: string) => void
  readonly row: (row: Row) => void
}

const SMALL = 10_000
/** Tills that upload at once. */
const TILLS = 200
/** So few that no purse is twice in what they bring, also where purses are few: then books of all sizes are asked the same. */
const FEW_TILLS = 20
/** How often it is said how far something long has come: after so many purses. */
const TELL_EVERY = 500_000

/** Everything, on one fresh database. */
export async function runAll(database: Measured, options: Options): Promise<Report> {
  const bench = new Bench(database, options)
  try {
    return await bench.run()
  } finally {
    await bench.close()
  }
}

class Bench {
  readonly #database: Measured
  readonly #options: Options
  readonly #vault = memoryVault(crypto, SEED, { rightMacs: macsOnThreads(crypto) })
  readonly #sales = new Sales(this.#vault)
  readonly #book: PostgresBook
  readonly #alone: PostgresBook
  readonly #rows: Row[] = []
  #purses = 0
  #paid = 0
  /** Half the pays a second that there can be. */
  #half = 0

  constructor(database: Measured, options: Options) {
    this.#database = database
    this.#options = options
    const { url } = database
    this.#book = new PostgresBook({ url, plain: plainAside(url) })
    this.#alone = new PostgresBook({ url, groupSize: 1, writers: 32 })
  }

  async close(): Promise<void> {
    await Promise.all([this.#book.close(), this.#alone.close()])
  }

  async run(): Promise<Report> {
    await addStores(this.#database)
    await this.#grow(SMALL)
    this.#keep(...(await chip()))
    await this.#betweenComputing([
      () => this.#collection(),
      () => this.#together(),
      () => this.#atSeam(),
      () => this.#overHttp(),
      () => this.#beside(),
    ])
    const profiles = await this.#profiles()
    const { decades, whole } = await this.#growth()
    const plans = await plansOf(this.#database.client)
    const targets = targetsOf({ rows: this.#rows, decades, audited: whole })
    const machine = { processors: cpus().length, model: cpus()[0]?.model ?? 'unknown' }
    return {
      at: new Date().toISOString(),
      size: this.#options.size,
      machine,
      rows: this.#rows,
      profiles,
      decades,
      plans,
      audited: whole,
      targets,
    }
  }

  /** What only a processor makes is measured before each part: a slow minute of the machine's is in one round of it. */
  async #betweenComputing(parts: ReadonlyArray<() => Promise<void>>): Promise<void> {
    const proved = new Sales(this.#vault, SECOND).uploads(this.#times(100), SMALL)
    const rounds: Row[][] = []
    for (const part of parts) {
      if (rounds.length < this.#options.runs) rounds.push(await computed(this.#vault, proved))
      await part()
    }
    this.#keep(...middles(rounds))
  }

  /** Decade by decade; the book is audited when it has grown. */
  async #growth(): Promise<{ readonly decades: readonly Decade[]; readonly whole: Audited }> {
    const { purses: most, say } = this.#options
    const decades: Decade[] = []
    for (const purses of [1, 10, 100, 1000, 10_000].map(times => times * SMALL)) {
      if (purses > most) break
      await this.#grow(purses)
      decades.push(await this.#decade(purses))
    }
    say('auditing')
    return { decades, whole: await audited(this.#database, this.#vault, this.#telling('audited')) }
  }

  /** Says now and then how far something has come. */
  #telling(what: string): (purses: number) => void {
    let next = TELL_EVERY
    return purses => {
      if (purses < next) return
      this.#options.say(`${purses} purses ${what}`)
      next += TELL_EVERY
    }
  }

  get #means() {
    return { book: this.#book, vault: this.#vault }
  }

  #keep(...rows: readonly Row[]): void {
    this.#rows.push(...rows)
    rows.forEach(this.#options.row)
  }

  async #grow(purses: number): Promise<void> {
    if (purses <= this.#purses) return
    this.#options.say(`${purses} purses`)
    await addPurses(this.#database, this.#vault, { from: this.#purses + 1, to: purses }, this.#telling('made'))
    this.#purses = purses
  }

  /** How many of something, by the size of the run. */
  #times(full: number): number {
    return this.#options.size === 'full' ? full : Math.ceil(full / 4)
  }

  #collect(work: string, hot = 0, uploads = this.#times(800), purses = this.#purses): Promise<Row> {
    return this.#collectAll(work, this.#sales.uploads(uploads, purses, hot))
  }

  #collectAll(work: string, made: readonly Upload[], database = this.#database): Promise<Row> {
    return measured(database, collecting(work, this.#means, made, TILLS))
  }

  async #collection(): Promise<void> {
    const { runs } = this.#options
    await this.#collect('warming up')
    // of sales of their own: what is only inserted is missed by no purse that sells on
    const bytes = () => new Sales(this.#vault).uploads(this.#times(200), this.#purses).flatMap(wholesOf)
    this.#keep(
      ...(await medians(runs, [
        () => this.#collect('receipts verified and posted'),
        () => this.#collect('receipts, 30 % at one store', 0.3),
        async () => measured(this.#database, await insertOnly(this.#database, bytes())),
      ])),
      ...(await medians(runs, [
        async () => measured(this.#database, await commits(this.#database, this.#times(1000))),
        async () => measured(this.#database, await tpcB(this.#database, 8, this.#times(8000))),
      ])),
      ...(await pgbench(this.#database, runs)),
    )
  }

  /** One hot chip, and a second process on the same database. */
  async #together(): Promise<void> {
    const uploads = this.#times(400)
    const second = await Second.start(this.#database.url, this.#purses, uploads)
    const together = async (): Promise<Row> => {
      const mine = collecting('', this.#means, this.#sales.uploads(uploads, this.#purses), TILLS / 2)
      await second.makeReady()
      return measured(this.#database, beside('receipts, two processes together', mine, second))
    }
    const one = () => this.#collect('receipts of one purse', 0, this.#times(40), 2)
    this.#keep(...(await medians(this.#options.runs, [one, together])))
    await second.end()
  }

  /** Where the time goes in this process, once all that is taken in and paid has been made. */
  async #profiles(): Promise<Report['profiles']> {
    const uploads = this.#sales.uploads(this.#times(800), this.#purses)
    const due = (count: number): readonly Sale[] => this.#due(this.#times(count))
    const [atSeam, paced, overHttp] = [due(8000), due(8000), due(2000)]
    const pay = (on: Measured, sold: readonly Sale[], perSecond?: number): Promise<Row> =>
      measured(on, paying('a profile', this.#means, sold, 64, perSecond))
    const profile = (work: (database: Measured) => Promise<Row>) => profiled(this.#database, work)
    return {
      'receipts verified and posted': await profile(on => this.#collectAll('a profile', uploads, on)),
      'pays opened and closed': await profile(on => pay(on, atSeam)),
      'pays at half load': await profile(on => pay(on, paced, this.#half)),
      'pays opened over HTTP': await profile(on => payingOverHttp(on, 'a profile', this.#means, overHttp)),
    }
  }

  /** Every purse in its turn, so that none is asked while it still pays. */
  #due(count: number, hot = 0): Sale[] {
    return sales(this.#vault, count, hot, () => payingPurse(this.#paid++, this.#purses))
  }

  #pay(work: string, means = this.#means, hot = 0, count = this.#times(8000), perSecond?: number): Promise<Row> {
    return measured(this.#database, paying(work, means, this.#due(count, hot), 64, perSecond))
  }

  #payOverHttp(work: string, book = this.#book): Promise<Row> {
    return payingOverHttp(this.#database, work, { book, vault: this.#vault }, this.#due(this.#times(2000)))
  }

  async #atSeam(): Promise<void> {
    const { runs } = this.#options
    await this.#pay('warming up')
    const alone = { book: this.#alone, vault: this.#vault }
    const rows = await medians(runs, [
      () => this.#pay('pays opened and closed, group commit'),
      () => this.#pay('pays, one transaction a request', alone, 0, this.#times(2000)),
      () => this.#pay('pays, 30 % at one store', this.#means, 0.3),
    ])
    this.#half = (rows[0]?.perSecond ?? 0) / 2
    const paced = () => this.#pay('pays at half load', this.#means, 0, this.#times(8000), this.#half)
    this.#keep(...rows, ...(await medians(runs, [paced], 'p99')))
  }

  async #overHttp(): Promise<void> {
    const rows = await medians(this.#options.runs, [
      () => this.#payOverHttp('pays opened over HTTP, group commit'),
      () => this.#payOverHttp('pays opened over HTTP, one transaction a request', this.#alone),
    ])
    this.#keep(...rows)
  }

  /** On-line pays at a modest pace, without and with a million receipts collected beside them. */
  async #beside(): Promise<void> {
    await this.#grow(100_000)
    const pays = (work: string) => this.#pay(work, this.#means, 0, this.#times(20_000), 500)
    const receipts: Row[][] = []
    const beside = async (): Promise<Row> => {
      const made = this.#sales.uploads(this.#times(5000), this.#purses)
      const [collected, paid] = await Promise.all([
        this.#collectAll('receipts, pays beside them', made),
        pays('pays, 500 a second, receipts beside them'),
      ])
      receipts.push([collected])
      return paid
    }
    const alone = () => pays('pays, 500 a second, nothing beside them')
    this.#keep(...(await medians(this.#options.runs, [alone, beside], 'p99')), ...middles(receipts))
  }

  async #decade(purses: number): Promise<Decade> {
    const work = `receipts, ${purses.toLocaleString('en')} purses`
    const collect = () => collecting(work, this.#means, this.#sales.inTurn(this.#times(200), purses), FEW_TILLS)
    const [collected, paid] = await medians(this.#options.runs, [
      () => measured(this.#database, collect()),
      () => this.#pay(`pays, ${purses.toLocaleString('en')} purses`),
    ])
    assert(collected !== undefined && paid !== undefined, 'a row of each work')
    this.#keep(collected, paid)
    const { rows } = await this.#database.client.query<{ relname: string; size: string }>(SIZES)
    const sizes = Object.fromEntries(rows.map(({ relname, size }) => [relname, Number(size)]))
    return { purses, receipts: Number(await one(this.#database.client, COUNT)), collected, paid, sizes }
  }
}

const wholesOf = ({ receipts }: Upload): Bytes[] => Array.from({ length: receipts.count }, (_, i) => receipts.whole(i))

const COUNT = 'select coalesce(sum(octet_length(records) / 221), 0)::bigint from receipt_batch'

const SIZES = `
  select relname, pg_total_relation_size(oid) as size from pg_class
  where relname in ('purse', 'issuance', 'receipt_batch', 'operation', 'entry', 'claim', 'number', 'terminal_sales')
    or relname in ('purse_pkey', 'issuance_pkey', 'receipt_batch_pkey', 'operation_pkey', 'entry_pkey', 'claim_pkey')`
