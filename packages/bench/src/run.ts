/** The whole bench in its order: a small book first, then the same at each decade; and what of it was aimed at. */
import { assert } from '@kozeni/base/assert'
import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { audit } from '@kozeni/center/audit'
import { PostgresBook } from '@kozeni/center/book-postgres'
import { memoryVault } from '@kozeni/center/vault-memory'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { collecting } from './collecting.ts'
import { type Measured, one } from './database.ts'
import { measured, median, type Row } from './measure.ts'
import { numbers } from './numbers.ts'
import { paying, sales } from './online.ts'
import { addPurses, addStores } from './population.ts'
import { Sales, UPLOAD } from './receipts.ts'
import type { Decade, Report } from './report.ts'
import { targetsOf } from './targets.ts'
import { insertOnly, tpcB } from './yardsticks.ts'

export interface Options {
  readonly runs: number
  readonly size: 'quick' | 'full'
  /** The most purses that are made. */
  readonly purses: number
  readonly say: (line: string) => void
  readonly row: (row: Row) => void
}

const SMALL = 10_000

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
  readonly #vault = memoryVault(crypto, 5)
  readonly #sales = new Sales(this.#vault)
  readonly #book: PostgresBook
  readonly #alone: PostgresBook
  readonly #rows: Row[] = []
  #purses = 0
  #paid = 0

  constructor(database: Measured, options: Options) {
    this.#database = database
    this.#options = options
    const { url } = database
    this.#book = new PostgresBook({ url })
    this.#alone = new PostgresBook({ url, groupSize: 1, writers: 32 })
  }

  async close(): Promise<void> {
    await Promise.all([this.#book.close(), this.#alone.close()])
  }

  async run(): Promise<Report> {
    await addStores(this.#database)
    await this.#grow(SMALL)
    this.#keep(...numbers(this.#vault))
    await this.#collection()
    await this.#online()
    await this.#beside()
    const decades: Decade[] = []
    for (let purses = SMALL; purses <= this.#options.purses; purses *= 10) {
      await this.#grow(purses)
      decades.push(await this.#decade(purses))
    }
    const [plans, audited] = [await this.#plans(), await this.#audit()]
    const targets = targetsOf({ rows: this.#rows, decades, audited })
    return { at: new Date().toISOString(), rows: this.#rows, decades, plans, audited, targets }
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
    await addPurses(this.#database, this.#purses + 1, purses)
    this.#purses = purses
  }

  /** How many of something, by the size of the run. */
  #times(full: number): number {
    return this.#options.size === 'full' ? full : Math.ceil(full / 4)
  }

  #collect(work: string, hot = 0, uploads = this.#times(200)): Promise<Row> {
    const made = this.#sales.uploads(uploads, this.#purses, hot)
    return measured(this.#database, collecting(work, this.#means, made, 40))
  }

  async #collection(): Promise<void> {
    const { runs } = this.#options
    await this.#collect('warming up')
    this.#keep(await median(runs, () => this.#collect('receipts verified and posted')))
    this.#keep(await median(runs, () => this.#collect('receipts, 30 % at one store', 0.3)))
    const bytes = () => this.#sales.uploads(this.#times(200), this.#purses).flatMap(({ receipts }) => receipts)
    this.#keep(await median(runs, async () => measured(this.#database, await insertOnly(this.#database, bytes()))))
    this.#keep(
      await median(runs, async () => measured(this.#database, await tpcB(this.#database, 8, this.#times(8000)))),
    )
  }

  /** Every purse in its turn, so that none is asked while it still pays. */
  #pay(work: string, means = this.#means, hot = 0, count = this.#times(8000), perSecond?: number): Promise<Row> {
    const due = sales(this.#vault, count, hot, () => 1 + (this.#paid++ % this.#purses))
    return measured(this.#database, paying(work, means, due, 64, perSecond))
  }

  async #online(): Promise<void> {
    const { runs } = this.#options
    await this.#pay('warming up')
    const grouped = await median(runs, () => this.#pay('pays opened and closed, group commit'))
    const alone = { book: this.#alone, vault: this.#vault }
    this.#keep(
      grouped,
      await median(runs, () => this.#pay('pays, one transaction a request', alone, 0, this.#times(2000))),
    )
    this.#keep(await median(runs, () => this.#pay('pays, 30 % at one store', this.#means, 0.3)))
    const half = grouped.perSecond / 2
    this.#keep(await median(runs, () => this.#pay('pays at half load', this.#means, 0, this.#times(8000), half)))
  }

  /** On-line pays at a modest pace, without and with collection beside them. */
  async #beside(): Promise<void> {
    await this.#grow(100_000)
    const count = this.#times(4000)
    this.#keep(await this.#pay('pays, 500 a second, nothing beside them', this.#means, 0, count, 500))
    const made = this.#sales.uploads(this.#times(5000), this.#purses)
    const work = collecting('receipts, pays beside them', this.#means, made, 40)
    const [collected, paid] = await Promise.all([
      measured(this.#database, work),
      this.#pay('pays, 500 a second, receipts beside them', this.#means, 0, count, 500),
    ])
    this.#keep(collected, paid)
  }

  async #decade(purses: number): Promise<Decade> {
    const receipts = Number(await one(this.#database.client, COUNT))
    const wanted = this.#options.size === 'full' ? purses : 0
    if (receipts < wanted) await this.#fill(wanted - receipts)
    const collected = await median(3, () => this.#collect(`receipts, ${purses.toLocaleString('en')} purses`))
    const paid = await this.#pay(`pays, ${purses.toLocaleString('en')} purses`)
    this.#keep(collected, paid)
    const { rows } = await this.#database.client.query<{ relname: string; size: string }>(SIZES)
    const sizes = Object.fromEntries(rows.map(({ relname, size }) => [relname, Number(size)]))
    return { purses, receipts: Number(await one(this.#database.client, COUNT)), collected, paid, sizes }
  }

  /** Receipts in bulk are collected as all others are: there is no other way in. */
  async #fill(count: number): Promise<void> {
    this.#options.say(`${count} receipts more`)
    for (let left = count; left > 0; left -= 200 * UPLOAD) await this.#collect('filling', 0, 200)
  }

  async #audit(): Promise<Report['audited']> {
    this.#options.say('auditing')
    const begun = performance.now()
    let heap = 0
    const onProgress = (): void => {
      heap = Math.max(heap, process.memoryUsage().heapUsed)
    }
    const report = await withPostgresArchive(this.#database.url, archive =>
      audit({ crypto, vault: this.#vault, onProgress }, archive),
    )
    assert(report.counted.receipts > 0, 'receipts are audited')
    const seconds = (performance.now() - begun) / 1000
    return { receipts: report.counted.receipts, seconds, heapMegabytes: heap / 2 ** 20 }
  }

  async #plans(): Promise<Report['plans']> {
    const plans: Record<string, string[]> = {}
    await this.#database.client.query('set enable_seqscan = off')
    for (const [what, text] of Object.entries(PLANS)) {
      const { rows } = await this.#database.client.query<{ 'QUERY PLAN': string }>(`explain ${text}`)
      plans[what] = rows.map(row => row['QUERY PLAN'])
    }
    return plans
  }
}

const COUNT = 'select coalesce(sum(octet_length(records) / 221), 0)::bigint from receipt_batch'

const SIZES = `
  select relname, pg_total_relation_size(oid) as size from pg_class
  where relname in ('purse', 'receipt_batch', 'operation', 'entry', 'claim', 'number', 'terminal_sales')
    or relname in ('purse_pkey', 'receipt_batch_pkey', 'operation_pkey', 'entry_pkey', 'claim_pkey')`

const PLANS = {
  'a purse, locked': 'select * from purse where purse_id = any(array[1, 2, 3]::bigint[]) order by purse_id for update',
  'a receipt of a batch': `select substring(records from 1 for 221) from receipt_batch where batch_id = 1 and part = 0`,
  'a sale of a terminal':
    'select records from receipt_batch where terminal_id = 1 and first_sale <= 7 and last_sale >= 7 order by batch_id',
  'a store’s receipts': 'select records from receipt_batch where store_id = 1 order by batch_id desc limit 10',
}
