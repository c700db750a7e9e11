/** Where what two operators decide together stands in PostgreSQL: beside schema-proposals.ts, which makes the table. */
import type { ProposalId, PurseId } from '@kozeni/base/ids'
import { PROPOSAL_STAGE, PROPOSED_WHAT } from './book-codes.ts'
import type { ProposalRow } from './book-proposal.ts'
import { fields, ids, numbers, optional, table, textRecords, texts, words } from './postgres-table.ts'

export const PROPOSAL = table<ProposalRow>('proposal', {
  proposal: ids<ProposalId>('proposal_id'),
  what: words('what', PROPOSED_WHAT),
  about: optional(
    fields<NonNullable<ProposalRow['about']>>({
      purse: ids<PurseId>('purse_id'),
      epoch: numbers('epoch'),
      number: numbers('number'),
    }),
  ),
  facts: textRecords('facts'),
  reason: texts('reason'),
  proposedBy: texts('proposed_by'),
  at: numbers('at_ms'),
  stage: words('stage', PROPOSAL_STAGE),
  endedBy: optional(texts('ended_by')),
  endedAt: optional(numbers('ended_at_ms')),
})
