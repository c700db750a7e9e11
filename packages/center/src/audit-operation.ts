/**
 * The audit of one purse's operations: each is bound by its digest and reference, decided as its chip said, and in its
 * place; none of the numbers is missing; every pay has occupied its store's number, and nothing else has.
 */
import { equal, hex } from '@kozeni/base/bytes'
import { ZERO } from '@kozeni/base/money'
import type { Crypto } from '@kozeni/protocol/crypto'
import { comparePlaces, digestOf, type Place } from '@kozeni/protocol/operation'
import { orderReference, paymentReference } from '@kozeni/protocol/reference'
import type { AuditedPurse, PurseFile } from './archive.ts'
import { compared, type Finding } from './audit-finding.ts'
import type { EvidenceSource, NumberRow, OperationRow } from './book.ts'
import { numberName, operationName } from './book-writes.ts'
import { isOwedBack } from './evidence.ts'

/** What an operation is called when an operator is to find it. */
export const operationRow = ({ purse, epoch, number }: Pick<OperationRow, 'purse' | 'epoch' | 'number'>): string =>
  `operation (${purse}, ${epoch}, ${number})`

/** @spec F-1, F-5, F-8, F-10, F-15, T-4 */
export function auditOperations(crypto: Crypto, file: PurseFile): Finding[] {
  if (file.operations.length + file.found.length + file.numbers.length === 0) return auditLast(file, [])
  const inOrder = file.operations.toSorted(comparePlaces)
  return [
    ...inOrder.flatMap(row => [...auditEssence(crypto, row), ...auditDecision(row)]),
    ...auditPlaces(file),
    ...auditFound(crypto, file),
    ...auditNumbers(file),
  ]
}

/** Its digest binds its columns, and its reference binds what it belongs to: a changed amount does not fit. @spec F-15 */
function auditEssence(crypto: Crypto, row: OperationRow): Finding[] {
  const [name, invariant] = [operationRow(row), 'INV-EVID'] as const
  const digest = digestAt(crypto, row, row)
  const says = `its digest is not that of its columns (amount ${row.amount})`
  const reference = referenceOf(crypto, row)
  return [
    ...(equal(digest, row.digest) ? [] : compared({ row: name, says, invariant }, hex(digest), hex(row.digest))),
    ...(reference !== undefined && equal(reference, row.reference)
      ? []
      : compared(
          { row: name, says: 'its reference is not that of what it belongs to', invariant },
          reference === undefined ? 'that of an order, or of a number' : hex(reference),
          hex(row.reference),
        )),
  ]
}

function referenceOf(crypto: Crypto, { kind, reference, store, transaction, order }: OperationRow) {
  if (kind === 'sweep') return reference
  if (kind !== 'pay') return order && orderReference(crypto, order)
  return store && transaction === undefined ? undefined : store && paymentReference(crypto, store, transaction ?? '')
}

/** What closes an operation whatever its session. */
const LATER: ReadonlySet<EvidenceSource> = new Set(['fence', 'lost', 'people'])

/** Only what was applied is committed, a pay within its session; only evidence decides that. @spec F-5, F-8 */
function auditDecision(row: OperationRow): Finding[] {
  const [name, invariant] = [operationRow(row), 'INV-EVID'] as const
  if (row.closed === undefined) {
    const says = 'it is committed, and nothing has closed it'
    return row.decision === 'commit' ? compared({ row: name, says, invariant }, 'open or void', row.decision) : []
  }
  const { outcome, source, at } = row.closed
  const decision = outcome === 'applied' && !isOwedBack(row) ? 'commit' : 'void'
  // where its store had honoured it, it was closed in time, in a book that was lost
  const late = decision === 'commit' && !LATER.has(source) && row.sessionEnd !== undefined && at > row.sessionEnd
  return [
    ...compared(
      { row: name, says: `its decision does not fit its outcome, ${outcome}`, invariant },
      decision,
      row.decision,
    ),
    ...(late ? compared({ row: name, says: 'its session was over', invariant }, 'void', row.decision) : []),
  ]
}

/** A number that was used: by an operation that the book knows, or by one that only its chip has shown. */
interface Used extends Place {
  readonly open: boolean
  readonly found: boolean
}

function usedIn({ operations, found }: PurseFile): readonly Used[] {
  const shown = new Set(found.map(operationName))
  const known = new Set(operations.map(operationName))
  const rows = [...operations, ...found.filter(row => !known.has(operationName(row)))].toSorted(comparePlaces)
  return rows.map(row => ({
    epoch: row.epoch,
    number: row.number,
    open: 'closed' in row && row.closed === undefined,
    found: shown.has(operationName(row)),
  }))
}

/** @spec F-10, F-12 */
function auditPlaces(file: PurseFile): Finding[] {
  const used = usedIn(file)
  return [
    ...used.flatMap((row, i) => auditPlace(file.purse, row, used.slice(Math.max(0, i - 1)))),
    ...auditLast(file, used),
  ]
}

/**
 * Numbers follow one another without a gap, but for what a restored book has lost; and what is not the last is closed.
 *
 * @param around  the one before, this one, and all after it
 */
function auditPlace({ purse }: AuditedPurse, used: Used, around: readonly Used[]): Finding[] {
  const before = comparePlaces(around[0] ?? used, used) < 0 ? around[0] : undefined
  const next = (before?.number ?? 0) + 1
  const lost = (used.found || used.epoch > (before?.epoch ?? 1)) && used.number > next
  const missing = { row: operationRow({ purse, epoch: used.epoch, number: next }), says: 'it is missing' }
  const behind = { row: operationRow({ ...used, purse }), says: 'it is open behind a later one' }
  return [
    ...(lost ? [] : compared({ ...missing, invariant: 'INV-ONCE' }, next, used.number)),
    ...(used.open && around.at(-1) !== used ? compared({ ...behind, invariant: 'INV-FLAG' }, 'closed', 'open') : []),
  ]
}

