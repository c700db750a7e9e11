/**
 * What may be asked about one purse, its operation and its sales: as it should be, altered in one thing, and by somebody
 * whose it is not. The chip is paper here: what it says is sealed with its own keys, whatever it says.
 */

import type { RouteName } from '@kozeni/api/routes'
import { routes } from '@kozeni/api/routes'
import { assert } from '@kozeni/base/assert'
import { type Bytes, base64url, concat } from '@kozeni/base/bytes'
import type { LoadId, PurseId } from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { type Holder, type RawRequest, uploaded } from '@kozeni/center/server-for-tests'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { type Outcomes, seal } from '@kozeni/protocol/message'
import { KIND, type Outcome } from '@kozeni/protocol/operation'
import { as, type FuzzTown, OPERATOR, requestOf, type Who } from './fuzz-town.ts'

/** One purse with at most one operation, and what it is about. */
export interface Case {
  readonly holder: Holder
  load?: LoadId
  sale?: ReturnType<FuzzTown['center']['sale']>
}

export type Variant = 'same' | 'altered' | 'foreign'

export interface Message {
  readonly name: string
  /** Undefined where there is nothing to ask about. */
  readonly request: (town: FuzzTown, at: Case, variant: Variant) => RawRequest | undefined
}

/** What one request carries beside its route. */
interface Asked {
  readonly body?: unknown
  readonly key?: string
  /** In place of the route's one parameter. */
  readonly about?: string
}

type Caller = (town: FuzzTown, at: Case, isForeign: boolean) => Who

const holder: Caller = (town, at, isForeign) => {
  const who = isForeign ? town.stranger : at.holder
  return as({ kind: 'device', id: who.device }, who)
}
const store: Caller = (town, _, isForeign) => {
  const shop = isForeign ? town.rival : town.scene.shop
  return as({ kind: 'store', id: shop.store }, shop)
}
const till: Caller = (town, _, isForeign) => {
  const { till: mine } = isForeign ? town.rival : town.scene.shop
  return as({ kind: 'terminal', id: mine.terminal }, mine)
}
const operator: Caller = (town, at, isForeign) => (isForeign ? holder(town, at, false) : OPERATOR)

type Asking = (town: FuzzTown, at: Case, isAltered: boolean) => Asked | undefined

const row = (name: RouteName, by: Caller, ask: Asking): Message => ({
  name,
  request: (town, at, variant) => {
    const asked = ask(town, at, variant === 'altered')
    return asked && requestOf(sampleOf(name, asked), by(town, at, variant === 'foreign'))
  },
})

function sampleOf(name: RouteName, { about = '', ...others }: Asked) {
  const { method, path } = routes[name]
  return { method, target: path.replace(/\{\w+\}/, about), ...others }
}

const NOBODY = 'ffffffffffffffff'
const purseOf = ({ holder: { purse } }: Case, isAltered: boolean): string => (isAltered ? NOBODY : purse)

/** Off-line sales are told apart by the purse that paid. */
export const saleOf = ({ purse }: Holder): number => Number.parseInt(purse, 16)

/** A refund of the sale, or of more than there was. */
const refund: Asking = (_, { holder: { purse }, sale }, isAltered) =>
  sale && {
    body: { number: sale.number, amount: isAltered ? '999999' : '30', reason: 'returned' },
    key: `a-refund-asked-by-${purse}`,
  }

const ofShop =
  (ask: Asking): Asking =>
  (town, at, isAltered) => {
    const asked = ask(town, at, isAltered)
    return asked && { ...asked, body: { ...(asked.body as object), store: town.scene.shop.store } }
  }

const OUTCOMES: readonly Outcome[] = ['none', 'applied', 'cancelled', 'reversed', 'rejected']

