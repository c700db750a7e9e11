/** Whatever comes, the short way and the careful way leave the same book and give the same answers, in both books. */
import { type Bytes, concat, hex, NO_BYTES } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { type Currency, currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { money, type Total, total } from '@kozeni/base/money'
import { NO_RANGES } from '@kozeni/base/ranges'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { type Receipt, receipt, receiptMac } from '@kozeni/protocol/debit'
import type { Outcome } from '@kozeni/protocol/operation'
import { type Receipts, receiptsOf } from '@kozeni/protocol/receipts'
import fc from 'fast-check'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import type { Book, OperationRow, PurseRow } from './book.ts'
import { put } from './book-commands.contract.ts'
import { MemoryBook } from './book-memory.ts'
import { PostgresBook } from './book-postgres.ts'
import { rowOf } from './book-rows.contract.ts'
import { memoryMarks } from './mark-memory.ts'
import { migrate } from './migrate.ts'
import { defaultPolicy } from './policy.ts'
import { freshDatabase } from './postgres-for-tests.ts'
import { blockPurse } from './purse-block.ts'
import { beginEpoch } from './restore.ts'
import { takeIn } from './take-in.ts'
import { memoryVault } from './vault-memory.ts'

const [JPY, EUR] = [currency('JPY'), currency('EUR')]
const PURSES = 4
const TERMINALS = 3
const vault = memoryVault(crypto, 7)
const chipKey = crypto.generate(new SeededDice(1))
const publicKey = crypto.publicKey(chipKey)

/** Something that happens to one purse. */
type Turn =
  | { readonly what: 'debit'; readonly by: number; readonly at: number; readonly amount: number; readonly odd: Odd }
  | { readonly what: 'void' | 'again' | 'block' | 'open' | 'close' | 'rollback' | 'lose'; readonly by: number }
  | { readonly what: 'upload'; readonly at: number }
  | { readonly what: 'epoch' }

/** What is wrong with a debit, if anything. */
type Odd = 'nothing' | 'mac' | 'mac-and-signature' | 'currency' | 'sale' | 'body' | 'withheld' | 'moved' | 'foreign'

const by = fc.nat(PURSES - 1)
const turn: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({
      what: fc.constant('debit' as const),
      by,
      at: fc.nat(TERMINALS - 1),
      amount: fc.oneof(
        { weight: 60, arbitrary: fc.integer({ min: 1, max: 90 }) },
        { weight: 2, arbitrary: fc.constantFrom(0, 2000) },
      ),
      odd: fc.oneof(
        { weight: 40, arbitrary: fc.constant<Odd>('nothing') },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Odd>('mac', 'mac-and-signature', 'currency', 'sale', 'body', 'withheld'),
        },
        { weight: 1, arbitrary: fc.constantFrom<Odd>('moved', 'foreign') },
      ),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom('void', 'again', 'block', 'open', 'close', 'rollback', 'lose'),
      by,
    }),
  },
  { weight: 20, arbitrary: fc.record({ what: fc.constant('upload' as const), at: fc.nat(TERMINALS - 1) }) },
  { weight: 1, arbitrary: fc.constant<Turn>({ what: 'epoch' }) },
)

const plainDebit = (at: number): Turn => ({ what: 'debit', by: 0, at, amount: 1, odd: 'nothing' })

/** The second till uploads before the first, again and again: what stands before its debits comes afterwards. */
const LATE: Turn[] = Array.from({ length: 26 }, (): Turn[] => [
  plainDebit(0),
  plainDebit(1),
  { what: 'upload', at: 1 },
  { what: 'upload', at: 0 },
]).flat()

/** One chip, as far as its receipts tell of it. */
interface Chip {
  seq: number
  credits: bigint
  debits: bigint
  place: { epoch: number; number: number; outcome: Outcome; flag: boolean }
  last: Receipt | undefined
}

