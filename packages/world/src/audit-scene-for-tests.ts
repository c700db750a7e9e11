/**
 * A small and complete book for an auditor to look at: everything that ends, ends here once in each of its ways, on real
 * chips and a real till; and something of everything is still under way.
 */
import { assert } from '@kozeni/base/assert'
import { SeededDice } from '@kozeni/base/dice'
import type { StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import type { LoadRow, OrderRow } from '@kozeni/center/book'
import { Chip } from '@kozeni/chip/chip'
import { forge } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { LocalReader } from '@kozeni/chip/reader-local'
import { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import type { Offer } from '@kozeni/protocol/paylink'
import { MemoryJournal } from '@kozeni/terminal/journal-memory'
import { Terminal } from '@kozeni/terminal/terminal'
import type { Loss } from './relay-with-faults.ts'
import type { Person } from './town.ts'
import type { PostgresTown } from './town-postgres.ts'

/** Whoever and whatever tests want to find in the book again. */
export interface Scene {
  readonly anna: Person
  readonly ben: Person
  readonly store: StoreId
  /** Anna's only sale that was paid: operation 2, number and refunds. */
  readonly sold: Offer
  /** Loaded by operation 1. */
  readonly loaded: LoadRow
  /** Cancelled before it was opened, and given back. */
  readonly cancelled: LoadRow
  /** Ben's, which waits. */
  readonly waiting: LoadRow
  /** A refund of 200, delivered by operation 5. */
  readonly delivered: OrderRow
  /** A refund of 100 that waits. */
  readonly owed: OrderRow
}

const SESSION_OVER_MS = 61_000
const UNHEARD: Loss = { lost: 'turn', at: 1 }

/**
 * Anna's operations: 1 load of 5000 · 2 pay of 1200 · 3 pay of 300, reversed · 4 load of 400, cancelled · 5 refund of 200.
 * Her receipts: 1 debit of 700 · 2 debit of 40 · 3 its void · 4 debit of 60, each settled by window 1 but the last.
 * Ben's operations: 1 load of 1000 · 2 pay of 100, open. His load of 500 waits.
 */
export async function setScene(town: PostgresTown): Promise<Scene> {
  const [anna, ben, store] = [await settleIn(town), await settleIn(town), await town.openStore()]
  const loaded = await load(town, anna, 5000n)
  const sold = town.sale(store, 1200n)
  await pay(town, anna, sold)
  await payTooLate(town, anna, town.sale(store, 300n))
  const cancelled = await town.fund(anna, 800n)
  await town.cancel(anna, cancelled)
  await town.giveBack(anna, cancelled)
  await cancelLate(town, anna, await town.fund(anna, 400n))
  const delivered = await town.refund(sold, 200n)
  await meet(town, anna)
  await sellAlone(town, anna, store)
  await load(town, ben, 1000n)
  await town.pay(ben, town.sale(store, 100n))
  const waiting = await town.fund(ben, 500n)
  return { anna, ben, store, sold, loaded, cancelled, waiting, delivered, owed: await town.refund(sold, 100n) }
}

type Walker = Person & { readonly reader: LocalReader & { readonly radio: LocalReader } }

async function settleIn(town: PostgresTown): Promise<Walker> {
  const person = await town.moveIn(async order => {
    const silicon = new MemorySilicon(CHIP_BYTES)
    forge(silicon, order)
    const chip = new Chip({ silicon, crypto, dice: new SeededDice(Number.parseInt(order.chip.slice(8), 16)) })
    return Object.assign(new LocalReader(chip), { radio: new LocalReader(chip, 'radio') })
  })
  const met = await town.install(person)
  assert(met.ended === 'done', 'a purse is installed')
  return person
}

async function meet(town: PostgresTown, person: Person, loss?: Loss): Promise<void> {
  const met = await town.contact(person, loss)
  assert(met.ended === (loss === undefined ? 'done' : 'lost'), `a contact ended ${met.ended}`)
  town.clock.advance(1000)
}

async function load(town: PostgresTown, person: Person, amount: bigint): Promise<LoadRow> {
  const row = await town.fund(person, amount)
  await meet(town, person)
  return row
}

async function pay(town: PostgresTown, person: Person, sale: Offer): Promise<void> {
  await town.pay(person, sale)
  await meet(town, person)
}

/** The chip has paid and nobody heard of it until the session was over: it takes the money back. */
async function payTooLate(town: PostgresTown, person: Person, sale: Offer): Promise<void> {
  await town.pay(person, sale)
  await meet(town, person, { lost: 'answers', at: 1 })
  town.clock.advance(SESSION_OVER_MS)
  await meet(town, person)
}

/** Cancelled when it was opened already: the chip has to say that it never happened. */
async function cancelLate(town: PostgresTown, person: Person, row: LoadRow): Promise<void> {
  await meet(town, person, UNHEARD)
  await town.cancel(person, row)
  await meet(town, person)
  await town.giveBack(person, row)
}

/** A till that sells alone and uploads, a window that is settled, and a sale after it. */
async function sellAlone(town: PostgresTown, person: Walker, store: StoreId): Promise<void> {
  const key = crypto.generate(new SeededDice(7))
  const center = await town.openTill(store, crypto.publicKey(key))
  const opened = await Terminal.open({ crypto, clock: town.clock, journal: new MemoryJournal(crypto), center, key })
  assert(opened.ok, 'a till opens')
  const [till, counter] = [opened.value, { reader: person.reader.radio, waitMs: 1000 }]
  const done = async (doing: ReturnType<Terminal['sell'] | Terminal['upload']>) => {
    const result = await doing
    assert(
      result.ok && !('outcome' in result.value && result.value.outcome !== 'done'),
      JSON.stringify(result, spelled),
    )
    town.clock.advance(1000)
  }
  await done(till.upload())
  await done(till.sell(money(700n), counter))
  await done(till.sell(money(40n), counter))
  await done(till.voidLast(counter))
  await done(till.upload())
  await town.settle(store)
  await done(till.sell(money(60n), counter))
  await done(till.upload())
}

const spelled = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
