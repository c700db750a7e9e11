/**
 * Every message about an operation, in every state that the operation can be in, as it should be, altered, and by somebody
 * whose it is not. The chip is paper here: what it says is sealed with its own keys, whatever it says.
 */

import type { RouteName } from '@kozeni/api/routes'
import { routes } from '@kozeni/api/routes'
import { assert } from '@kozeni/base/assert'
import { base64url, concat } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { type LoadId, type PurseId } from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { type Holder, type RawRequest, right } from '@kozeni/center/server-for-tests'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { type Outcomes, seal } from '@kozeni/protocol/message'
import { KIND, type Outcome } from '@kozeni/protocol/operation'
import type { Answered, FuzzTown } from './fuzz-town.ts'
import { as, requestOf } from './fuzz-town.ts'

/** One purse with at most one operation, and what it is about. */
interface Case {
  readonly holder: Holder
  load?: LoadId
  sale?: ReturnType<FuzzTown['center']['sale']>
}

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
}

const OUTCOMES: readonly Outcome[] = ['none', 'applied', 'cancelled', 'reversed', 'rejected']

type Variant = 'same' | 'altered' | 'foreign'
const VARIANTS: readonly Variant[] = ['same', 'altered', 'foreign']

interface Message {
  readonly name: string
  readonly request: (town: FuzzTown, at: Case, variant: Variant) => RawRequest | false | undefined
}

const MESSAGES: readonly Message[] = [
  ...OUTCOMES.map(
    (outcome): Message => ({
      name: `RESULT ${outcome}`,
      request: (town, at, variant) => bring(town, at, { outcome }, variant),
    }),
  ),
  {
    name: 'createLoad',
    request: (town, at, variant) =>
      // under a key that was never used it is no altered load, but a load
      (variant !== 'altered' || at.load !== undefined) &&
      byHolder(
        town,
        at,
        variant,
        'createLoad',
        {
          purse: at.holder.purse,
          amount: variant === 'altered' ? '701' : '700',
          currency: 'JPY',
          method: 'pm_card_visa',
        },
        'the-load',
      ),
  },
  {
    name: 'cancelLoad',
    request: (town, at, variant) =>
      at.load &&
      byHolder(
        town,
        at,
        variant,
        'cancelLoad',
        undefined,
        undefined,
        variant === 'altered' ? 'ffffffffffffffff' : at.load,
      ),
  },
  {
    name: 'getLoad',
    request: (town, at, variant) =>
      at.load &&
      byHolder(
        town,
        at,
        variant,
        'getLoad',
        undefined,
        undefined,
        variant === 'altered' ? '0000000000000001' : at.load,
      ),
  },
  {
    name: 'createPayment',
    request: (town, at, variant) =>
      at.sale &&
      byHolder(town, at, variant, 'createPayment', {
        purse: at.holder.purse,
        ...at.sale,
        ...(variant === 'altered' && { transaction: town.center.sale(town.scene.shop).transaction }),
      }),
  },
  {
    name: 'contact',
    request: (town, at, variant) =>
      byHolder(
        town,
        at,
        variant,
        'contact',
        variant === 'altered'
          ? { token: 'AAAA', responses: [] }
          : { purpose: { kind: 'purse', purse: at.holder.purse }, responses: [] },
      ),
  },
]

function byHolder(
  town: FuzzTown,
  { holder }: Case,
  variant: Variant,
  name: RouteName,
  body?: unknown,
  key?: string,
  param = '',
) {
  const { method, path } = routes[name]
  const who =
    variant === 'foreign'
      ? as({ kind: 'device', id: town.stranger.device }, town.stranger)
      : as({ kind: 'device', id: holder.device }, holder)
  const sample = {
    method,
    target: path.replace(/\{\w+\}/, param),
    ...(body !== undefined && { body }),
    ...(key && { key }),
  }
  return requestOf(sample, who)
}

/** A till brings what the chip of this purse says: in the operation's own words, altered in one bit, or sealed by another. */
function bring(town: FuzzTown, at: Case, change: Partial<Outcomes>, variant: Variant = 'same') {
  const { purse } = at.holder
  const keys = town.center.vault.purseKeys(2, variant === 'foreign' ? town.stranger.purse : purse)
  if (keys === undefined) throw new Error('two versions of keys')
  const sealed = seal(crypto, keys, purse, { type: 'result', body: wordOf(town, purse, change) })
  if (variant === 'altered') sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
  const answer = base64url(concat(sealed, Uint8Array.of(0x90, 0x00)))
  const { till } = town.scene.shop
  const sample = { method: 'POST', target: routes.exchangeMail.path, body: { answers: [{ purse, answer }] } } as const
  return requestOf(sample, as({ kind: 'terminal', id: till.terminal }, till))
}

/** What a chip would say of the newest operation; with `none` it has not heard of it. */
function wordOf(town: FuzzTown, purse: PurseId, change: Partial<Outcomes>): Outcomes {
  const operations = [...town.center.book.tables.operation.values()].filter(row => row.purse === purse)
  const newest = operations.toSorted((a, b) => a.number - b.number).at(-1)
  const last = change.outcome === 'none' ? undefined : newest
  const amount = last?.amount ?? money(0n)
  const credit = last !== undefined && last.kind !== 'pay' && change.outcome === 'applied' ? amount : 0n
  const debit = last?.kind === 'pay' && (change.outcome === 'applied' || change.outcome === 'reversed') ? amount : 0n
  const back = last?.kind === 'pay' && change.outcome === 'reversed' ? amount : 0n
  return {
    ...{ status: 0x9000, epoch: last?.epoch ?? 0, number: last?.number ?? 0, kind: last ? KIND[last.kind] : 0 },
    ...{ digest: last?.digest ?? new Uint8Array(32), outcome: 'none', flag: change.outcome !== 'none', amount },
    ...{ credits: total(5000n + credit + back), debits: total(debit), seq: 0 },
    ...{ offlineAmount: total(0n), offlineCount: 0, acknowledgedAmount: total(0n), acknowledgedCount: 0 },
    ...{ epochFloor: 1, settingsEpoch: 1, settings: 1, blocked: false, frozen: false, pinTries: 3, time: 0 },
    ...change,
  }
}

/** Tables in which money moves. */
const MONEY: ReadonlySet<string> = new Set(['operation', 'entry', 'load', 'order', 'number'])

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
        if (message === undefined || message === false) continue
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
