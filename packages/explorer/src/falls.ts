/** INV-MONO, step by step: what must never fall from one record of a chip, or one book of the center, to the next. */
import type { MemoryTables } from '@kozeni/center/book-memory'
import type { Outcomes } from '@kozeni/protocol/message'
import { comparePlaces } from '@kozeni/protocol/operation'

type Numbers = Readonly<Record<string, number | bigint>>

/** What of a chip has fallen; undefined as it must be. */
export function fallOfChip(was: Outcomes, is: Outcomes): string | undefined {
  const fallen = comparePlaces(was, is) > 0 ? 'place' : firstFallen(numbersOf(was), numbersOf(is))
  return fallen === undefined ? undefined : `INV-MONO: the chip’s ${fallen} has fallen`
}

const numbersOf = (facts: Outcomes): Numbers => ({
  credits: facts.credits,
  debits: facts.debits,
  seq: facts.seq,
  'off-line amount': facts.offlineAmount,
  'off-line count': facts.offlineCount,
  'acknowledged amount': facts.acknowledgedAmount,
  'acknowledged count': facts.acknowledgedCount,
  floor: facts.epochFloor,
  settings: facts.settingsEpoch * 2 ** 20 + facts.settings,
})

/** The same of a book, and that what is closed stays as it was closed. */
export function fallOfBook(was: MemoryTables, is: MemoryTables): string | undefined {
  for (const [name, before] of was.purse) {
    const after = is.purse.get(name)
    const fallen = after === undefined ? 'row' : firstFallen(numbersIn(before), numbersIn(after))
    if (fallen !== undefined) return `INV-MONO: a purse’s ${fallen} has fallen in the book`
  }
  for (const [name, { closed, decision }] of was.operation) {
    const after = is.operation.get(name)
    if (closed !== undefined && (after?.closed === undefined || after.decision !== decision))
      return `INV-MONO: operation ${name} was closed, and is not as it was`
  }
  return undefined
}

type Row = MemoryTables['purse'] extends ReadonlyMap<unknown, infer R> ? R : never

const numbersIn = (row: Row): Numbers => ({
  place: row.epoch * 2 ** 20 + row.number,
  'closed place': row.closedEpoch * 2 ** 20 + row.closedNumber,
  credits: row.credits,
  debits: row.debits,
  settings: row.settings,
  'seen credits': row.seenCredits,
  'seen debits': row.seenDebits,
  'seen seq': row.seenSeq,
  'booked amount': row.bookedAmount,
  'booked count': row.bookedCount,
})

const firstFallen = (was: Numbers, is: Numbers): string | undefined =>
  Object.keys(was).find(name => (is[name] ?? 0) < (was[name] ?? 0))
