/**
 * The port to the store's own book of its sales. Whatever it answers is durable: a number is in the book before anybody
 * has seen it, and a sale is handed over once, whoever asks and however often the machine dies. One book may serve many
 * server processes if its implementation can; each answers as if the calls came one after the other.
 */
import type { Result } from '@kozeni/base/result'
import type { TransactionNumber } from '@kozeni/protocol/number'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Decision, Sale, Settled } from './sale.ts'

/** Where a store stands after the center was restored from a backup (F-12). */
export interface Epochs {
  /** Decisions of earlier epochs are refused. */
  readonly floor: number
  /** The epoch for which the center was told what this store has honoured. */
  readonly reported: number
}

export interface Book {
  /** Keeps what `make` makes of the next sequence. No sequence is used twice, and the first is 1. */
  sell(make: (sequence: number) => Offer): Promise<Sale>
  find(number: TransactionNumber): Promise<Sale | undefined>
  /** By the rules of decide() in sale.ts. */
  decide(number: TransactionNumber, decision: Decision): Promise<Result<Settled, Refusal>>
  /** Notes that a paid sale's goods were handed over; undefined when there is no such paid sale. */
  give(number: TransactionNumber): Promise<Sale | undefined>
  /** Every sale paid and not yet noted as handed over. */
  owed(): Promise<readonly Sale[]>
  /** Every sale that was decided on, for a restored center (F-12). */
  decided(): Promise<readonly Sale[]>
  epochs(): Promise<Epochs>
  /** Raises either; neither ever falls. */
  raise(epochs: Partial<Epochs>): Promise<void>
  close(): Promise<void>
}
