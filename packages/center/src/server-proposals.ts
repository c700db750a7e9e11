/** What two operators decide: who asks is who proposes, confirms or withdraws; the rest is proposal.ts's. */
import type { Answer, Input } from '@kozeni/api/route'
import type { propose as proposeRoute } from '@kozeni/api/routes-proposal'
import type { ProposalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { ProposalRow } from './book-proposal.ts'
import type { Center } from './center.ts'
import { confirm, keysOfProposal, type Proposing, propose, type Told, withdraw } from './proposal.ts'
import { proposedIn } from './proposal-facts.ts'
import { foundLoadRow } from './proposal-found.ts'
import { requestName } from './request-name.ts'
import { timeOf } from './server-answer.ts'
import { callerName } from './server-caller.ts'
import type { Handlers } from './server-handler.ts'
import { pageOf } from './server-page.ts'

type Routes = 'propose' | 'listProposals' | 'confirmProposal' | 'withdrawProposal'

/** Proposing, listing, confirming, withdrawing. */
export const proposalHandlers = (center: Center): Pick<Handlers, Routes> => ({
  propose: async ({ caller, body, idempotencyKey }) => {
    const proposal = requestName<ProposalId>(center.crypto, 'proposal', callerName(caller), idempotencyKey)
    const proposing: Proposing = { proposal, ...spelledOut(body), proposedBy: caller.name }
    const keys = await keysOfProposal(center.book, proposing)
    return told(center, await center.book.run(propose(center.crypto, keys, proposing)), 'proposed')
  },

  listProposals: async ({ query: { open, ...asked } }) => {
    const page = pageOf(asked, 'time')
    if (!page.ok) return page
    const { rows, next } = await center.views.proposals(open === undefined ? undefined : open === 'true', page.value)
    return ok({ proposals: rows.map(proposalAnswer), ...(next !== undefined && { next }) })
  },

  confirmProposal: async ({ caller, params }) => {
    const { proposal: row } = await center.book.look(params)
    if (row === undefined) return no(refusal('not-found'))
    const keys = await keysOfProposal(center.book, row)
    const said = await askedOutside(center, row)
    if (!said.ok) return said
    const confirmed = await center.book.run(confirm(center.crypto, keys, caller.name, said.value))
    return told(center, confirmed, 'confirmed')
  },

  withdrawProposal: async ({ caller, params }) =>
    told(center, await center.book.run(withdraw(params.proposal, caller.name)), 'withdrawn'),
})

/** A body as the book keeps it: a place, and texts. */
function spelledOut({
  what,
  reason,
  ...body
}: Input<typeof proposeRoute>['body']): Pick<ProposalRow, 'what' | 'about' | 'facts' | 'reason'> {
  const { purse, epoch, number, ...facts } = 'purse' in body ? body : { ...body, purse: undefined, epoch: 0, number: 0 }
  return { what, reason, about: purse && { purse, epoch, number }, facts: texts(facts) }
}

const texts = (facts: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  )

/**
 * Of a load that only its chip and its provider know, the provider is asked; it takes nothing.
 *
 * @refuses funding-unknown · evidence-against (check: provider)
 */
async function askedOutside({ book, crypto, funding }: Center, row: ProposalRow): Promise<Result<Told, Refusal>> {
  const proposed = proposedIn(row)
  if (proposed?.what !== 'found-load' || row.about === undefined || row.stage !== 'proposed')
    return ok({ capture: undefined })
  const { purse, present, now } = await book.look({ purse: row.about.purse })
  if (purse === undefined) return no(refusal('nothing-to-decide'))
  const said = await funding.check(foundLoadRow(crypto, purse, proposed, { present, now }))
  if (said.state === 'captured') return ok({ capture: said.capture })
  return no(said.state === 'unknown' ? refusal('funding-unknown') : refusal('evidence-against', { check: 'provider' }))
}

function told(
  { log }: Center,
  done: Result<ProposalRow, Refusal>,
  what: ProposalRow['stage'],
): Result<Answer<typeof proposeRoute>, Refusal> {
  if (!done.ok) return done
  const { proposal, proposedBy, endedBy } = done.value
  log('info', `an operator has ${what} what two decide`, { proposal, what: done.value.what, proposedBy, endedBy })
  return ok(proposalAnswer(done.value))
}

const proposalAnswer = ({ about, endedBy, endedAt, ...row }: ProposalRow): Answer<typeof proposeRoute> => ({
  ...row,
  at: timeOf(row.at),
  ...(about && { about }),
  ...(endedBy !== undefined && { endedBy }),
  ...(endedAt !== undefined && { endedAt: timeOf(endedAt) }),
})
