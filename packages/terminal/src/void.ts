/**
 * Giving back the debit that a chip made last (D-6), as rules for the machine of tap.ts: a record of its own, asked for
 * by the same terminal, only while the center has not been shown the debit. Nothing else is given back here: any other
 * refund is an order from the center.
 */
import { assert } from '@kozeni/base/assert'
import { no, ok, type Result } from '@kozeni/base/result'
import { INS } from '@kozeni/protocol/purse'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Card } from './card.ts'
import { type Input, listening, type Rules, type Step, step, type TapState, type Task, type World } from './tap.ts'
import type { Sale } from './till.ts'

const rules: Rules = {
  deed: 'void',
  ins: INS.void,
  type: 'void-request',
  check: mayAsk,
  movedOn: ['moved-on', 'not-last'],
  abandons: false,
  asksCenter: false,
}

/** One step of a void. @spec D-4, D-6 */
export const stepVoid = (world: World, state: TapState, input: Input): Step => step(rules, world, state, input)

/**
 * A void of this sale, new or taken up again.
 *
 * @refuses sale-final (not paid, or voided, or its void has ended) · sale-offered
 * @spec    D-6
 */
export function beginVoid(sale: Sale): Result<Step, Refusal> {
  const { stage, voidStage, voidAsked: asked, offered, receipt } = sale
  if (stage !== 'paid' || receipt === undefined) return no(refusal('sale-final', { sale: sale.sale, stage }))
  if (voidStage !== 'none' && voidStage !== 'unresolved')
    return no(refusal('sale-final', { sale: sale.sale, void: voidStage }))
  if (offered) return no(refusal('sale-offered', { sale: sale.sale }))
  return ok(listening({ sale: sale.sale, amount: sale.amount, asked, purse: receipt.receipt.purse }))
}

/** Only while that debit is the chip's last, and the center has not been shown it. */
function mayAsk({ till }: World, task: Task, card: Card): Result<unknown, Refusal> {
  const sale = till.sales.get(task.sale)
  assert(sale?.receipt !== undefined, `sale ${task.sale} is paid, and is being voided`)
  if (sale.offered) return no(refusal('sale-offered', { sale: task.sale }))
  return card.seq === sale.receipt.receipt.seq ? ok(true) : no(refusal('not-last'))
}
