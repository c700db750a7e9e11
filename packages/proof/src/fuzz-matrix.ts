/**
 * Every message about an operation, a sale or a purse, in every state that these can be in, as it should be, altered, and by
 * somebody whose it is not. What is altered or another's moves no money; what is said again moves none again.
 */

import type { RouteName } from '@kozeni/api/routes'
import { routes } from '@kozeni/api/routes'
import { assert } from '@kozeni/base/assert'
import { currency } from '@kozeni/base/currency'
import { right } from '@kozeni/center/server-for-tests'
import type { Outcome } from '@kozeni/protocol/operation'
import { bring, type Case, MESSAGES, soundly, type Variant } from './fuzz-messages.ts'
import type { Answered, FuzzTown } from './fuzz-town.ts'

type Step = (town: FuzzTown, at: Case) => Promise<unknown>

const load: Step = async (town, at) => {
  const body = { purse: at.holder.purse, amount: '700', currency: currency('JPY'), method: 'pm_card_visa' }
  at.load = right(await at.holder.call(routes.createLoad, { body, idempotencyKey: 'the-load' })).load
}
const pay: Step = async (town, at) => {
  at.sale = town.center.sale(town.scene.shop)
  right(await at.holder.call(routes.createPayment, { body: { purse: at.holder.purse, ...at.sale } }))
}
const meet: Step = (town, at) =>
  at.holder.call(routes.contact, { body: { purpose: { kind: 'purse', purse: at.holder.purse }, responses: [] } })
const cancel: Step = (_, { holder, load: mine }) => {
  assert(mine, 'a load to cancel')
  return holder.call(routes.cancelLoad, { params: { load: mine } })
}
const wait: Step = async town => town.center.clock.advance(61_000)
const refund: Step = async (town, { holder, sale }) => {
  assert(sale, 'a sale to refund')
  const body = { number: sale.number, amount: '40', reason: 'returned' }
  right(await town.scene.shop.call(routes.createRefund, { body, idempotencyKey: `refund-${holder.purse}` }))
}
const said =
  (outcome: Outcome): Step =>
  (town, at) =>
    town.ask(bring(town, at, { outcome }))

const asked =
  (name: RouteName): Step =>
  async (town, at) => {
    const { response } = await town.ask(soundly(name, town, at))
    assert(response?.status === 200, `${name} is granted: ${response?.body}`)
  }

/** How each state is come to. */
const STATES: Readonly<Record<string, readonly Step[]>> = {
  'at rest': [],
  'a load waits': [load],
  'a load is open': [load, meet],
  'an open load is to be cancelled': [load, meet, cancel],
  'a load is committed': [load, meet, said('applied')],
  'a load is void': [load, meet, said('rejected')],
  'a load came in spite of its cancellation': [load, meet, cancel, said('applied')],
  'a pay is open': [pay, meet],
  'a pay’s session is over': [pay, meet, wait],
  'a pay is committed': [pay, meet, said('applied')],
  'a pay is void': [pay, meet, said('rejected')],
  'a pay came too late': [pay, meet, wait, said('applied')],
  'a pay came too late and was undone': [pay, meet, wait, said('applied'), said('reversed')],
  'a refund waits': [pay, meet, said('applied'), refund],
  'a refund is open': [pay, meet, said('applied'), refund, meet],
  'a refund is committed': [pay, meet, said('applied'), refund, meet, said('applied')],
  'an off-line sale is booked': [asked('uploadReceipts')],
  // with whatever mail it fetches the till has what waits opened: here it is open
  'an off-line sale is booked, and goes back in part': [asked('uploadReceipts'), asked('createReturn'), meet],
  'the purse is blocked': [asked('blockPurse')],
  'a load waits for a blocked purse': [load, asked('blockPurse')],
  'the purse is lost': [asked('reportLost')],
  'the purse is lost with an open pay': [pay, meet, asked('reportLost')],
  'the purse is being swept': [asked('leavePurse'), meet],
  'the purse is empty and left': [asked('leavePurse'), meet, said('applied')],
}

/** Tables in which money moves. */
const MONEY: ReadonlySet<string> = new Set(['operation', 'entry', 'load', 'order', 'number', 'move', 'return'])

const VARIANTS: readonly Variant[] = ['same', 'altered', 'foreign']

/** Tries every cell once; in each a purse of its own. */
export async function matrix(
  town: FuzzTown,
  goesOn: () => boolean,
): Promise<{ readonly requests: number; readonly wrong: readonly string[] }> {
  let requests = 0
  const wrong: string[] = []
  let purse = 0x1000
  for (const [state, steps] of Object.entries(STATES))
    for (const { name, request } of MESSAGES)
      for (const variant of VARIANTS) {
        if (!goesOn()) return { requests, wrong }
        const at: Case = { holder: await town.center.holder((purse++).toString(16).padStart(16, '0')) }
        for (const step of steps) await step(town, at)
        const message = request(town, at, variant)
        if (message === undefined) continue
        const [first, second] = [await town.ask(message), await town.ask(message)]
        requests += 2 + steps.length
        const cell = `${name}, ${variant}, while ${state}`
        wrong.push(
          ...[...town.judge(first), ...town.judge(second), ...judgeCell(variant, first, second)].map(
            each => `${cell}: ${each}`,
          ),
        )
      }
  return { requests, wrong }
}

function judgeCell(variant: Variant, first: Answered, second: Answered): readonly string[] {
  const moved = (answered: Answered): string[] => answered.wrote.filter(table => MONEY.has(table))
  return [
    ...(variant !== 'same' && moved(first).length > 0 ? [`it moved money: it wrote ${moved(first).join(', ')}`] : []),
    ...(moved(second).length > 0 ? [`said again it wrote ${moved(second).join(', ')} again`] : []),
  ]
}
