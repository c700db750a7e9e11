/**
 * The audit of what is owed to one purse: each order stands where its operations have brought it, each load where its
 * order has, and all of them are for one amount.
 */
import type { OrderId } from '@kozeni/base/ids'
import type { PurseFile } from './archive.ts'
import { type Claimed, compared, type Finding } from './audit-finding.ts'
import { operationRow } from './audit-operation.ts'
import type { LoadRow, LoadStage, OperationRow, OrderRow } from './book.ts'
import type { ReceiptRow } from './book-receipt.ts'
import type { ReturnRow } from './book-return.ts'
import { numberName } from './book-writes.ts'
import { isOwedBack, orderOwedBack } from './evidence.ts'
import { returnName } from './return.ts'

const accounted = (row: string, says: string): Claimed => ({ row, says, invariant: 'INV-ACCOUNTED' })

/** @spec F-5, F-7, F-13 */
export function auditOrders(file: PurseFile): Finding[] {
  if (file.orders.length + file.loads.length + file.returns.length + file.operations.length === 0) return []
  const loads = new Map<string, LoadRow>(file.loads.map(row => [row.load, row]))
  const orders = new Map<string, OrderRow>(file.orders.map(row => [row.order, row]))
  const operations = Map.groupBy(file.operations, row => row.order)
  const refunds = file.orders.filter(row => row.kind === 'refund')
  const sold = refunds.length === 0 ? [] : file.receipts.map(soldBy)
  const sales = new Set([...file.numbers, ...sold].map(numberName))
  const owedBack = new Map(file.operations.filter(isOwedBack).map(row => [orderOwedBack(row.reference), row]))
  return [
    ...file.orders.flatMap(row => auditOrder(row, operations.get(row.order) ?? [], loads.get(row.order))),
    ...refunds.flatMap(row => auditRefund(row, sales, owedBack)),
    ...file.loads.flatMap(row => auditLoad(row, orders.get(row.load))),
    ...file.returns.flatMap(row => auditReturn(row, file)),
    ...file.operations.flatMap(row => auditOpened(row, row.order && orders.get(row.order))),
  ]
}

function auditOrder(row: OrderRow, operations: readonly OperationRow[], load: LoadRow | undefined): Finding[] {
  const name = `order ${row.order}`
  return [
    ...compared(accounted(name, 'its stage is not that of its operations'), stageOf(row, operations, load), row.stage),
    ...(row.inParts ? [] : operations).flatMap(({ amount }) =>
      compared(accounted(name, 'its amount is not that of its operation'), amount, row.amount),
    ),
    ...compared(
      accounted(name, 'what it says is delivered is not what arrived'),
      deliveredBy(operations),
      row.delivered,
    ),
    ...(row.delivered > row.amount
      ? compared(accounted(name, 'more has arrived than it owes'), row.amount, row.delivered)
      : []),
    ...(row.kind === 'load'
      ? compared(accounted(name, 'its amount is not that of its load'), load?.amount, row.amount)
      : []),
  ]
}

/** Where an order stands by what was done for it. What did not arrive waits again; a load goes back, or waits for room. */
function stageOf(order: OrderRow, operations: readonly OperationRow[], load?: LoadRow): OrderRow['stage'] {
  if (operations.some(row => row.closed === undefined)) return 'open'
  if (deliveredBy(operations) === order.amount) return 'done'
  if (order.kind !== 'load') return 'waiting'
  const returned = load?.stage === 'giving-back' || load?.stage === 'given-back'
  return returned || (operations.length > 0 && !order.inParts) ? 'given-back' : 'waiting'
}

const deliveredBy = (operations: readonly OperationRow[]): bigint =>
  operations
    .filter(({ closed, decision }) => closed !== undefined && decision === 'commit')
    .reduce((sum, { amount }) => sum + amount, 0n)

/** It gives back a sale that its store has charged itself with, or a pay that nobody has honoured. */
function auditRefund(
  { order, amount, store, transaction }: OrderRow,
  sales: ReadonlySet<string>,
  owedBack: ReadonlyMap<OrderId, OperationRow>,
): Finding[] {
  const pay = owedBack.get(order)
  if (pay !== undefined)
    return compared(
      accounted(`order ${order}`, 'its amount is not that of the pay that it gives back'),
      pay.amount,
      amount,
    )
  const known = store !== undefined && transaction !== undefined && sales.has(numberName({ store, transaction }))
  return known
    ? []
    : compared(accounted(`order ${order}`, 'the sale that it gives back is not in the book'), 'a sale', 'none')
}

