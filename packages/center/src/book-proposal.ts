/** The book's row of what two operators decide together. What comes of it is in proposal.ts. */
import type { ProposalId, PurseId } from '@kozeni/base/ids'

/**
 * `posting`: money between two of the issuer's own accounts. `operation`: what became of one that a restored book has open
 * and whose chip's ring does not reach. `found-pay`, `found-load`: what an operation was that only its chip knows, or has
 * forgotten. `order`: whether the chip has had what is owed, in an operation that its ring has forgotten (F-12). `revocation`: an
 * end to a version of the purses' keys, which is carried out beside the vault (`kozeni keys revoke`).
 */
export type ProposedWhat = 'posting' | 'operation' | 'found-pay' | 'found-load' | 'order' | 'revocation'

export interface ProposalRow {
  readonly proposal: ProposalId
  readonly what: ProposedWhat
  /** The operation's place; a posting and a revocation are about none. */
  readonly about: { readonly purse: PurseId; readonly epoch: number; readonly number: number } | undefined
  /** All else that is to be done, as texts: proposal-facts.ts reads them. */
  readonly facts: Readonly<Record<string, string>>
  readonly reason: string
  readonly proposedBy: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** `confirmed` by another operator than proposed it: then it was carried out in that transaction. */
  readonly stage: 'proposed' | 'confirmed' | 'withdrawn'
  readonly endedBy: string | undefined
  readonly endedAt: number | undefined
}
