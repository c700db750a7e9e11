/**
 * What two operators decide (INV-AUDIT): one proposes, another confirms, and in that very transaction it is carried out by a
 * pure decision; or it is withdrawn. Never the same one twice. Both names stay in the book.
 * @see docs/decisions/0030-two-people-one-transaction.md
 */
import type { LoadId, OrderId, ProposalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Book, type Command, type Keys, type PurseRow, type Seen, unchanged, type Write } from './book.ts'
import type { ProposalRow } from './book-proposal.ts'
import { factsText } from './book-writes.ts'
import { orderOfLoad } from './load.ts'
import { type Proposed, proposedIn } from './proposal-facts.ts'
import { accountLoad, accountPay } from './proposal-found.ts'
import { decideOperation } from './proposal-operation.ts'
import { decideOrder } from './proposal-order.ts'
import { entriesByHand } from './proposal-posting.ts'

type Answer = Result<ProposalRow, Refusal>

/** What an operator brings. */
export type Proposing = Pick<ProposalRow, 'proposal' | 'what' | 'about' | 'facts' | 'reason' | 'proposedBy'>

/** What the world outside the book says that the decision needs. */
export interface Told {
  /** The provider's name of a found load's money; undefined before it was asked. */
  readonly capture: string | undefined
}

const UNTOLD: Told = { capture: undefined }

/** How many of a purse's latest receipts are looked at, for one that is held. */
const LATEST = 200

/** The rows that a proposal is about. */
export async function keysOfProposal(
  book: Book,
  row: Pick<ProposalRow, 'what' | 'about' | 'facts' | 'proposal'>,
): Promise<Keys> {
  const { proposal, about } = row
  if (about === undefined) return { proposal }
  const { purse } = await book.look({ purse: about.purse })
  return keysKnowing(purse, row)
}

/** The same, by who knows the purse's row. */
export function keysKnowing(
  purse: PurseRow | undefined,
  row: Pick<ProposalRow, 'what' | 'about' | 'facts' | 'proposal'>,
): Keys {
  const { proposal, about } = row
  if (about === undefined) return { proposal }
  const seqs = Array.from({ length: LATEST }, (_, i) => (purse?.seenSeq ?? 0) - i).filter(seq => seq > 0)
  return { proposal, purse: about.purse, receipts: seqs, ...keysOfFacts(proposedIn(row)) }
}

function keysOfFacts(proposed: Proposed | undefined): Keys {
  if (proposed?.what === 'found-pay') {
    const { store, transaction } = proposed
    return { store, number: { store, transaction } }
  }
  if (proposed?.what === 'order') return { order: proposed.order, load: loadOf(proposed.order) }
  return proposed?.what === 'found-load' ? { load: proposed.load, order: orderOfLoad(proposed.load) } : {}
}

/** A load's order bears the load's own name; that of a refund or a move finds no load. */
const loadOf = (order: OrderId): LoadId => order as OrderId & LoadId

/**
 * Writes down what is to be decided, if it could be carried out now. The same again is the same proposal.
 *
 * @refuses input-wrong · key-reused · and whatever stands against it
 * @spec    INV-AUDIT
 */
export const propose = (crypto: Crypto, keys: Keys, proposing: Proposing): Command<Answer> => ({
  keys,
  decide: seen => {
    const before = seen.proposal
    if (before !== undefined) return unchanged(isSame(before, proposing) ? ok(before) : no(refusal('key-reused')))
    const row: ProposalRow = {
      ...{ ...proposing, at: seen.now, stage: 'proposed' },
      ...{ endedBy: undefined, endedAt: undefined },
    }
    const possible = carriedOut(crypto, seen, row, UNTOLD)
    return possible.ok ? { answer: ok(row), writes: [{ write: 'proposal', row }] } : unchanged(possible)
  },
})

const isSame = (before: ProposalRow, { what, about, facts, reason }: Proposing): boolean =>
  spelled(before) === spelled({ what, about, facts, reason })

const spelled = ({ what, about, facts, reason }: Pick<ProposalRow, 'what' | 'about' | 'facts' | 'reason'>): string =>
  JSON.stringify([what, about?.purse, about?.epoch, about?.number, factsText(facts), reason])

/**
 * Carries it out, by another operator than proposed it. Repeated by the same one it is the same answer.
 *
 * @refuses not-found · same-operator · proposal-ended · and whatever stands against it now
 * @spec    INV-AUDIT
 */
export const confirm = (crypto: Crypto, keys: Keys, by: string, told: Told): Command<Answer> => ({
  keys,
  decide: seen => {
    const before = seen.proposal
    if (before === undefined) return unchanged(no(refusal('not-found')))
    if (before.stage === 'confirmed' && before.endedBy === by) return unchanged(ok(before))
    if (before.stage !== 'proposed') return unchanged(no(ended(before)))
    if (before.proposedBy === by) return unchanged(no(refusal('same-operator', { operator: by })))
    const row: ProposalRow = { ...before, stage: 'confirmed', endedBy: by, endedAt: seen.now }
    const done = carriedOut(crypto, seen, row, told)
    return done.ok ? { answer: ok(row), writes: [...done.value, { write: 'proposal', row }] } : unchanged(done)
  },
})

/**
 * Takes it back, whoever proposed it; nothing has happened.
 *
 * @refuses not-found · proposal-ended
 */
export const withdraw = (proposal: ProposalId, by: string): Command<Answer> => ({
  keys: { proposal },
  decide: ({ proposal: before, now }) => {
    if (before === undefined) return unchanged(no(refusal('not-found')))
    if (before.stage === 'withdrawn') return unchanged(ok(before))
    if (before.stage !== 'proposed') return unchanged(no(ended(before)))
    const row: ProposalRow = { ...before, stage: 'withdrawn', endedBy: by, endedAt: now }
    return { answer: ok(row), writes: [{ write: 'proposal', row }] }
  },
})

const ended = ({ stage, endedBy = '' }: ProposalRow): Refusal => refusal('proposal-ended', { stage, endedBy })

/** What follows from it, on these rows. */
function carriedOut(crypto: Crypto, seen: Seen, row: ProposalRow, told: Told): Result<readonly Write[], Refusal> {
  const { about } = row
  const proposed = proposedIn(row)
  if (proposed?.what === 'posting')
    return ok(entriesByHand(crypto, row).map((entry): Write => ({ write: 'entry', row: entry })))
  if (proposed?.what === 'revocation') return ok([]) // beside the vault, where it is judged again
  if (proposed === undefined || about === undefined) return no(refusal('input-wrong', { part: 'body', field: 'facts' }))
  if (proposed.what === 'found-load' && row.stage === 'confirmed' && told.capture === undefined)
    return no(refusal('funding-unknown'))
  switch (proposed.what) {
    case 'operation':
      return decideOperation(seen, about, proposed)
    case 'found-pay':
      return accountPay(crypto, seen, about, proposed)
    case 'found-load':
      return accountLoad(crypto, seen, about, proposed, told.capture ?? '')
    case 'order':
      return decideOrder(crypto, seen, about, proposed)
  }
}
