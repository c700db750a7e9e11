/**
 * The port to whoever takes a holder's money (F-13). Everything is keyed by the load's own name: asked again, it happens
 * once. An answer that did not come is `unknown` and is asked for again, never assumed.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { LoadId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { LoadRow } from './book.ts'

export type Captured =
  /** The money is here, under the provider's own name for the capture. */
  | { readonly state: 'captured'; readonly capture: string }
  /** Nothing was taken, and nothing will be for this load. */
  | { readonly state: 'declined'; readonly reason: string }
  | { readonly state: 'unknown' }

/** As Captured; or it was captured, and has gone back to the holder since. */
export type Checked = Captured | { readonly state: 'given-back' }

/** Pending at the provider, unreachable, or said nothing: `unknown`. */
export type GivenBack = 'given-back' | 'unknown'

/** What the provider told of its own accord, past the check of its signature. */
export interface CaptureNotice {
  readonly load: LoadId
  readonly capture: string
}

export interface FundingSource {
  /** Takes the money for this load, once, however often it is asked; what has gone back since is not taken again. */
  capture(load: LoadRow): Promise<Checked>
  /** What became of the capture; takes nothing. */
  check(load: LoadRow): Promise<Checked>
  /** Gives back so much of what was captured for this load, once, however often it is asked. */
  giveBack(load: LoadRow, amount: Money): Promise<GivenBack>
  /** Gives back a capture that came when its load had ended without it. */
  giveBackStray(notice: CaptureNotice): Promise<GivenBack>
  /**
   * Reads a message of the provider; undefined when it is of no interest here.
   *
   * @refuses signature-wrong · input-wrong
   */
  hear(body: Bytes, signature: string): Result<CaptureNotice | undefined, Refusal>
}

/** A center without a provider: every load is declined. */
export const noFunding: FundingSource = {
  capture: async () => ({ state: 'declined', reason: 'no-provider' }),
  check: async () => ({ state: 'declined', reason: 'no-provider' }),
  giveBack: async () => 'unknown',
  giveBackStray: async () => 'unknown',
  hear: () => no(refusal('signature-wrong')),
}
