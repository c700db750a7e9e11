/**
 * What must hold in every state (PROTOCOL §10), said of what chips, center, terminals and provider really hold, which no
 * part of the system sees. What concerns one chip and one center's book is found out once for each such pair.
 */
import { equal, hex } from '@kozeni/base/bytes'
import type { PurseId } from '@kozeni/base/ids'
import type { OperationRow, PurseRow } from '@kozeni/center/book'
import type { MemoryTables } from '@kozeni/center/book-memory'
import type { Receipt } from '@kozeni/protocol/debit'
import { comparePlaces, KIND } from '@kozeni/protocol/operation'
import type { Facts } from './chips.ts'
import { EPOCH } from './issuer.ts'

const sum = (amounts: Iterable<bigint>): bigint => {
  let all = 0n
  for (const amount of amounts) all += amount
  return all
}

/** What is wrong with a book by itself. */
export function judgeBook(tables: MemoryTables, purse: PurseId): string | undefined {
  const row = tables.purse.get(purse)
  if (row === undefined) return 'INV-SUM: the purse is not in the book'
  const operations = [...tables.operation.values()].filter(one => one.purse === purse)
  const balance = (kind: string): bigint =>
    sum(
      [...tables.entry.values()].flatMap(({ debit, credit, amount }) => [
        ...('owner' in debit && debit.kind === kind && debit.owner === purse ? [0n - amount] : []),
        ...('owner' in credit && credit.kind === kind && credit.owner === purse ? [amount as bigint] : []),
      ]),
    )
  const open = operations.filter(({ closed, kind }) => closed === undefined && kind !== 'sweep')
  const doubted = sum(open.map(({ amount }) => amount))
  if (balance('in-doubt') !== doubted)
    return `INV-SUM: ${balance('in-doubt')} is in doubt, and the open operations are ${doubted}`
  const paying = sum(open.filter(({ kind }) => kind === 'pay').map(({ amount }) => amount))
  // what is collected is posted for all purses together
  const collected = [...tables.receipt.values()].filter(one => one.purse === purse && one.standing === 'booked')
  const float = row.credits - row.debits - paying + owed(collected) + row.writtenOff
  if (balance('purse-float') !== float)
    return `INV-SUM: the purse's float is ${balance('purse-float')}, and its totals say ${float}`
  const late = operations.find(
    ({ kind, decision, closed, sessionEnd = Number.POSITIVE_INFINITY }) =>
      kind === 'pay' &&
      decision === 'commit' &&
      closed?.source !== 'fence' &&
      closed?.source !== 'lost' &&
      (closed?.at ?? 0) > sessionEnd,
  )
  if (late !== undefined)
    return `INV-SHOW: pay ${late.epoch}.${late.number} was committed when its session was long over`
  if (open.length > 1) return 'INV-ONCE: two operations are open on one purse'
  if ((open.length === 1) !== row.flag && operations.every(({ kind }) => kind !== 'sweep'))
    return 'INV-FLAG: the center’s flag and its open operations differ'
  return undefined
}

/** What is wrong with what a chip and the book say of each other. */
export function judgePair(facts: Facts, tables: MemoryTables): string | undefined {
  const row = tables.purse.get(facts.purse)
  if (row === undefined) return 'INV-ACCOUNTED: the chip’s purse is not in the book'
  const operations = [...tables.operation.values()].filter(one => one.purse === facts.purse)
  return (
    judgeFlags(facts, row) ??
    judgeLimits(facts, row, tables) ??
    judgeClosed(facts, operations) ??
    judgeEffects(facts, tables, operations)
  )
}

/** As judgePair, of a center that was restored: chips are ahead of it, but what it has closed is as its chip says. */
export function judgeRestoredPair(facts: Facts, tables: MemoryTables): string | undefined {
  const operations = [...tables.operation.values()].filter(one => one.purse === facts.purse)
  // a pay that nobody has honoured is void afterwards, whatever its chip has done, and owed back
  return judgeClosed(
    facts,
    operations.filter(({ kind, decision }) => kind !== 'pay' || decision !== 'void'),
  )
}