test('a mix of receipts leaves the same book and gets the same answers, with what is plain booked at once and without', async () => {
  const databases = [await freshDatabase(), await freshDatabase()]
  for (const url of databases) await migrate(url)
  const dice = new SeededDice(3)
  const [plain, late] = [
    { memory: 0, postgres: 0 },
    { memory: 0, postgres: 0 },
  ]
  const now = (): number => 1000
  const postgres = databases.map(url => new PostgresBook({ url, now }))
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 10, maxLength: 60, size: 'max' }), async turns => {
        const memory = [new MemoryBook(new StillClock(1000)), new MemoryBook(new StillClock(1000))]
        for (const [where, [short, careful]] of Object.entries({ memory, postgres }) as [
          'memory' | 'postgres',
          Book[],
        ][]) {
          if (short === undefined || careful === undefined) continue
          const names = namesFrom(dice)
          const highest = new Map<bigint, number>()
          const counting: Pick<Book, 'bookPlain'> = {
            bookPlain: async upload => {
              const booked = await short.bookPlain(upload)
              plain[where] += booked.reduce((sum, one) => sum + one, 0)
              late[where] += lateOf(upload.receipts, booked, highest)
              return booked
            },
          }
          const first = await story(withPlain(short, counting.bookPlain), names, turns)
          const second = await story(
            withPlain(careful, async ({ receipts }) => new Uint8Array(receipts.count)),
            names,
            turns,
          )
          expect(first).toEqual(second)
        }
      }),
      { numRuns: 12, examples: [[LATE]] },
    )
    expect(plain.memory).toBeGreaterThan(50)
    expect(late.memory).toBeGreaterThan(10)
    expect({ plain: plain.postgres, late: late.postgres }).toEqual({ plain: plain.memory, late: late.memory })
    expect(await alarms(databases[0] ?? '')).toEqual(await alarms(databases[1] ?? ''))
  } finally {
    for (const book of postgres) await book.close()
  }
}, 120_000)

/** How many of these were booked after one that their chip had made later. @param highest  seq of each purse so far */
function lateOf(receipts: Receipts, booked: Uint8Array, highest: Map<bigint, number>): number {
  let late = 0
  for (let i = 0; i < receipts.count; i++) {
    if (booked[i] !== 1) continue
    const before = highest.get(receipts.purse(i)) ?? 0
    if (receipts.seq(i) < before) late++
    highest.set(receipts.purse(i), Math.max(before, receipts.seq(i)))
  }
  return late
}

const withPlain = (book: Book, bookPlain: Book['bookPlain']): Book => ({
  run: command => book.run(command),
  look: keys => book.look(keys),
  due: (limit, leaseMs) => book.due(limit, leaseMs),
  told: (name, again) => book.told(name, again),
  close: () => book.close(),
  bookPlain,
})

interface Names {
  readonly purses: readonly PurseId[]
  readonly terminals: readonly TerminalId[]
  readonly store: StoreId
}

const namesFrom = (dice: SeededDice): Names => ({
  purses: Array.from({ length: PURSES }, () => freshId<PurseId>(dice)),
  terminals: Array.from({ length: TERMINALS }, () => freshId<TerminalId>(dice)),
  store: freshId<StoreId>(dice),
})

/** @returns all that anybody could tell the two ways apart by */
async function story(book: Book, names: Names, turns: readonly Turn[]): Promise<unknown> {
  const town = await Town.open(book, names)
  for (const one of turns) await town.take(one)
  for (const at of [...names.terminals.keys(), 0]) await town.upload(at)
  return { answers: town.answers, ...(await town.found()) }
}

class Town {
  readonly answers: unknown[] = []
  readonly #book: Book
  readonly #names: Names
  readonly #chips: Chip[]
  readonly #begun: Chip
  readonly #sales = Array.from({ length: TERMINALS }, () => 0)
  readonly #pending = Array.from({ length: TERMINALS }, (): Bytes[] => [])
  readonly #withheld: Bytes[] = []

  private constructor(book: Book, names: Names, epoch: number) {
    this.#book = book
    this.#names = names
    const place = { epoch, number: 0, outcome: 'none', flag: false } as const
    this.#begun = { seq: 0, credits: 1000n, debits: 0n, place, last: undefined }
    this.#chips = names.purses.map(() => ({ ...this.#begun }))
  }

