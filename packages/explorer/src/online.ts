/**
 * What may happen between center and chips, and around the center: contacts, a holder's and a store's requests, the
 * provider, the issuer's orders, time. Requests are repeatable: they bear names, as callers' requests do.
 */
import { assert } from '@kozeni/base/assert'
import { seconds } from '@kozeni/base/clock'
import { money } from '@kozeni/base/money'
import type { Result } from '@kozeni/base/result'
import type { Command } from '@kozeni/center/book'
import { cancelLoad, requestLoad } from '@kozeni/center/load'
import { openPayment } from '@kozeni/center/payment'
import { blockPurse } from '@kozeni/center/purse-block'
import { withKeys } from '@kozeni/center/purse-keys'
import { orderRefund } from '@kozeni/center/refund'
import { makeNumber } from '@kozeni/protocol/number'
import type { Kind } from '@kozeni/protocol/operation'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Refusal } from '@kozeni/protocol/refusal'
import { windowAt } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import { type Cast, PRESENT, STORE } from './cast.ts'
import { NEWEST } from './chips.ts'
import { crypto, JPY, loadId, means, orderId, policy, purseId, START_MS, vault } from './issuer.ts'
import { provide } from './provider.ts'

/** Sets all of it up, as far as the plot has it. */
export function online(cast: Cast): void {
  for (const chip of cast.chipAt.keys()) contacts(cast, chip)
  for (const [i, amount] of cast.plot.loads.entries()) load(cast, i, amount)
  for (const [i, pay] of cast.plot.pays.entries())
    request(
      cast,
      `Chip ${pay.by + 1}'s holder pays ${pay.amount} for sale ${i + 1}`,
      openPayment(means, { purse: purseId(pay.by + 1), ...saleOf(i, pay.amount) }),
    )
  for (const [i, amount] of cast.plot.refunds.entries()) refund(cast, i, amount)
  if (cast.plot.blocks) for (const blocked of [true, false]) block(cast, blocked)
  if (cast.plot.ticks > 0) ticks(cast)
  if (cast.plot.rotates) rotation(cast)
  for (const kind of cast.design.givesUp) givingUp(cast, kind)
}

/** A contact without any fault: the center hears where the chip stands now, or the chip hears what the center says to that. */
function contacts(cast: Cast, chip: number): void {
  const { net } = cast.stage
  cast.stage.may({
    parts: [cast.chipAt[chip] ?? 0, cast.centerAt, cast.plot.ticks > 0 ? cast.clockAt : cast.lossAt],
    perform: (record, book, third) => {
      const [tick, lost] = cast.plot.ticks > 0 ? [third, PRESENT] : [undefined, third]
      if (lost !== PRESENT) return []
      const rest = third === undefined ? [] : [third]
      const [heard] = net
        .arrival(cast.statement(chip, record, book))
        .perform(book, ...(tick === undefined ? [] : [tick]))
      if (heard === undefined) return []
      if (heard.next[0] !== book) return [{ ...heard, next: [record, ...heard.next.slice(0, 1), ...rest], fair: true }]
      const [message] = heard.sends
      const told = message === undefined ? undefined : net.arrival(message).perform(record, PRESENT).at(-1)
      if (told === undefined) return []
      const after = told.next[0] ?? 0
      // the answer to a fence is more than the chip would say of itself, so it is heard at once
      const fenced = cast.fencedAnswer(chip, after, cast.keyVersion(book, chip))
      const answered = told.sends.includes(fenced) ? net.arrival(fenced) : undefined
      const [closed] = answered?.perform(book, ...(tick === undefined ? [] : [tick])) ?? []
      const sends = [...told.sends, ...(closed?.sends ?? [])]
      return [{ ...told, next: [after, closed?.next[0] ?? book, ...rest], sends, fair: true }]
    },
  })
}

/** A request that is heard as often as it is made, and changes something at most once. */
function request(cast: Cast, says: string, command: Command<Result<unknown, Refusal>>): void {
  cast.stage.may({
    parts: [cast.centerAt, ...cast.clock],
    perform: (book, tick) => {
      const { book: after } = cast.centers.run(book, cast.nowMs(tick), command)
      return after === book
        ? []
        : [{ next: [after, ...(tick === undefined ? [] : [tick])], sends: [], fair: false, says }]
    },
  })
}

