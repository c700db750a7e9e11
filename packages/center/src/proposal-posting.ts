/** A posting by hand, as two operators have decided it: one entry, named by its proposal. Pure. */
import { idFromBytes, idNumber, type ProposalId } from '@kozeni/base/ids'
import type { Entry } from '@kozeni/ledger/entry'
import { postedByHand } from '@kozeni/ledger/posting'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { ProposalRow } from './book-proposal.ts'
import { decisionDigest, type Proposed, proposedIn } from './proposal-facts.ts'

/** The entries that a proposal has made: none unless it is a posting and confirmed. @spec INV-AUDIT */
export function entriesByHand(crypto: Crypto, row: ProposalRow): readonly Entry[] {
  const proposed = proposedIn(row)
  return row.stage === 'confirmed' && row.endedAt !== undefined && isPosting(proposed)
    ? [postedByHand({ ...proposed, proposal: row.proposal, at: row.endedAt, digest: halfOf(crypto, row) })]
    : []
}

const isPosting = (proposed: Proposed | undefined): proposed is Extract<Proposed, { what: 'posting' }> =>
  proposed?.what === 'posting' && proposed.amount > 0n

const halfOf = (crypto: Crypto, row: ProposalRow): bigint =>
  idNumber(idFromBytes<ProposalId>(decisionDigest(crypto, row)))