  static async open(book: Book, names: Names): Promise<Town> {
    const { present } = await book.look({})
    for (const purse of names.purses)
      await book.run(put({ purse }, { write: 'purse', row: fresh(purse, present.epoch) }))
    for (const terminal of names.terminals)
      await book.run(put({ terminal }, { write: 'terminal', row: tillOf(names, terminal) }))
    return new Town(book, names, present.epoch)
  }

  async take(one: Turn): Promise<void> {
    switch (one.what) {
      case 'debit':
        return this.#debit(one)
      case 'void':
        return this.#void(one.by)
      case 'again':
        return this.#bring(this.#chips[one.by]?.last)
      case 'rollback':
        Object.assign(this.#chips[one.by] ?? {}, this.#begun)
        return
      case 'close':
        Object.assign(this.#chips[one.by]?.place ?? {}, { flag: false })
        return
      case 'block':
        await this.#book.run(blockPurse(this.#names.purses[one.by] as PurseId, true))
        return
      case 'open':
        return await this.#load(one.by)
      case 'lose':
        return await this.#lose(one.by)
      case 'epoch':
        await this.#book.run(beginEpoch((await this.#book.look({})).present.epoch + 1))
        return
      case 'upload':
        return await this.upload(one.at)
    }
  }

  /** The other terminals keep theirs: so receipts come in another order than they were made in. */
  async upload(at: number): Promise<void> {
    const brought = this.#pending[at]?.splice(0) ?? []
    const means = {
      ...{ book: this.#book, crypto, vault, marks: memoryMarks(), policy: defaultPolicy },
      dice: new SeededDice(at),
    }
    const receipts = receiptsOf(brought)
    const places = brought.map(() => ({ position: 1, hotlist: 0 }))
    const till = tillOf(this.#names, this.#names.terminals[at] as TerminalId)
    this.answers.push(await takeIn(means, till, receipts, places))
    this.#pending[0]?.push(...this.#withheld.splice(0))
  }

  async found(): Promise<object> {
    const seqs = Array.from({ length: 70 }, (_, i) => i)
    const { terminals, store } = this.#names
    const sales = terminals.flatMap(terminal => seqs.map(sale => ({ terminal, sale })))
    const purses = await Promise.all(
      this.#names.purses.map(async purse => {
        const seen = await this.#book.look({ purse, receipts: seqs, fraud: true, operation: { epoch: 1, number: 1 } })
        return { ...seen, purse: { ...seen.purse, trail: NO_BYTES } }
      }),
    )
    const sold = await this.#book.look({ sales, unsettled: { store, until: 2000 } })
    return { purses, sold }
  }

  #debit({ by, at, amount, odd }: Extract<Turn, { what: 'debit' }>): void {
    const chip = this.#chips[by]
    if (chip === undefined) return
    if (odd !== 'sale') this.#sales[at] = (this.#sales[at] ?? 0) + 1
    if (odd !== 'body') chip.seq++
    if (odd === 'moved') chip.place = { ...chip.place, number: chip.place.number + 1, outcome: 'applied' }
    chip.debits += BigInt(amount)
    const facts = { kind: 'debit', amount: money(BigInt(amount)), sale: this.#sales[at] ?? 0 } as const
    const terminal = this.#names.terminals[at] as TerminalId
    chip.last = this.#made(by, chip, { ...facts, terminal, currency: odd === 'currency' ? EUR : JPY })
    const place = odd === 'foreign' ? (at + 1) % TERMINALS : at
    const list = odd === 'withheld' ? this.#withheld : this.#pending[place]
    list?.push(uploaded(chip.last, odd))
  }

  #void(by: number): void {
    const chip = this.#chips[by]
    if (chip?.last?.kind !== 'debit') return
    chip.seq++
    chip.credits += chip.last.amount
    const { amount, terminal, sale } = chip.last
    chip.last = this.#made(by, chip, { kind: 'void', amount, terminal, sale, currency: JPY })
    this.#bring(chip.last)
  }

  #bring(made: Receipt | undefined): void {
    const at = this.#names.terminals.findIndex(terminal => terminal === made?.terminal)
    if (made !== undefined) this.#pending[at]?.push(uploaded(made, 'nothing'))
  }