export const MESSAGES: readonly Message[] = [
  ...OUTCOMES.map(
    (outcome): Message => ({
      name: `RESULT ${outcome}`,
      request: (town, at, variant) => bring(town, at, { outcome }, variant),
    }),
  ),
  row('createLoad', holder, (_, { holder: { purse }, load }, isAltered) => {
    if (isAltered && load === undefined) return undefined // under a key that was never used it is no altered load
    const amount = isAltered ? '701' : '700'
    return { body: { purse, amount, currency: 'JPY', method: 'pm_card_visa' }, key: 'the-load' }
  }),
  row('cancelLoad', holder, (_, { load }, isAltered) => load && { about: isAltered ? NOBODY : load }),
  row('getLoad', holder, (_, { load }, isAltered) => load && { about: isAltered ? NOBODY : load }),
  row('createPayment', holder, (town, { holder: { purse }, sale }, isAltered) => {
    const other = isAltered && { transaction: town.center.sale(town.scene.shop).transaction }
    return sale && { body: { purse, ...sale, ...other } }
  }),
  row('contact', holder, (_, { holder: { purse } }, isAltered) => ({
    body: isAltered ? { token: 'AAAA', responses: [] } : { purpose: { kind: 'purse', purse }, responses: [] },
  })),
  row('createRefund', store, refund),
  row('orderRefund', operator, ofShop(refund)),
  row('createReturn', store, (town, { holder: who }, isAltered) => ({
    body: {
      ...{ terminal: town.scene.shop.till.terminal, sale: saleOf(who) },
      ...{ amount: isAltered ? '999999' : '20', reason: 'returned' },
    },
    key: `a-return-asked-by-${who.purse}`,
  })),
  row('uploadReceipts', till, (town, at, isAltered) => ({
    body: { receipts: [uploaded(receiptOf(town, at, isAltered))] },
  })),
  row('blockPurse', operator, (_, at, isAltered) => ({ body: { blocked: true }, about: purseOf(at, isAltered) })),
  row('reportLost', operator, (_, at, isAltered) => ({ body: { lost: true }, about: purseOf(at, isAltered) })),
  row('leavePurse', holder, (town, at, isAltered) => ({
    body: isAltered ? { to: town.stranger.purse } : {},
    about: at.holder.purse,
  })),
  row('getMove', holder, (_, at, isAltered) => ({ about: purseOf(at, isAltered) })),
  row('listGaps', operator, (_, __, isAltered) => (isAltered ? undefined : {})),
  row('raiseGeneration', operator, (town, _, isAltered) => ({
    body: { generation: isAltered ? 9 : 2, reason: 'read by a stranger' },
    about: town.idle.store,
  })),
  row('placeTerminal', operator, (town, _, isAltered) => ({
    body: { place: 'stolen', reason: 'reported by its store' },
    about: isAltered ? NOBODY : town.idle.till.terminal,
  })),
]

/** What a test's state is come to by: some message, as it should be. */
export function soundly(name: RouteName, town: FuzzTown, at: Case): RawRequest {
  const request = MESSAGES.find(each => each.name === name)?.request(town, at, 'same')
  assert(request, `a state in which ${name} can be asked`)
  return request
}

/** A debit at the shop's till, and what the chip says beside it: that it has done its newest operation. */
function receiptOf(town: FuzzTown, { holder: who }: Case, isAltered: boolean): Bytes {
  const { epoch, number, digest, outcome, flag, credits, debits } = wordOf(town, who.purse, { outcome: 'applied' })
  const place = { epoch: Math.max(1, epoch), number, digest, outcome, flag }
  const whole = town.center.receipt(who, town.scene.shop, {
    ...place,
    ...{ sale: saleOf(who), credits, debits: total(debits + 120n) },
  })
  if (isAltered) whole[20] = (whole[20] ?? 0) ^ 1
  return whole
}

/** A till brings what the chip of this purse says: in the operation's own words, altered in one bit, or sealed by another. */
export function bring(town: FuzzTown, at: Case, change: Partial<Outcomes>, variant: Variant = 'same') {
  const { purse } = at.holder
  const keys = town.center.vault.purseKeys(2, variant === 'foreign' ? town.stranger.purse : purse)
  if (keys === undefined) throw new Error('two versions of keys')
  const sealed = seal(crypto, keys, purse, { type: 'result', body: wordOf(town, purse, change) })
  if (variant === 'altered') sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
  const answer = base64url(concat(sealed, Uint8Array.of(0x90, 0x00)))
  return requestOf(sampleOf('exchangeMail', { body: { answers: [{ purse, answer }] } }), till(town, at, false))
}

/** What a chip would say of the newest operation; with `none` it has not heard of it. */
function wordOf(town: FuzzTown, purse: PurseId, change: Partial<Outcomes>): Outcomes {
  const operations = [...town.center.book.tables.operation.values()].filter(row => row.purse === purse)
  const newest = operations.toSorted((a, b) => a.number - b.number).at(-1)
  const last = change.outcome === 'none' ? undefined : newest
  const amount = last?.kind === 'sweep' ? money(5000n) : (last?.amount ?? money(0n))
  const takes = last?.kind === 'pay' || last?.kind === 'sweep'
  const credit = last !== undefined && !takes && change.outcome === 'applied' ? amount : 0n
  const debit = takes && (change.outcome === 'applied' || change.outcome === 'reversed') ? amount : 0n
  const back = takes && change.outcome === 'reversed' ? amount : 0n
  return {
    ...{ status: 0x9000, epoch: last?.epoch ?? 0, number: last?.number ?? 0, kind: last ? KIND[last.kind] : 0 },
    ...{ digest: last?.digest ?? new Uint8Array(32), outcome: 'none', flag: change.outcome !== 'none', amount },
    ...{ credits: total(5000n + credit + back), debits: total(debit), seq: 0 },
    ...{ offlineAmount: total(0n), offlineCount: 0, acknowledgedAmount: total(0n), acknowledgedCount: 0 },
    ...{ epochFloor: 1, settingsEpoch: 1, settings: 1, blocked: false, frozen: false, pinTries: 3, time: 0 },
    ...change,
  }
}
