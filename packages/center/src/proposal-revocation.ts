/**
 * Whether two operators have decided to destroy a version of the purses' keys (INV-AUDIT, PROTOCOL §8). The book only keeps
 * that they have: a vault is changed beside its file, where whyNotRevoke judges it as things stand then.
 */
import type { ProposalRow } from './book-proposal.ts'
import { proposedIn } from './proposal-facts.ts'
import type { Views } from './views.ts'

const PAGE = 500

/** Looks through what was decided, oldest first. A version that is gone never comes back, so an old word stands. */
export async function isRevocable(views: Pick<Views, 'proposals'>, version: number): Promise<boolean> {
  let after: string | undefined
  do {
    const { rows, next } = await views.proposals(false, { limit: PAGE, after })
    if (rows.some(row => revokes(row, version))) return true
    after = next
  } while (after !== undefined)
  return false
}

function revokes(row: ProposalRow, version: number): boolean {
  const proposed = proposedIn(row)
  return row.stage === 'confirmed' && proposed?.what === 'revocation' && proposed.version === version
}
