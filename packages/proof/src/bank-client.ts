/** A client of the bank test: does one thing after another, with anybody's purse, for as long as there is work. */
import { meet } from '@kozeni/api/meet'
import { seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type LoadId, type OrderId, type StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import type { Result } from '@kozeni/base/result'
import { cancelLoad, requestLoad } from '@kozeni/center/load'
import { fund } from '@kozeni/center/load-funding'
import { openPayment, settleVerdict } from '@kozeni/center/payment'
import { orderRefund } from '@kozeni/center/refund'
import { settle } from '@kozeni/center/settle'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { makeNumber } from '@kozeni/protocol/number'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Refusal } from '@kozeni/protocol/refusal'
import { windowAt } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import type { BankTown, Holder, Till } from './bank-town.ts'

const JPY = currency('JPY')
const NO_DIGEST = new Uint8Array(32)

/** Does things until the town has seen as many operations as were wanted, or somebody wants it to end. */
export async function client(town: BankTown, seed: number, goesOn: () => boolean): Promise<void> {
  const dice = new SeededDice(seed)
  while (goesOn()) await pick(dice, MOVES)(town, dice)
}

type Move = (town: BankTown, dice: SeededDice) => Promise<void>

const load: Move = async (town, dice) => {
  const { purse } = pick(dice, town.people)
  const amount = money(BigInt(1 + dice.below(2000)))
  const asWell = { currency: JPY, method: 'card', inParts: false, inputDigest: NO_DIGEST }
  const request = { load: freshId<LoadId>(dice), purse, amount, ...asWell }
  const asked = await town.ask(
    ({ center }) => center.book.run(requestLoad(request, center.policy.loadMaximum)),
    okIs(row => row.load),
  )
  if (!asked.ok) return
  town.loads.push({ load: request.load, purse, amount })
  const wish = town.ask(
    ({ center }) => fund(center, asked.value),
    () => undefined,
  )
  if (dice.below(4) === 0) await cancel(town, request.load, purse)
  await wish
}

const cancel = (town: BankTown, name: LoadId, purse: Holder['purse']) =>
  town.ask(
    ({ center }) => center.book.run(cancelLoad(center.crypto, name, purse)),
    () => undefined,
  )

const cancelAny: Move = async (town, dice) => {
  const one = town.loads[town.loads.length - 1 - dice.below(20)]
  if (one !== undefined) await cancel(town, one.load, one.purse)
}

const pay: Move = async (town, dice) => {
  const holder = pick(dice, town.people)
  const sale = offer(town, dice, pick(dice, town.stores))
  town.sales.push(sale)
  const request = { purse: holder.purse, ...sale }
  const paid = await town.ask(
    ({ center }) => center.book.run(openPayment(center, request)),
    okIs(({ operation }) => `${operation.epoch}, ${operation.number}`),
  )
  if (paid.ok && dice.below(3) > 0) await contactWith(town, holder)
}

/** A sale that the store's own server numbered. */
function offer(town: BankTown, dice: SeededDice, store: StoreId): Offer {
  const { vault, policy } = town.anyBranch.center
  const now = seconds(town.clock.now())
  const transaction: Transaction = {
    store,
    terminal: null,
    sequence: town.sales.length + 1,
    amount: money(BigInt(1 + dice.below(400))),
    currency: JPY,
    time: now,
    expires: now + 900,
    orderReference: '',
    returnUrl: '',
    generation: 1,
    window: windowAt(now, policy.windows.lengthSeconds),
  }
  return { transaction, number: makeNumber(crypto, vault.seed(transaction), transaction) }
}

const askVerdict: Move = async (town, dice) => {
  const used = await usedBy(town, town.sales[dice.below(Math.max(1, town.sales.length))])
  if (used === undefined) return
  await town.ask(
    ({ center }) => center.book.run(settleVerdict(center, used)),
    okIs(({ verdict }) => (verdict === 'pending' ? undefined : verdict)),
  )
}

const refund: Move = async (town, dice) => {
  const used = await usedBy(town, town.sales[dice.below(Math.max(1, town.sales.length))])
  if (used === undefined) return
  const most = used.amount - used.refunded
  if (most === 0n) return
  const amount = money(1n + BigInt(dice.below(Number(most))))
  const request = { order: freshId<OrderId>(dice), amount, inputDigest: NO_DIGEST }
  const ordered = await town.ask(
    ({ center }) => center.book.run(orderRefund(request, used)),
    okIs(row => row.order),
  )
  if (ordered.ok) town.refunds.push({ order: request.order, purse: used.purse })
}

async function usedBy(town: BankTown, sale: Offer | undefined) {
  if (sale === undefined) return undefined
  const { store } = sale.transaction
  return (await town.anyBranch.center.book.look({ number: { store, transaction: sale.number } })).number
}

const contact: Move = (town, dice) => contactWith(town, pick(dice, town.people))

/** One contact of the chip's own phone, unless somebody else has the chip. */
export async function contactWith(town: BankTown, holder: Holder): Promise<void> {
  await inField(holder, async () => {
    await meet(
      holder.wire,
      round => town.contact(round),
      { kind: 'purse', purse: holder.purse },
      () => undefined,
    )
  })
}

async function inField(holder: Holder, work: () => Promise<void>): Promise<void> {
  if (holder.inField) return
  holder.inField = true
  try {
    await work()
  } finally {
    holder.inField = false
  }
}

const sell: Move = async (town, dice) => {
  const { terminal } = pick(dice, town.tills)
  const holder = pick(dice, town.people)
  const counter = { reader: holder.radio, waitMs: 0 }
  await inField(holder, async () => {
    town.operations += 1
    const sold = await terminal.sell(money(BigInt(1 + dice.below(100))), counter)
    if (sold.ok && dice.below(5) === 0) await terminal.voidLast(counter)
  })
}

const upload: Move = (town, dice) => uploadFrom(pick(dice, town.tills))

/** Every receipt that the till has goes to the centers. */
export async function uploadFrom({ terminal }: Till): Promise<void> {
  await terminal.upload()
}

const closeWindow: Move = async (town, dice) => {
  const [store, until] = [pick(dice, town.stores), town.clock.now()]
  town.operations += 1
  await town.anyBranch.center.book.run(settle(store, until))
}

/** How often each is done, of so many. */
const MOVES: readonly Move[] = [
  ...times(6, load),
  ...times(2, cancelAny),
  ...times(9, pay),
  ...times(2, askVerdict),
  ...times(4, refund),
  ...times(8, contact),
  ...times(6, sell),
  ...times(2, upload),
  closeWindow,
]

function times(count: number, move: Move): readonly Move[] {
  return Array.from({ length: count }, () => move)
}

function pick<T>(dice: SeededDice, all: readonly T[]): T {
  const one = all[dice.below(all.length)]
  if (one === undefined) throw new Error('there is something to pick from')
  return one
}

const okIs =
  <A>(fact: (value: A) => string | undefined) =>
  (said: Result<A, Refusal>): string | undefined =>
    said.ok ? fact(said.value) : undefined