function load(cast: Cast, i: number, amount: bigint): void {
  const [name, purse] = [loadId(i + 1), purseId(1)]
  const asked = {
    load: name,
    purse,
    amount: money(amount),
    currency: JPY,
    method: 'card',
    inParts: false,
    inputDigest: new Uint8Array(32),
  }
  request(cast, `The holder asks for a load of ${amount}`, requestLoad(asked, cast.plot.maximum))
  if (cast.plot.cancels) request(cast, `The holder cancels the load of ${amount}`, cancelLoad(crypto, name, purse))
  provide(cast, i, amount)
}

function refund(cast: Cast, i: number, amount: bigint): void {
  const { number: transaction } = saleOf(0, cast.plot.pays[0]?.amount ?? 1n)
  const asked = { order: orderId(i + 1), amount: money(amount), inputDigest: new Uint8Array(32) }
  cast.stage.may({
    parts: [cast.centerAt, ...cast.clock],
    perform: (book, tick) => {
      const used = cast.centers.tables(book).number.get(`${STORE} ${transaction}`)
      if (used === undefined) return []
      const { book: after } = cast.centers.run(book, cast.nowMs(tick), orderRefund(asked, used))
      const says = `The store orders ${amount} of its sale to be given back`
      return after === book
        ? []
        : [{ next: [after, ...(tick === undefined ? [] : [tick])], sends: [], fair: false, says }]
    },
  })
}

/** So many settings there are, so that a quarrel about a block ends. */
const LAST_SETTINGS = 4

function block(cast: Cast, blocked: boolean): void {
  cast.stage.may({
    parts: [cast.centerAt, ...cast.clock],
    perform: (book, tick) => {
      if ((cast.centers.tables(book).purse.get(purseId(1))?.settings ?? 0) >= LAST_SETTINGS) return []
      const { book: after } = cast.centers.run(book, cast.nowMs(tick), blockPurse(purseId(1), blocked))
      const says = `The issuer ${blocked ? 'blocks' : 'unblocks'} the purse`
      return after === book
        ? []
        : [{ next: [after, ...(tick === undefined ? [] : [tick])], sends: [], fair: false, says }]
    },
  })
}

/** The chip has taken its newest keys at a contact: from then on they are used, and the version before is to be shut out. */
function rotation(cast: Cast): void {
  const taken: Command<undefined> = {
    keys: { purse: purseId(1) },
    decide: ({ purse, now }) => {
      assert(purse !== undefined, 'the purse is in the book')
      const row = withKeys(purse, NEWEST, now)
      return { answer: undefined, writes: row === purse ? [] : [{ write: 'purse', row }] }
    },
  }
  cast.stage.may({
    parts: [cast.centerAt],
    perform: book => {
      const { book: after } = cast.centers.run(book, START_MS, taken)
      const says = 'The center begins to use the next version of the purse’s keys'
      return after === book ? [] : [{ next: [after], sends: [], fair: false, says }]
    },
  })
}

/** A center that takes its own clock for evidence. */
function givingUp(cast: Cast, kind: Kind): void {
  cast.stage.may({
    parts: [cast.centerAt, ...cast.clock],
    perform: (book, tick) => {
      const { purse, operation } = cast.centers.tables(book)
      const open = [...operation.values()].find(row => row.kind === kind && row.closed === undefined)
      const row = open && purse.get(open.purse)
      if (open === undefined || row === undefined) return []
      const after = cast.supposed(book, row, open, tick)
      const next = [after, ...(tick === undefined ? [] : [tick])]
      return [{ next, sends: [], fair: true, says: `The center gives up waiting for its ${kind} of ${open.amount}` }]
    },
  })
}

function ticks(cast: Cast): void {
  cast.stage.may({
    parts: [cast.clockAt],
    perform: tick =>
      tick < cast.plot.ticks ? [{ next: [tick + 1], sends: [], fair: true, says: 'A minute and a second pass' }] : [],
  })
}

/** The store's number for its sale, made by its own server. */
export function saleOf(i: number, amount: bigint): Offer {
  const time = seconds(START_MS)
  const transaction: Transaction = {
    store: STORE,
    terminal: null,
    sequence: i + 1,
    amount: money(amount),
    currency: JPY,
    time,
    expires: time + 900,
    orderReference: `order ${i + 1}`,
    returnUrl: '',
    generation: 1,
    window: windowAt(time, policy.windows.lengthSeconds),
  }
  return { transaction, number: makeNumber(crypto, vault.seed(transaction), transaction) }
}