const soldBy = ({ store, terminal, sale }: ReceiptRow) => ({ store, transaction: returnName({ terminal, sale }) })

/** What went back of off-line sales is what was ordered, and of none more than was taken. @spec D-5, D-6, K-1 */
function auditReturn(row: ReturnRow, { orders, receipts, returns }: PurseFile): Finding[] {
  const name = `return (${row.purse}, ${row.seq})`
  const isOfSale = ({ store, transaction }: Pick<OrderRow, 'store' | 'transaction'>): boolean =>
    store === row.store && transaction === returnName(row)
  const ordered = sumOf(orders.filter(isOfSale).map(({ amount }) => amount))
  // a purse that has paid one sale twice has two rows of one name
  const back = sumOf(returns.filter(one => returnName(one) === returnName(row)).map(({ refunded }) => refunded))
  const taken = receipts.find(({ seq, kind }) => seq === row.seq && kind === 'debit')?.amount ?? 0n
  return [
    ...compared(accounted(name, 'what went back is not what was ordered'), ordered, back),
    ...(row.refunded > taken ? compared(accounted(name, 'more went back than was taken'), taken, row.refunded) : []),
  ]
}

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n)

/** The stages that a load may be in while its order is in this one. Without an order it was cancelled before. */
const LOAD_STAGES: Readonly<Record<OrderRow['stage'] | 'none', readonly LoadStage[]>> = {
  none: ['requested', 'declined', 'giving-back', 'given-back'],
  waiting: ['captured'],
  open: ['captured'],
  done: ['loaded'],
  'given-back': ['giving-back', 'given-back'],
}

function auditLoad(row: LoadRow, order: OrderRow | undefined): Finding[] {
  const name = `load ${row.load}`
  const stages = LOAD_STAGES[order?.stage ?? 'none']
  const says = order ? `its order is ${order.stage}` : 'it has no order'
  return [
    ...(order
      ? compared(accounted(name, 'its consent is not that of its order'), String(order.inParts), String(row.inParts))
      : []),
    ...(stages.includes(row.stage) ? [] : compared(accounted(name, says), stages.join(' or '), row.stage)),
    ...(order ? compared(accounted(name, 'its amount is not that of its order'), order.amount, row.amount) : []),
    ...(order ? compared(accounted(name, 'its currency is not that of its order'), order.currency, row.currency) : []),
  ]
}

/** Loads and refunds are opened for an order of their kind. */
function auditOpened(row: OperationRow, order: OrderRow | '' | undefined): Finding[] {
  if (row.kind === 'pay' || row.kind === 'sweep') return []
  const says = 'what it was opened for is not in the book'
  return compared(accounted(operationRow(row), says), row.kind, order ? KIND_FOR[order.kind] : undefined)
}

const KIND_FOR: Readonly<Record<OrderRow['kind'], OperationRow['kind']>> = {
  load: 'load',
  refund: 'refund',
  move: 'load',
}

/** What the purse is owed and is in no open operation: what waits for a contact or for room, what is being given back. */
export function owedTo({ orders, loads, operations }: PurseFile): bigint {
  const returning = new Set<string>(loads.filter(({ stage }) => stage === 'giving-back').map(({ load }) => load))
  const owing = orders.filter(({ stage, order }) => stage === 'waiting' || stage === 'open' || returning.has(order))
  const ordered = new Set<string>(orders.map(({ order }) => order))
  const uncalled = loads.filter(({ load }) => returning.has(load) && !ordered.has(load))
  const underWay = operations.filter(({ closed, order }) => closed === undefined && order !== undefined)
  return (
    owing.reduce((sum, { amount, delivered }) => sum + amount - delivered, 0n) +
    uncalled.reduce((sum, { amount }) => sum + amount, 0n) -
    underWay.reduce((sum, { amount }) => sum + amount, 0n)
  )
}
