/** Statements of one purse form a chain (K-1). */
import { type Total, total } from '@kozeni/base/money'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowOf } from './book-rows.contract.ts'
import { incomparable, type Link, noted, saidIn, seenOf } from './chain.ts'

const START: Link = { epoch: 1, number: 0, stage: 0, seq: 0, credits: total(0n), debits: total(0n) }
const plus = (sum: Total, amount: number): Total => total(sum + BigInt(amount))

/** What an honest chip may do next: another operation, the next stage of the one it has, a debit, a void. */
const life = fc.array(
  fc.record({ does: fc.constantFrom('operation', 'stage', 'debit', 'void'), amount: fc.integer({ min: 1, max: 9 }) }),
  { maxLength: 20 },
)

type Deed = { readonly does: string; readonly amount: number }

function after(link: Link, { does, amount }: Deed): Link {
  if (does === 'operation') return { ...link, number: link.number + 1, stage: 1, credits: plus(link.credits, amount) }
  if (does === 'stage') return { ...link, stage: Math.min(3, link.stage + 1) }
  if (does === 'debit') return { ...link, seq: link.seq + 1, debits: plus(link.debits, amount) }
  return { ...link, seq: link.seq + 1, credits: plus(link.credits, amount) }
}

const linksOf = (deeds: readonly Deed[]): Link[] =>
  deeds.reduce<Link[]>((links, deed) => [...links, after(links.at(-1) ?? START, deed)], [START])

const purse = rowOf('purse', {
  ...{ seenEpoch: 1, seenNumber: 0, seenStage: 0, seenSeq: 0, seenCredits: total(0n), seenDebits: total(0n) },
})

test('whatever an honest chip has said may arrive in any order: no two of its statements contradict each other', () => {
  fc.assert(
    fc.property(life, fc.infiniteStream(fc.nat()), (deeds, order) => {
      const links = linksOf(deeds)
      const shuffled = links.map(link => ({ link, at: order.next().value })).toSorted((a, b) => a.at - b.at)
      const last = shuffled.reduce((seen, { link }) => {
        expect(incomparable(seenOf(seen), link)).toBe(false)
        return noted(seen, link)
      }, purse)
      expect(seenOf(last)).toEqual(links.at(-1))
    }),
  )
})

test('two copies of a chip that have gone on, each by itself, are found out: by place, by stage, by seq or by a total', () => {
  const common = linksOf([{ does: 'operation', amount: 9 }]).at(-1) ?? START
  const debit = after(common, { does: 'debit', amount: 1 })
  for (const other of ['operation', 'stage', 'void'] as const)
    expect(incomparable(debit, after(common, { does: other, amount: 1 }))).toBe(true)
  expect(incomparable(debit, after(common, { does: 'debit', amount: 1 }))).toBe(false)
})

test('a chip first says what it did, then that it undid it, then that the center has confirmed it', () => {
  const at = (outcome: 'none' | 'applied' | 'reversed', flag: boolean) => saidIn({ ...START, outcome, flag }).stage
  expect([at('none', false), at('applied', true), at('reversed', true), at('applied', false)]).toEqual([0, 1, 2, 3])
  expect(at('reversed', false)).toBe(3)
})
