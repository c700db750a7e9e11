/** The whole bench in its order: a small book first, then the same at each decade; and what of it was aimed at. */

import { cpus } from 'node:os'
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { PostgresBook } from '@kozeni/center/book-postgres'
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
import { paying, type Sale } from './online.ts'
import { pgbench } from './pgbench.ts'
import { plansOf } from './plans.ts'
import { profiled } from './profile.ts'
import { Sales, SECOND, type Upload } from './receipts.ts'
import type { Audited, Decade, Report } from './report.ts'
import { CLIENTS, Subject } from './subject.ts'
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

/** Everything, on a fresh database and another beside it. */
export async function runAll(database: Measured, options: Options): Promise<Report> {
  const vault = memoryVault(crypto, SEED, { rightMacs: macsOnThreads(crypto) })
  const bench = new Bench(await Subject.begin(database, vault), options)
  try {
    return await bench.run()
  } finally {
    await bench.close()
  }
}

class Bench {
  readonly #main: Subject
  readonly #alone: PostgresBook
  readonly #options: Options
  readonly #rows: Row[] = []
  /** Half the pays a second that there can be. */
  #half = 0

  constructor(main: Subject, options: Options) {
    this.#main = main
    this.#options = options
    this.#alone = new PostgresBook({ url: main.database.url, groupSize: 1, writers: 32 })
  }

