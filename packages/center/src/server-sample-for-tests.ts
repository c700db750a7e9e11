/** One sound request for every route of the contract, about things of the first holder and the first store. */
import { type RouteName, routes } from '@kozeni/api/routes'
import { base64url } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { type ChipId, id, type LoadId, type ProposalId } from '@kozeni/base/ids'
import type { TransactionNumber } from '@kozeni/protocol/number'
import { type Holder, right, SECOND_TOKEN, type Shop, type TestCenter, uploaded } from './server-for-tests.ts'

/** A request before it is signed. */
export interface Sample {
  readonly method: 'GET' | 'POST'
  readonly target: string
  readonly body?: unknown
  /** Sent as idempotency-key. */
  readonly key?: string
}

/** What there is for requests to be about. */
export interface Scene {
  readonly center: TestCenter
  readonly holder: Holder
  readonly shop: Shop
  /** A captured load of the holder's purse. */
  readonly load: LoadId
  /** An open payment by it to the shop, and its transaction. */
  readonly number: TransactionNumber
  readonly transaction: string
  /** A posting that another operator has proposed. */
  readonly proposal: ProposalId
  /** A chip that the holder has reserved. */
  readonly chip: ChipId
}

/** Makes the things: a load that waits, an open payment, a settled window, a reserved chip. */
export async function setScene(center: TestCenter): Promise<Scene> {
  const holder = await center.holder('00000000000000a1')
  const shop = await center.shop('Corner shop')
  const body = { purse: holder.purse, amount: '2000', currency: JPY, method: 'pm_card_visa' }
  const { load } = right(await holder.call(routes.createLoad, { body, idempotencyKey: 'the-load-of-the-scene' }))
  const sale = center.sale(shop)
  right(await holder.call(routes.createPayment, { body: { purse: holder.purse, ...sale } }))
  const chip = id<ChipId>('00000000000000c1')
  const free = id<ChipId>('00000000000000c2')
  const chips = [chip, free].map(name => ({ chip: name, chipClass: 'software' as const }))
  right(await center.operator()(routes.registerChips, { body: { chips } }))
  right(await holder.call(routes.reserveInstallation, { body: { chip } }))
  const window = { body: { store: shop.store }, idempotencyKey: 'the-window-of-the-scene' }
  right(await center.operator()(routes.settle, window))
  const posting = { body: POSTING, idempotencyKey: 'the-proposal-of-the-scene' } as const
  const { proposal } = right(await center.operator(SECOND_TOKEN)(routes.propose, posting))
  center.clock.advance(1000)
  return { center, holder, shop, load, chip, proposal, ...sale }
}

let keys = 0
const freshKey = (): string => `a-fresh-key-of-a-test-${++keys}`

/** A sound request for this route. */
export function sampleOf(name: RouteName, scene: Scene): Sample {
  const { method, path, idempotent } = routes[name]
  const params = PARAMS(scene)
  const target = path.replaceAll(/\{(\w+)\}/g, (_, param: string) => params[param] ?? '')
  const body = BODIES[name]?.(scene)
  return { method, target, ...(body !== undefined && { body }), ...(idempotent === 'by-key' && { key: freshKey() }) }
}

const JPY = currency('JPY')
const POSTING = { what: 'posting', pair: 'provider-paid', amount: '100', currency: JPY, reason: 'paid over' } as const

const PARAMS = ({ holder, shop, load, proposal, number }: Scene): Readonly<Record<string, string>> => ({
  purse: holder.purse,
  load,
  proposal,
  store: shop.store,
  terminal: shop.till.terminal,
  number,
  window: '1',
})

const BODIES: Readonly<Partial<Record<RouteName, (scene: Scene) => unknown>>> = {
  registerDevice: ({ holder }) => ({ publicKey: base64url(holder.publicKey) }),
  reserveInstallation: ({ chip }) => ({ chip }),
  contact: ({ holder }) => ({ purpose: { kind: 'purse', purse: holder.purse }, responses: [] }),
  createLoad: ({ holder }) => ({ purse: holder.purse, amount: '100', currency: 'JPY', method: 'pm_card_visa' }),
  createPayment: ({ holder, transaction, number }) => ({ purse: holder.purse, transaction, number }),
  uploadReceipts: ({ center, holder, shop }) => ({ receipts: [uploaded(center.receipt(holder, shop))] }),
  exchangeMail: () => ({ answers: [] }),
  createReturn: ({ shop }) => ({ terminal: shop.till.terminal, sale: 1, amount: '10', reason: 'returned' }),
  createRefund: ({ number }) => ({ number, amount: '10', reason: 'returned' }),
  reportHonoured: ({ number }) => ({
    epoch: 1,
    honoured: [{ number, verdict: 'paid', operation: '0'.repeat(32), epoch: 1 }],
  }),
  cardWebhook: ({ load }) => ({ load, capture: 'pi_of_the_scene' }),
  registerChips: () => ({ chips: [{ chip: '00000000000000c2', chipClass: 'hardware' }] }),
  registerStore: ({ shop }) => ({
    name: 'Third shop',
    publicKey: base64url(shop.publicKey),
    currency: 'JPY',
    feeBasisPoints: 50,
  }),
  registerTerminal: ({ shop }) => ({ store: shop.store, publicKey: base64url(shop.till.publicKey) }),
  propose: () => POSTING,
  settle: ({ shop }) => ({ store: shop.store }),
  placeTerminal: () => ({ place: 'stolen', reason: 'reported by its store' }),
  blockPurse: () => ({ blocked: true }),
  leavePurse: ({ holder }) => ({ to: holder.purse }),
  raiseGeneration: () => ({ generation: 1, reason: 'read by a stranger' }),
  reportLost: () => ({ lost: true }),
  orderRefund: ({ shop, number }) => ({ store: shop.store, number, amount: '10', reason: 'a dispute' }),
}