/** The purse knows its last place, and the last that was closed. @spec F-10 */
function auditLast({ purse }: PurseFile, used: readonly Used[]): Finding[] {
  const row = `purse ${purse.purse}`
  const [last, closed] = [used.at(-1), used.findLast(one => !one.open)]
  return [
    ...compared(
      { row, says: 'its number is not that of its last operation', invariant: 'INV-ONCE' },
      last?.number ?? 0,
      purse.number,
    ),
    ...compared(
      { row, says: 'its closed place is not that of the last operation that is closed', invariant: 'INV-FLAG' },
      placed(closed),
      purse.closedNumber === 0 ? placed(undefined) : placed({ epoch: purse.closedEpoch, number: purse.closedNumber }),
    ),
  ]
}

/**
 * What a chip has shown and the book has put back stands there as its chip had it; under another number only where another
 * had it, and there it is what makes the chip's digest.
 *
 * @spec F-12
 */
function auditFound(crypto: Crypto, { operations, found }: PurseFile): Finding[] {
  const known = new Map(operations.map(row => [operationName(row), row]))
  return found
    .filter(row => row.standing === 'settled' && row.outcome === 'applied')
    .flatMap(row => {
      const says = 'it was found at its chip and put back as another'
      const isMoved = operations.some(
        one => comparePlaces(one, row) !== 0 && equal(digestAt(crypto, row, one), row.digest),
      )
      const digest = isMoved && known.has(operationName(row)) ? row.digest : known.get(operationName(row))?.digest
      return compared(
        { row: operationRow(row), says, invariant: 'INV-EVID' },
        hex(row.digest),
        digest === undefined ? undefined : hex(digest),
      )
    })
}

/** What the operation's digest would be at that place. */
const digestAt = (crypto: Crypto, { epoch, number }: Place, row: OperationRow) =>
  digestOf(crypto, { ...row, epoch, number, ...(row.kind === 'sweep' && { amount: ZERO }) })

const placed = (place: Place | undefined): string => (place ? `${place.epoch}, ${place.number}` : 'none')

const numberRow = ({ store, transaction }: Pick<NumberRow, 'store' | 'transaction'>): string =>
  `number (${store}, ${transaction})`

/** Every pay has occupied the number it was opened by, for its amount; refunds are those that were ordered. @spec T-4 */
function auditNumbers(file: PurseFile): Finding[] {
  const operations = new Map(file.operations.map(row => [operationName(row), row]))
  const numbers = new Set(file.numbers.map(numberName))
  const [says, invariant] = ['the pay that it opened has no number', 'INV-ONCE'] as const
  return [
    ...file.numbers.flatMap(row => auditNumber(row, operations.get(operationName(row)), file)),
    ...file.operations.flatMap(({ kind, store, transaction }) => {
      if (kind !== 'pay' || store === undefined || transaction === undefined) return []
      const used = { store, transaction }
      return numbers.has(numberName(used))
        ? []
        : compared({ row: numberRow(used), says, invariant }, 'a row', 'no such row')
    }),
  ]
}

function auditNumber(row: NumberRow, pay: OperationRow | undefined, { orders }: PurseFile): Finding[] {
  const name = numberRow(row)
  const [once, accounted] = ['INV-ONCE', 'INV-ACCOUNTED'] as const
  if (pay?.kind !== 'pay' || pay.store !== row.store || pay.transaction !== row.transaction) {
    const says = 'the operation that it names is no pay by it'
    return compared({ row: name, says, invariant: once }, numberRow(row), pay?.transaction)
  }
  const refunds = orders.filter(({ store, transaction }) => store === row.store && transaction === row.transaction)
  const refunded = refunds.reduce((sum, { amount }) => sum + amount, 0n)
  return [
    ...compared({ row: name, says: 'its amount is not that of its pay', invariant: accounted }, pay.amount, row.amount),
    ...compared(
      { row: name, says: 'what it says is refunded is not what was ordered', invariant: accounted },
      refunded,
      row.refunded,
    ),
    ...(row.refunded > 0n
      ? compared({ row: name, says: 'it is refunded and was not paid', invariant: accounted }, 'commit', pay.decision)
      : []),
  ]
}

/** What a genuine receipt says about the operation that its chip did last is what the book says. @spec F-9 */
export function auditWitness(
  row: OperationRow | undefined,
  said: Pick<OperationRow, 'purse' | 'epoch' | 'number' | 'digest'> & {
    readonly outcome: string
    readonly seq: number
  },
): Finding[] {
  const invariant = 'INV-EVID'
  const witness = `receipt ${said.seq} of its chip`
  const name = operationRow(said)
  if (row === undefined)
    return compared({ row: name, says: `${witness} tells of it`, invariant }, 'a row', 'no such row')
  const { closed } = row
  const undone = said.outcome === 'applied' && closed?.outcome === 'reversed'
  return [
    ...(equal(said.digest, row.digest)
      ? []
      : compared({ row: name, says: `${witness} tells of another`, invariant }, hex(said.digest), hex(row.digest))),
    ...(closed === undefined || undone
      ? []
      : compared({ row: name, says: `${witness} tells another outcome`, invariant }, said.outcome, closed.outcome)),
  ]
}