  async close(): Promise<void> {
    await Promise.all([this.#main.close(), this.#alone.close()])
  }

  async run(): Promise<Report> {
    await this.#grow(this.#main, SMALL)
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
    const plans = await plansOf(this.#main.database.client)
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
    const proved = new Sales(this.#main.vault, SECOND).uploads(this.#times(100), SMALL)
    const rounds: Row[][] = []
    for (const part of parts) {
      if (rounds.length < this.#options.runs) rounds.push(await computed(this.#main.vault, proved))
      await part()
    }
    this.#keep(...middles(rounds))
  }

  /** Decade by decade, beside a small book that stays as it is; the large one is audited when it has grown. */
  async #growth(): Promise<{ readonly decades: readonly Decade[]; readonly whole: Audited }> {
    const { purses: most, say } = this.#options
    const small = await Subject.begin(await this.#main.database.another(), this.#main.vault)
    await this.#grow(small, SMALL)
    for (const warmUp of this.#asked(small, 'warming up')) await warmUp()
    const decades = [await this.#decade(small)]
    for (const purses of [10, 100, 1000, 10_000].map(times => times * SMALL)) {
      if (purses > most) break
      await this.#grow(this.#main, purses)
      decades.push(await this.#decade(this.#main, small))
    }
    await small.close()
    say('auditing')
    return { decades, whole: await audited(this.#main.database, this.#main.vault, this.#telling('audited')) }
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

  #keep(...rows: readonly Row[]): void {
    this.#rows.push(...rows)
    rows.forEach(this.#options.row)
  }

  async #grow(book: Subject, purses: number): Promise<void> {
    this.#options.say(`${purses} purses`)
    await book.grow(purses, this.#telling('made'))
  }

  /** How many of something, by the size of the run. */
  #times(full: number): number {
    return this.#options.size === 'full' ? full : Math.ceil(full / 5)
  }

  #uploads(count: number, hot = 0, purses = this.#main.purses): readonly Upload[] {
    return this.#main.sales.uploads(this.#times(count), purses, hot)
  }

  #collect(work: string, uploads: readonly Upload[]): Promise<Row> {
    return this.#main.collect(work, uploads, TILLS)
  }

  async #collection(): Promise<void> {
    const { runs } = this.#options
    const { database, vault, purses } = this.#main
    await this.#collect('warming up', this.#uploads(800))
    // of sales of their own: what is only inserted is missed by no purse that sells on
    const bytes = () => new Sales(vault).uploads(this.#times(200), purses).flatMap(wholesOf)
    this.#keep(
      ...(await medians(runs, [
        () => this.#collect('receipts verified and posted', this.#uploads(800)),
        () => this.#collect('receipts, 30 % at one store', this.#uploads(800, 0.3)),
        async () => measured(database, await insertOnly(database, bytes())),
      ])),
      ...(await medians(runs, [
        async () => measured(database, await commits(database, this.#times(1000))),
        async () => measured(database, await tpcB(database, 8, this.#times(8000))),
      ])),
      ...(await pgbench(database, runs)),
    )
  }

  /** One hot chip, and a second process on the same database. */
  async #together(): Promise<void> {
    const { database, purses } = this.#main
    const second = await Second.start(database.url, purses, this.#times(400))
    const together = async (): Promise<Row> => {
      const mine = collecting('', this.#main, this.#uploads(400), TILLS / 2)
      await second.makeReady()
      return measured(database, beside('receipts, two processes together', mine, second))
    }
    const one = () => this.#collect('receipts of one purse', this.#uploads(40, 0, 2))
    this.#keep(...(await medians(this.#options.runs, [one, together])))
    await second.end()
  }

  /** Where the time goes in this process, once all that is taken in and paid has been made. */
  async #profiles(): Promise<Report['profiles']> {
    const uploads = this.#uploads(800)
    const [atSeam, paced, overHttp] = [this.#due(8000), this.#dueAtPace(8000, this.#half), this.#due(2000)]
    const book = this.#main
    const profile = (work: (database: Measured) => Promise<Row>) => profiled(book.database, work)
    return {
      'receipts verified and posted': await profile(on => book.collect('a profile', uploads, TILLS, on)),
      'pays opened and closed': await profile(on => book.pay('a profile', atSeam, undefined, on)),
      'pays at half load': await profile(on => book.pay('a profile', paced, this.#half, on)),
      'pays opened over HTTP': await profile(on => payingOverHttp(on, 'a profile', book, overHttp)),
    }
  }

  #due(count: number, hot = 0): Sale[] {
    return this.#main.due(this.#times(count), hot)
  }

  /** With as many more as are not counted. */
  #dueAtPace(count: number, perSecond: number): Sale[] {
    return this.#main.due(this.#times(count) + Math.ceil(perSecond))
  }

  #payAtPace(work: string, count: number, perSecond: number): Promise<Row> {
    return this.#main.pay(work, this.#dueAtPace(count, perSecond), perSecond)
  }

  async #atSeam(): Promise<void> {
    const { runs } = this.#options
    const { database, vault } = this.#main
    await this.#main.pay('warming up', this.#due(8000))
    const alone = { book: this.#alone, vault }
    const rows = await medians(runs, [
      () => this.#main.pay('pays opened and closed, group commit', this.#due(8000)),
      () => measured(database, paying('pays, one transaction a request', alone, this.#due(2000), CLIENTS)),
      () => this.#main.pay('pays, 30 % at one store', this.#due(8000, 0.3)),
    ])
    this.#half = (rows[0]?.perSecond ?? 0) / 2
    const paced = () => this.#payAtPace('pays at half load', 8000, this.#half)
    this.#keep(...rows, ...(await medians(runs, [paced], 'p99')))
  }

  async #overHttp(): Promise<void> {
    const { database, vault, book } = this.#main
    const pay = (work: string, by: PostgresBook) => payingOverHttp(database, work, { book: by, vault }, this.#due(2000))
    const rows = await medians(this.#options.runs, [
      () => pay('pays opened over HTTP, group commit', book),
      () => pay('pays opened over HTTP, one transaction a request', this.#alone),
    ])
    this.#keep(...rows)
  }

  /** On-line pays at a modest pace, without and with a million receipts collected beside them. */
  async #beside(): Promise<void> {
    await this.#grow(this.#main, 100_000)
    const pays = (work: string) => this.#payAtPace(work, 20_000, 500)
    const receipts: Row[][] = []
    const beside = async (): Promise<Row> => {
      const uploads = this.#uploads(5000)
      const [collected, paid] = await Promise.all([
        this.#collect('receipts, pays beside them', uploads),
        pays('pays, 500 a second, receipts beside them'),
      ])
      receipts.push([collected])
      return paid
    }
    const alone = () => pays('pays, 500 a second, nothing beside them')
    this.#keep(...(await medians(this.#options.runs, [alone, beside], 'p99')), ...middles(receipts))
  }

  /** @param small  asked the same in turns with it, for a machine that is not always as fast */
  async #decade(book: Subject, small?: Subject): Promise<Decade> {
    const turns = small === undefined ? '' : `, in turns with ${named(book)}`
    const works = [...this.#asked(book, named(book)), ...(small ? this.#asked(small, `${named(small)}${turns}`) : [])]
    const rows = await medians(this.#options.runs, works)
    this.#keep(...rows)
    const [collected, paid, smallCollected = collected, smallPaid = paid] = rows
    assert(collected && paid && smallCollected && smallPaid, 'a row of each work')
    const { client } = book.database
    const { rows: sized } = await client.query<{ relname: string; size: string }>(SIZES)
    return {
      ...{ purses: book.purses, receipts: Number(await one(client, COUNT)) },
      ...{ collected, paid, small: { collected: smallCollected, paid: smallPaid } },
      sizes: Object.fromEntries(sized.map(({ relname, size }) => [relname, Number(size)])),
    }
  }

  /** What a book of any size is asked. */
  #asked(book: Subject, of: string): (() => Promise<Row>)[] {
    const uploads = () => book.sales.inTurn(this.#times(200), book.purses)
    return [
      () => book.collect(`receipts, ${of}`, uploads(), FEW_TILLS),
      () => book.pay(`pays, ${of}`, book.due(this.#times(8000))),
    ]
  }
}

const named = ({ purses }: Subject): string => `${purses.toLocaleString('en')} purses`

const wholesOf = ({ receipts }: Upload): Bytes[] => Array.from({ length: receipts.count }, (_, i) => receipts.whole(i))

const COUNT = 'select coalesce(sum(octet_length(records) / 221), 0)::bigint from receipt_batch'

const SIZES = `
  select relname, pg_total_relation_size(oid) as size from pg_class
  where relname in ('purse', 'issuance', 'receipt_batch', 'operation', 'entry', 'claim', 'number', 'terminal_sales')
    or relname in ('purse_pkey', 'issuance_pkey', 'receipt_batch_pkey', 'operation_pkey', 'entry_pkey', 'claim_pkey')`
