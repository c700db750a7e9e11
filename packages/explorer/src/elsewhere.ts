/**
 * What the first chip's holder does elsewhere, once, in one go and without a fault: so many loads, or sales at another till, that
 * the chip's rings forget what came before (C-2). The steps are real ones; what could happen between them is not explored here.
 */
import { assert } from '@kozeni/base/assert'
import type { Cast } from './cast.ts'
import { Desks } from './desks.ts'
import { EPOCH, purseId, START_MS } from './issuer.ts'
import { atRest, epochOf } from './judge.ts'
import { keeping } from './memory.ts'
import type { Outcome } from './move.ts'
import type { Shelf } from './offline.ts'
import { takenIn } from './take-in.ts'

/** Of another till than those of the plot. */
const OTHER_TILL = 8
const ONE = 1n

type Tills = Pick<Shelf, 'places' | 'isTapping'>

/** Sets it up, as far as the plot has it. @param tills  at which the chip cannot be meanwhile */
export function elsewhere(cast: Cast, tills: Tills): void {
  const { loads, sales } = cast.plot.elsewhere
  if (loads > 0) manyLoads(cast, loads)
  if (sales > 0) manySales(cast, sales, tills)
}

function manyLoads(cast: Cast, count: number): void {
  const { stage, chipAt, centerAt, providerAt, providers } = cast
  const loaded = keeping(cast.memory, (record, book) => {
    let now = { record, book }
    for (let i = 0; i < count; i++) now = cast.rested(0, now.record, cast.funded(now.book, 100 + i, purseId(1), ONE))
    return now
  })
  stage.may({
    parts: [chipAt[0] ?? 0, centerAt, providerAt],
    perform: (record, book, provider = 0) => {
      const before = providers.value(provider)
      if (before.elsewhere > 0 || !mayLoad(cast, record, book)) return []
      const paid = cast.provided({ ...before, elsewhere: count * Number(ONE) })
      return [ended(cast, loaded(record, book), [paid], `${count} loads of ${ONE} follow, one after the other`)]
    },
  })
}

/** Chip and center have nothing left to say, so nothing stands in the way. */
function mayLoad(cast: Cast, record: number, book: number): boolean {
  const tables = cast.centers.tables(book)
  const row = tables.purse.get(purseId(1))
  const isOurs = row !== undefined && !row.blocked && row.epoch >= Math.max(EPOCH, epochOf(tables))
  return isOurs && atRest(cast.chips.facts(record), tables)
}

function manySales(cast: Cast, count: number, { places, isTapping }: Tills): void {
  const { stage, chipAt, centerAt, chips } = cast
  const till = new Desks(cast.design, OTHER_TILL)
  const sold = keeping(cast.memory, record => {
    let now = { desk: till.desk(till.first), record }
    for (let i = 0; i < count; i++) {
      const next = till.sold(chips, now.desk, now.record, ONE)
      assert(next !== undefined, 'nothing stands against these sales')
      now = next
    }
    return now
  })
  stage.may({
    parts: [chipAt[0] ?? 0, centerAt, places[0] ?? 0],
    perform: (record, book, number = 0) => {
      const { records, credits, debits } = chips.facts(record)
      if (isTapping(number) || records.length >= count || credits - debits < BigInt(count)) return []
      const { desk, record: now } = sold(record, 0)
      const receipts = [...till.till(desk).sales.values()].flatMap(({ receipt }) => receipt?.bytes ?? [])
      const { book: after } = takenIn(cast, book, receipts, START_MS)
      const says = `${count} sales at another till follow, and are collected`
      return [ended(cast, { record: now, book: after }, [number], says)]
    },
  })
}

function ended(
  cast: Cast,
  { record, book }: { readonly record: number; readonly book: number },
  rest: readonly number[],
  says: string,
): Outcome {
  return { next: [record, book, ...rest], sends: cast.statements(0, record), fair: false, says }
}