/** Off-line debits that nobody has acknowledged are within the limit, and only what is booked is acknowledged. */
function judgeLimits(facts: Facts, { limits }: PurseRow, { receipt }: MemoryTables): string | undefined {
  if (facts.offlineCount - facts.acknowledgedCount > limits.upperCount)
    return `INV-LIMIT: ${facts.offlineCount} debits off-line, ${facts.acknowledgedCount} acknowledged, and only ${limits.upperCount} are allowed`
  const booked = [...receipt.values()].filter(
    ({ purse, kind, standing }) => purse === facts.purse && kind === 'debit' && standing === 'booked',
  )
  return facts.acknowledgedCount > booked.length
    ? `INV-LIMIT: ${facts.acknowledgedCount} debits are acknowledged, and only ${booked.length} are booked`
    : undefined
}

function judgeFlags(facts: Facts, row: PurseRow): string | undefined {
  const closed = { epoch: row.closedEpoch, number: row.closedNumber }
  if (comparePlaces(facts, row) > 0)
    return `INV-MONO: the chip is at ${facts.epoch}.${facts.number}, which the center has not opened`
  if (comparePlaces(facts, closed) < 0)
    return `INV-EVID: ${closed.epoch}.${closed.number} is closed, and the chip is only at ${facts.epoch}.${facts.number}`
  if (!facts.flag && comparePlaces(facts, closed) > 0)
    return 'INV-FLAG: the chip’s flag is down for what the center has not closed'
  return undefined
}

/** A closed operation came to on the chip what the center says that it came to. */
function judgeClosed(facts: Facts, operations: readonly OperationRow[]): string | undefined {
  for (const { epoch, number, kind, digest, decision, closed } of operations) {
    if (closed === undefined) continue
    const own = facts.operations.find(one => comparePlaces(one, { epoch, number }) === 0)
    const applied = own?.outcome === 'applied' && own.digest === hex(digest)
    const name = `${kind} ${epoch}.${number}`
    if (decision === 'commit' && !applied)
      return `INV-EVID: the center has committed ${name}, and the chip never ran it`
    if (decision === 'void' && applied)
      return `INV-EVID: the center has closed ${name} as void, and the chip has run it`
  }
  return undefined
}

/** Value on the chip is what the book says, but for the open operation and for debits and voids that are not collected. */
function judgeEffects(facts: Facts, tables: MemoryTables, operations: readonly OperationRow[]): string | undefined {
  const row = tables.purse.get(facts.purse)
  if (row === undefined) return undefined
  const open = operations.find(({ closed }) => closed === undefined)
  const pending = open === undefined ? { credits: 0n, debits: 0n } : effectOf(facts, open)
  const missing = facts.records.filter(({ seq }) => tables.receipt.get(`${facts.purse} ${seq}`)?.standing !== 'booked')
  const credits =
    row.credits + pending.credits + sum(missing.filter(({ kind }) => kind === 'void').map(({ amount }) => amount))
  const debits =
    row.debits + pending.debits + sum(missing.filter(({ kind }) => kind === 'debit').map(({ amount }) => amount))
  if (facts.credits !== credits)
    return `INV-ACCOUNTED: the chip was credited ${facts.credits}, and ${credits} is accounted for`
  if (facts.debits !== debits)
    return `INV-ACCOUNTED: the chip was debited ${facts.debits}, and ${debits} is accounted for`
  return undefined
}

/** What the open operation has done to the chip so far. */
function effectOf(facts: Facts, open: OperationRow): { readonly credits: bigint; readonly debits: bigint } {
  const none = { credits: 0n, debits: 0n }
  if (comparePlaces(facts, open) !== 0 || !equal(facts.digest, open.digest)) return none
  const adds = open.kind === 'load' || open.kind === 'refund'
  if (facts.outcome === 'applied')
    return adds ? { credits: open.amount, debits: 0n } : { credits: 0n, debits: facts.amount }
  return facts.outcome === 'reversed' ? { credits: open.amount, debits: open.amount } : none
}

/** Of that, what on-line pays have earned them. */
export const earned = (tables: MemoryTables): bigint =>
  sum(
    [...tables.entry.values()].flatMap(({ cause, credit, amount }) =>
      cause === 'committed' && credit.kind === 'store-payable' ? [amount as bigint] : [],
    ),
  )

/** The present epoch by the book. */
export const epochOf = ({ epoch }: MemoryTables): number =>
  Math.max(EPOCH, ...[...epoch.values()].map(row => row.epoch))

