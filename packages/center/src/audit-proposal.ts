/**
 * The audit of what two operators have decided (INV-AUDIT): two names, never one; each posting by hand is just what they
 * decided, its name a digest of all of it; and no operation is closed by people without them.
 */
import type { Crypto } from '@kozeni/protocol/crypto'
import type { ProposalFile, PurseFile } from './archive.ts'
import { compareEntries } from './audit-entry.ts'
import { compared, type Finding } from './audit-finding.ts'
import { operationRow } from './audit-operation.ts'
import type { OperationRow } from './book.ts'
import type { ProposalRow } from './book-proposal.ts'
import { operationName } from './book-writes.ts'
import { orderOfLoad } from './load.ts'
import { type Proposed, proposedIn } from './proposal-facts.ts'
import { entriesByHand } from './proposal-posting.ts'

const INVARIANT = 'INV-AUDIT'

const proposalRow = ({ proposal }: Pick<ProposalRow, 'proposal'>): string => `proposal ${proposal}`

/** One proposal, and the entries that bear its name. @spec INV-AUDIT */
export function auditProposal(crypto: Crypto, { proposal: row, entries }: ProposalFile): Finding[] {
  const claimed = { row: proposalRow(row), invariant: INVARIANT } as const
  const names = new Set([row.proposedBy, row.endedBy].filter(name => name !== undefined && name !== ''))
  return [
    ...compared(
      { ...claimed, says: 'what it asks for cannot be read' },
      'facts of its kind',
      proposedIn(row) === undefined ? 'others' : 'facts of its kind',
    ),
    ...(row.stage === 'confirmed'
      ? compared({ ...claimed, says: 'it was not decided by two people' }, '2 names', `${names.size} names`)
      : []),
    ...compareEntries(entriesByHand(crypto, row), entries).map(
      finding => ({ ...finding, invariant: INVARIANT }) as const,
    ),
  ]
}

/** What people have decided of this purse's operations is what stands there, and nothing else was decided so. */
export function auditDecided({ operations, proposals }: PurseFile): Finding[] {
  const confirmed = proposals.filter(row => row.stage === 'confirmed')
  const decided = new Set(confirmed.map(row => (row.about ? operationName(row.about) : '')))
  return [
    ...confirmed.flatMap(row => auditCarriedOut(row, operations)),
    ...operations
      .filter(row => row.closed?.source === 'people' && !decided.has(operationName(row)))
      .flatMap(row =>
        compared(
          { row: operationRow(row), says: 'no two people have decided it', invariant: INVARIANT },
          'a proposal',
          'none',
        ),
      ),
  ]
}

function auditCarriedOut(row: ProposalRow, operations: readonly OperationRow[]): Finding[] {
  const proposed = proposedIn(row)
  if (proposed === undefined) return []
  const operation = operations.find(one => isOf(proposed, row, one))
  const says = 'what was decided is not what its operation says'
  return compared(
    { row: proposalRow(row), says, invariant: INVARIANT },
    wanted(proposed, row.endedAt),
    operation && told(proposed, operation),
  )
}

/** The operation that was spoken of, by what it was said to be; or that was opened, because the chip had not had what is owed. */
function isOf(proposed: Proposed, { about, endedAt }: ProposalRow, operation: OperationRow): boolean {
  switch (proposed.what) {
    case 'found-pay':
      return operation.store === proposed.store && operation.transaction === proposed.transaction
    case 'found-load':
      return operation.order === orderOfLoad(proposed.load)
    case 'order':
      return (
        operation.order === proposed.order &&
        (proposed.outcome === 'none' ? operation.openedAt : operation.closed?.at) === endedAt
      )
    default:
      return about !== undefined && operationName(operation) === operationName(about)
  }
}

function wanted(proposed: Proposed, at: number | undefined): string {
  switch (proposed.what) {
    case 'operation':
      return `people, ${proposed.outcome}, ${proposed.decision}, ${at}`
    case 'found-pay':
      return `pay, ${proposed.amount}, ${proposed.store}, ${proposed.transaction}, ${proposed.decision}, ${at}`
    case 'found-load':
      return `load, ${proposed.amount}, ${proposed.load}, ${at}`
    case 'order':
      return proposed.outcome === 'none' ? `opened, ${proposed.order}` : `people, ${proposed.order}, ${at}`
    case 'posting':
    case 'revocation':
      return 'no operation'
  }
}

function told(proposed: Proposed, { kind, amount, store, transaction, order, decision, closed }: OperationRow): string {
  const { what } = proposed
  if (what === 'order')
    return proposed.outcome === 'none' ? `opened, ${order}` : `${closed?.source}, ${order}, ${closed?.at}`
  if (what === 'operation') return `${closed?.source}, ${closed?.outcome}, ${decision}, ${closed?.at}`
  return what === 'found-pay'
    ? `${kind}, ${amount}, ${store}, ${transaction}, ${decision}, ${closed?.at}`
    : `${kind}, ${amount}, ${order}, ${closed?.at}`
}
