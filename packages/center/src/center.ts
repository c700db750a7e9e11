/** All that a center is made of, as its server and its mover work with it. */
import type { Checking } from '@kozeni/api/signature'
import type { Means } from './contact.ts'
import type { FundingSource } from './funding.ts'
import type { Hotlists } from './hotlist.ts'
import type { Operator } from './operators.ts'
import type { Views } from './views.ts'

/** Ports and parts; how long each lives is for whoever builds them. */
export interface Center extends Means {
  readonly views: Views
  readonly funding: FundingSource
  readonly hotlists: Hotlists
  readonly operators: readonly Operator[]
  /** Checks signatures of requests, and of receipts that are drawn, beside the server's thread; left out, crypto does so on it. */
  readonly verifyAside?: Checking['verify']
  /** Says what an operator may want to read later; never a secret. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, facts: Readonly<Record<string, unknown>>) => void
}
