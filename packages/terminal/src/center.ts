/** The port to the center: what a terminal says and asks when it is on-line. All of it may be repeated at any time. */

import type { Post } from '@kozeni/api/meet'
import type { Answer, Input } from '@kozeni/api/route'
import type { exchangeMail, getTerminal, uploadReceipts } from '@kozeni/api/routes-terminal'
import type { Result } from '@kozeni/base/result'
import type { Refusal } from '@kozeni/protocol/refusal'

export type Upload = Input<typeof uploadReceipts>['body']
export type UploadAnswer = Answer<typeof uploadReceipts>
export type ReceiptAnswer = UploadAnswer['answers'][number]
export type MailExchange = Input<typeof exchangeMail>['body']
export type MailList = Answer<typeof exchangeMail>
/** Certificate, keys, limits, hotlist. */
export type TerminalStanding = Answer<typeof getTerminal>

export interface Center {
  /** @refuses center-unreachable · center-garbled · whatever the center refuses; nothing is lost by it */
  deliver(upload: Upload): Promise<Result<UploadAnswer, Refusal>>
  /** @param since  the hotlist version that the terminal has; 0 for none */
  standing(since: number): Promise<Result<TerminalStanding, Refusal>>
  /** Brings what chips answered to their mail; the list is all that the terminal is to carry from now on. */
  mail(exchange: MailExchange): Promise<Result<MailList, Refusal>>
  /** One round of a chip's contact. */
  readonly contact: Post
}