  #made(
    by: number,
    chip: Chip,
    sale: Pick<Receipt, 'kind' | 'amount' | 'terminal' | 'sale'> & { currency: Currency },
  ): Receipt {
    return {
      ...{
        version: 1,
        type: 'receipt',
        direction: 'to-center',
        purse: this.#names.purses[by] as PurseId,
        keyVersion: 1,
      },
      ...{ ...sale, seq: chip.seq, time: 0, credits: total(chip.credits), debits: total(chip.debits), ...chip.place },
      ...{ digest: DIGEST, prevSeq: 0, prevAmount: money(0n), prevTerminal: new Uint8Array(4) },
    }
  }

  /** Recorded and executed, and not closed. */
  async #load(by: number): Promise<void> {
    const [purse, chip] = [this.#names.purses[by], this.#chips[by]]
    const before = purse && (await this.#book.look({ purse })).purse
    if (before === undefined || chip === undefined || before.flag) return
    const number = before.number + 1
    const writes = [
      { write: 'operation', row: loadOf(before, number) },
      { write: 'purse', row: { ...before, number, flag: true } },
    ] as const
    await this.#book.run(put({ purse: before.purse }, ...writes.toReversed()))
    chip.credits += 50n
    chip.place = { epoch: before.epoch, number, outcome: 'applied', flag: true }
  }

  async #lose(by: number): Promise<void> {
    const purse = this.#names.purses[by]
    const before = purse && (await this.#book.look({ purse })).purse
    if (before !== undefined)
      await this.#book.run(put({ purse: before.purse }, { write: 'purse', row: { ...before, stage: 'lost' } }))
  }
}

const DIGEST = new Uint8Array(32).fill(9)
const NONE: Total = total(0n)

const PURSE = rowOf('purse', {})
const OPERATION = rowOf('operation', {})

const fresh = (purse: PurseId, epoch: number): PurseRow => ({
  ...PURSE,
  ...{ purse, publicKey, stage: 'active', blocked: false, flag: false, currency: JPY, trail: NO_BYTES },
  ...{ epoch, number: 0, closedEpoch: epoch, closedNumber: 0, taken: NO_RANGES, writtenOff: NONE, lostAt: undefined },
  ...{ credits: total(1000n), debits: NONE, seenCredits: total(1000n), seenDebits: NONE, seenSeq: 0 },
  ...{
    seenEpoch: 0,
    seenNumber: 0,
    seenStage: 0,
    seenFloor: 0,
    bookedAmount: NONE,
    bookedCount: 0,
    voidedAmount: NONE,
  },
  ...{ settings: 1, settingsSeen: 1, holds: 0 },
})

const tillOf = ({ store }: Names, terminal: TerminalId) => ({
  ...{ terminal, store, publicKey, stolen: false, lostAt: undefined, lastUpload: undefined, journal: undefined },
})

const loadOf = ({ purse, epoch }: PurseRow, number: number): OperationRow => ({
  ...OPERATION,
  ...{ purse, epoch, number, kind: 'load', amount: money(50n), currency: JPY, digest: DIGEST },
  ...{ decision: 'open', closed: undefined, sessionEnd: undefined, store: undefined, transaction: undefined },
  order: undefined,
})

function uploaded(made: Receipt, odd: Odd): Bytes {
  const body = receipt.write(made)
  const key = vault.purseKeys(1, made.purse)?.receipt ?? NO_BYTES
  const signature = odd === 'mac-and-signature' ? new Uint8Array(64) : signed(body)
  const mac = odd === 'mac' || odd === 'mac-and-signature' ? new Uint8Array(16) : receiptMac(crypto, key, body)
  return concat(body, signature, mac)
}

const signatures = new Map<string, Bytes>()

/** The same for the same body, and made once. */
function signed(body: Bytes): Bytes {
  const signature = signatures.get(hex(body)) ?? crypto.sign(chipKey, body)
  signatures.set(hex(body), signature)
  return signature
}

async function alarms(url: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('select subject_id, what, facts from alarm order by 1, 2, facts::text')
  await client.end()
  return rows
}
