/** A client of the bank test: does one thing after another, with anybody's purse, for as long as there is work. */
import { meet } from '@kozeni/api/meet'
import { unhex } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type LoadId, type OrderId, type StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import type { Result } from '@kozeni/base/result'
import { numberName } from '@kozeni/center/book-writes'
import { cancelLoad, type LoadRequest, requestLoad } from '@kozeni/center/load'
import { fund } from '@kozeni/center/load-funding'
import { openPayment, settleVerdict } from '@kozeni/center/payment'
import { orderRefund } from '@kozeni/center/refund'
import { settle } from '@kozeni/center/settle'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { makeNumber } from '@kozeni/protocol/number'
import type { Offer } from '@kozeni/protocol/paylink'
import { readProof } from '@kozeni/protocol/proof'
import type { Refusal } from '@kozeni/protocol/refusal'
import { windowAt } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import type { Asked, BankTown, Holder, Till } from './bank-town.ts'

const JPY = currency('JPY')
const NO_DIGEST = new Uint8Array(32)

const PAUSE_MS = 50

/** Does one thing after another for as long as there is work; what could not be answered is noted, and left to recovery. */
export async function client(town: BankTown, seed: number, goesOn: () => boolean): Promise<void> {
  const dice = new SeededDice(seed)
  while (goesOn()) {
    await pick(dice, MOVES)(town, dice).catch(error => {
      town.interrupted.push(error instanceof Error ? error.message : String(error))
      return town.clock.wait(PAUSE_MS)
    })
  }
}

type Move = (town: BankTown, dice: SeededDice) => Promise<void>

const load: Move = async (town, dice) => {
  const { purse } = pick(dice, town.people)
  const amount = money(BigInt(1 + dice.below(2000)))
  const request = {
    load: freshId<LoadId>(dice),
    purse,
    amount,
    currency: JPY,
    method: 'card',
    inParts: false,
    inputDigest: NO_DIGEST,
  }
  const asked = { request, acknowledged: false }
  town.loads.push(asked)
  const wish = dice.below(4) === 0 ? [cancel(town, request)] : []
  await Promise.all([askLoad(town, asked), ...wish])
}

/** Asks for a load, and for its money. */
async function askLoad(town: BankTown, asked: BankTown['loads'][number]): Promise<void> {
  const recorded = await town.ask(
    ({ center }) => center.book.run(requestLoad(asked.request, center.policy.loadMaximum)),
    okIs(row => row.load),
  )
  if (!recorded.ok) return
  asked.acknowledged = true
  await town.ask(
    ({ center }) => fund(center, recorded.value),
    () => undefined,
  )
}

const cancel = (town: BankTown, { load: name, purse }: LoadRequest) =>
  town.ask(
    ({ center }) => center.book.run(cancelLoad(center.crypto, name, purse)),
    () => undefined,
  )

const cancelAny: Move = async (town, dice) => {
  const one = town.loads[town.loads.length - 1 - dice.below(20)]
  if (one !== undefined) await cancel(town, one.request)
}

const pay: Move = async (town, dice) => {
  const holder = pick(dice, town.people)
  const asked = { request: { purse: holder.purse, ...offer(town, dice, pick(dice, town.stores)) }, acknowledged: false }
  town.sales.push(asked)
  await askPay(town, asked)
  if (!asked.acknowledged || dice.below(3) === 0) return
  await contactWith(town, holder)
  await askStore(town, asked.request)
}

async function askPay(town: BankTown, asked: BankTown['sales'][number]): Promise<void> {
  const paid = await town.ask(
    ({ center }) => center.book.run(openPayment(center, asked.request)),
    okIs(({ operation }) => `${operation.epoch}, ${operation.number}`),
  )
  if (paid.ok) asked.acknowledged = true
}

/** The store asks what became of its sale; what it is told for good, it remembers. */
async function askStore(town: BankTown, sale: Offer): Promise<void> {
  const used = await usedBy(town, sale)
  if (used === undefined) return
  const said = await town.ask(
    ({ center }) => center.book.run(settleVerdict(center, used)),
    okIs(({ verdict }) => (verdict === 'pending' ? undefined : verdict)),
  )
  const proof = said.ok && said.value.proof !== undefined ? readProof(said.value.proof) : undefined
  if (!proof?.ok) return
  const { store, number, verdict, operation, epoch } = proof.value
  town.honoured.set(number, { store, transaction: number, verdict, reference: unhex(operation), epoch })
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

const askAny: Move = async (town, dice) => {
  const sale = town.sales[dice.below(Math.max(1, town.sales.length))]
  if (sale !== undefined) await askStore(town, sale.request)
}

/** A store gives back what it was told is paid: after a restore it reports no other sale as honoured. @spec F-12 */
const refund: Move = async (town, dice) => {
  const sale = town.sales[dice.below(Math.max(1, town.sales.length))]
  if (sale === undefined) return
  await askStore(town, sale.request)
  if (town.honoured.get(sale.request.number)?.verdict !== 'paid') return
  const used = await usedBy(town, sale.request)
  if (used === undefined) return
  const most = used.amount - used.refunded
  if (most === 0n) return
  const amount = money(1n + BigInt(dice.below(Number(most))))
  const request = { order: freshId<OrderId>(dice), amount, inputDigest: NO_DIGEST, used }
  const asked = { request, acknowledged: false }
  town.refunds.push(asked)
  await askRefund(town, asked)
}

/** @returns whether it is ordered */
async function askRefund(town: BankTown, asked: BankTown['refunds'][number]): Promise<boolean> {
  const ordered = await town.ask(
    ({ center }) => center.book.run(orderRefund(asked.request, asked.request.used)),
    okIs(row => row.order),
  )
  if (ordered.ok) asked.acknowledged = true
  return ordered.ok
}

async function usedBy(town: BankTown, sale: Offer) {
  const { store } = sale.transaction
  return (await town.anyBranch.center.book.look({ number: { store, transaction: sale.number } })).number
}

/**
 * These people ask again for what a center has said it has, and then for what they were refused or never heard of: a late
 * copy may have come through. Under the same name it is the same.
 *
 * @spec F-12, F-13
 */
export async function askAgain(town: BankTown, people: readonly Holder[]): Promise<void> {
  const purses = new Set<string>(people.map(({ purse }) => purse))
  const [loads, otherLoads] = halves(town.loads.filter(({ request }) => purses.has(request.purse)))
  const [sales, otherSales] = halves(town.sales.filter(({ request }) => purses.has(request.purse)))
  const [refunds, otherRefunds] = halves(town.refunds.filter(({ request }) => purses.has(request.used.purse)))
  for (const some of [loads, otherLoads]) await Promise.all(some.map(asked => askLoad(town, asked)))
  for (const some of [sales, otherSales]) await Promise.all(some.map(asked => askPay(town, asked)))
  const ordered = await Promise.all(refunds.map(asked => askRefund(town, asked)))
  // a store that was refused one refund for another's sake does not ask for it while the other is unknown
  const short = new Set(refunds.filter((_, i) => !ordered[i]).map(saleOf))
  const rest = otherRefunds.filter(asked => !short.has(saleOf(asked)))
  await Promise.all(rest.map(asked => askRefund(town, asked)))
}

const saleOf = ({ request }: BankTown['refunds'][number]): string => numberName(request.used)

/** What was acknowledged, and what was not. */
const halves = <T extends Asked<unknown>>(all: readonly T[]): readonly [T[], T[]] => [
  all.filter(({ acknowledged }) => acknowledged),
  all.filter(({ acknowledged }) => !acknowledged),
]

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
  ...times(2, askAny),
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