/** Between a restore and the purse's fence nothing is closed. @spec F-9, F-12 */
export function judgeUnfenced(purse: PurseId, restored: MemoryTables, now: MemoryTables): string | undefined {
  const row = now.purse.get(purse)
  const present = epochOf(now)
  // where nobody has noticed the restore there is no fence to wait for yet
  if (epochOf(restored) !== present) return undefined
  if (row === undefined || row.epoch >= present) return undefined
  // people decide when the chip has met the fence, and is still unfenced by the book
  const byOthers = row.seenFloor >= present ? ['lost', 'people'] : ['lost']
  const closed = (tables: MemoryTables): number =>
    [...tables.operation.values()].filter(
      one => one.purse === purse && one.closed !== undefined && !byOthers.includes(one.closed.source),
    ).length
  return closed(now) === closed(restored)
    ? undefined
    : 'INV-EPOCH: evidence was acted on between the restore and the purse’s fence'
}

/** What stores are owed by the book, payouts included. */
export const claimed = (tables: MemoryTables): bigint =>
  sum(
    [...tables.entry.values()].flatMap(({ debit, credit, amount }) => [
      ...(credit.kind === 'store-payable' ? [amount as bigint] : []),
      ...(debit.kind === 'store-payable' && credit.kind !== 'bank' && credit.kind !== 'fees' ? [0n - amount] : []),
    ]),
  )

/** The chip's debits and voids that the book has not booked. */
export const uncollected = (facts: Facts, tables: MemoryTables): readonly Receipt[] =>
  facts.records.filter(({ seq }) => tables.receipt.get(`${facts.purse} ${seq}`)?.standing !== 'booked')

/** Refunds that the chip has had and the restored book has not ordered yet: nobody will pay them a second time. */
export function refundedUnknown({ purse, operations }: Facts, { order }: MemoryTables): bigint {
  const had = operations.filter(({ kind, outcome }) => kind === KIND.refund && outcome === 'applied')
  const ordered = [...order.values()].filter(one => one.purse === purse && one.kind === 'refund')
  const [all, known] = [sum(had.map(({ amount }) => amount)), sum(ordered.map(({ amount }) => amount))]
  return all > known ? all - known : 0n
}

/** What sweeps have taken and no purse is owed yet. */
export const inTransit = ({ move }: MemoryTables): bigint =>
  sum([...move.values()].flatMap(({ stage, amount }) => (stage === 'in-transit' ? [amount as bigint] : [])))

/** Whether the purse was settled on paper: what its chip still says is nobody's. @spec F-11 */
export const isPaidOut = ({ purse }: MemoryTables, name: PurseId): boolean => {
  const row = purse.get(name)
  return row?.stage === 'retired' && row.lostAt !== undefined
}

/** Whether that has begun: from then on the book goes on without the chip. */
export const isOnPaper = (tables: MemoryTables, name: PurseId): boolean =>
  isPaidOut(tables, name) ||
  [...tables.operation.values()].some(({ purse, closed }) => purse === name && closed?.source === 'lost')

/** Whether no load of the book waits for the provider. */
export const isFunded = ({ load }: MemoryTables): boolean =>
  ![...load.values()].some(({ stage }) => stage === 'requested' || stage === 'giving-back')

/** What the chip's debits and voids that are not collected will move. */
export const owed = (records: readonly Pick<Receipt, 'kind' | 'amount'>[]): bigint =>
  sum(records.map(({ kind, amount }) => (kind === 'debit' ? (amount as bigint) : 0n - amount)))

/** Whether the purse was left, and is retired with an empty chip (C-5). */
export const isLeft = ({ purse, credits, debits, flag }: Facts, tables: MemoryTables): boolean => {
  const row = tables.purse.get(purse)
  const isMoving = [...tables.move.values()].some(({ stage }) => stage === 'in-transit')
  return row?.stage === 'retired' && row.lostAt === undefined && credits === debits && !flag && !isMoving
}

/** Whether chip and book have nothing left to say to each other. */
export function atRest(facts: Facts, tables: MemoryTables): boolean {
  const row = tables.purse.get(facts.purse)
  if (row === undefined || row.flag || facts.flag) return false
  if (comparePlaces(facts, { epoch: row.closedEpoch, number: row.closedNumber }) > 0) return false
  if (facts.settings !== row.settings) return false
  const waits = [...tables.order.values()].some(
    ({ stage, kind }) => stage === 'waiting' && !(row.blocked && kind === 'load'),
  )
  const isMoving = [...tables.move.values()].some(({ stage }) => stage === 'in-transit')
  return !waits && !isMoving && isFunded(tables) && row.stage !== 'leaving'
}
