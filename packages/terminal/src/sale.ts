/**
 * One sale at an off-line terminal, as rules for the machine of tap.ts. Its number is given once, and whatever happens
 * it takes from one chip, once. A request stays the sale's only one until the chip has proved that it never happened.
 */
import type { Currency } from '@kozeni/base/currency'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { INS } from '@kozeni/protocol/purse'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Card } from './card.ts'
import { maySell, mayTake, tooLarge } from './limits.ts'
import { type Input, listening, type Rules, type Step, step, type TapState, type Task, type World } from './tap.ts'
import type { Sale, Till } from './till.ts'

const rules: Rules = {
  deed: 'debit',
  ins: INS.debit,
  type: 'debit-request',
  check: mayAsk,
  movedOn: ['moved-on'],
  abandons: true,
  asksCenter: true,
}

/** One step of a sale. @spec D-1…D-4 */
export const stepSale = (world: World, state: TapState, input: Input): Step => step(rules, world, state, input)

/**
 * A new sale: its intent is journaled before any chip is looked for.
 *
 * @param now  seconds since 1970
 * @refuses    sale-unresolved (an earlier one must be answered first) · sale-too-large · what maySell refuses
 * @spec       D-3, D-7
 */
export function beginSale(till: Till, amount: Money, now: number): Result<Step, Refusal> {
  const [unresolved] = till.unresolved
  if (unresolved !== undefined) return no(refusal('sale-unresolved', { sale: unresolved }))
  const terms = maySell(till, now)
  if (!terms.ok) return terms
  const { certificate, limits } = terms.value
  if (amount === 0n) return no(refusal('data-wrong', { field: 'amount' }))
  if (amount > limits.perSale) return no(tooLarge(limits.perSale))
  return ok(
    intending({ sale: till.lastSale + 1, amount, asked: undefined, purse: undefined }, certificate.currency, now),
  )
}

const intending = (task: Task, currency: Currency, now: number): Step => ({
  state: { task, phase: { at: 'intending' }, trouble: undefined },
  effects: [
    { effect: 'journal', entry: { entry: 'intended', at: now, sale: task.sale, amount: task.amount, currency } },
  ],
})

/**
 * A sale taken up again, at any later time: one that is unresolved repeats its journaled request, one that never happened
 * is offered anew.
 *
 * @refuses sale-final
 * @spec    D-4, D-5
 */
export function resumeSale({ sale, amount, stage, asked }: Sale): Result<Step, Refusal> {
  if (stage !== 'unresolved' && stage !== 'open') return no(refusal('sale-final', { sale, stage }))
  return ok(listening({ sale, amount, asked, purse: asked?.request.purse }))
}

/** Whether to ask this chip for the sale's amount now: its certificate, its seq, its flag, the limits. @spec C-9, D-7, F-9 */
function mayAsk({ till, software }: World, { amount }: Task, card: Card, now: number): Result<unknown, Refusal> {
  if (card.expires <= now) return no(refusal('certificate-expired', { purse: card.purse }))
  if (card.seq < (till.seqs.get(card.purse) ?? 0)) return no(refusal('seq-fell', { purse: card.purse }))
  if (card.flag && card.chipClass === 'software' && software.unconfirmed === 'refused')
    return no(refusal('operation-unconfirmed', { purse: card.purse }))
  return mayTake(till, { amount, purse: card.purse, chipClass: card.chipClass }, now)
}
