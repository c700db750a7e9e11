/** What was aimed at, and what came of it. */
import { assert } from '@kozeni/base/assert'
import type { Row } from './measure.ts'
import type { Report, Target } from './report.ts'

/** Each target with its figure. */
export function targetsOf({ rows, decades, audited }: Pick<Report, 'rows' | 'decades' | 'audited'>): Target[] {
  const row = (work: string): Row => {
    const found = rows.find(each => each.work === work)
    assert(found !== undefined, `a row of ${work}`)
    return found
  }
  const rate = (work: string): number => row(work).perSecond
  const receipts = rate('receipts verified and posted')
  return [
    atLeast('receipts verified and posted a second', 100_000, receipts),
    atLeast('the same, as a part of insert-only', 0.5, receipts / rate('insert-only: the receipts’ bytes, a row each')),
    atLeast(
      'pays, times the form of one transaction a request',
      4,
      ratio(rate, 'pays opened and closed, group commit', 'pays, one transaction a request'),
    ),
    atLeast(
      'pays opened over HTTP, times the form of one transaction a request',
      3,
      ratio(rate, 'pays opened over HTTP, group commit', 'pays opened over HTTP, one transaction a request'),
    ),
    atMost('p99 of a pay at half load, ms', 10, row('pays at half load').p99),
    atLeast(
      'receipts with a hot store, as a part of uniform',
      0.9,
      ratio(rate, 'receipts, 30 % at one store', 'receipts verified and posted'),
    ),
    atLeast(
      'pays with a hot store, as a part of uniform',
      0.9,
      ratio(rate, 'pays, 30 % at one store', 'pays opened and closed, group commit'),
    ),
    atLeast('numbers verified a second and core', 150_000, rate('numbers verified at the center')),
    atLeast('numbers made a second and core', 150_000, rate('numbers made by a store')),
    atLeast('receipts a second with the most purses, as a part of the fewest, in turns', 0.8, grown(decades)),
    atLeast(
      'receipts of two processes, as a part of one’s',
      1,
      ratio(rate, 'receipts, two processes together', 'receipts verified and posted'),
    ),
    atLeast(
      'a debit on the chip, as a part of what its signatures allow',
      0.8,
      ratio(rate, 'debits on one chip', 'debits, signing and verifying alone'),
    ),
    atMost(
      'p99 of a pay beside collection, times without',
      2,
      row('pays, 500 a second, receipts beside them').p99 / row('pays, 500 a second, nothing beside them').p99,
    ),
    atMost('findings of the audit', 0, audited.findings),
    atMost(
      'seconds to audit ten million receipts, by the receipts there were',
      300,
      (audited.seconds / audited.receipts) * 1e7,
    ),
  ]
}

/** What the largest book collects, as a part of what a small one did in turns with it. */
function grown(decades: Report['decades']): number {
  const largest = decades.at(-1)
  assert(largest !== undefined, 'one decade at least')
  return largest.collected.perSecond / largest.small.collected.perSecond
}

const ratio = (rate: (work: string) => number, a: string, b: string): number => rate(a) / rate(b)
const atLeast = (says: string, wanted: number, found: number): Target => ({
  says: `${says}, at least`,
  wanted,
  found,
  reached: found >= wanted,
})
const atMost = (says: string, wanted: number, found: number): Target => ({
  says: `${says}, at most`,
  wanted,
  found,
  reached: found <= wanted,
})
