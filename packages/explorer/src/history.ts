/**
 * What a chip has ever done. Its rings forget; a judge must not, for what was forgotten was done all the same. What a ring
 * has forgotten tells chips apart that are otherwise alike.
 */
import { hex } from '@kozeni/base/bytes'
import type { Receipt } from '@kozeni/protocol/debit'
import { type Fenced, OUTCOME_RING } from '@kozeni/protocol/message'
import type { Outcome } from '@kozeni/protocol/operation'

/** One operation, and what became of it. */
export interface Done {
  readonly epoch: number
  readonly number: number
  readonly kind: number
  readonly digest: string
  readonly outcome: Outcome
  /** What it has moved. */
  readonly amount: bigint
}

export interface History {
  /** Debits and voids, the newest first. */
  readonly records: readonly Receipt[]
  /** Likewise. */
  readonly operations: readonly Done[]
}

export const NO_HISTORY: History = { records: [], operations: [] }

/** So many debits and voids the chip itself can show (C-2). */
export const RECORD_RING = 20

/**
 * The history of a chip that has gone one step further.
 *
 * @param said     what it says now
 * @param records  within the reach of its ring, the newest first
 */
export function grown(before: History, said: Fenced, records: readonly Receipt[]): History {
  const known = before.records[0]?.seq ?? 0
  return {
    records: said.seq === known ? before.records : [...records.filter(({ seq }) => seq > known), ...before.records],
    operations: said.outcome === 'none' ? before.operations : withLatest(before.operations, said),
  }
}

function withLatest(before: readonly Done[], said: Fenced): readonly Done[] {
  const { epoch, number, kind, digest, outcome, amount } = said
  const latest: Done = { epoch, number, kind, digest: hex(digest), outcome, amount }
  const [newest] = before
  const isSame = newest?.epoch === epoch && newest.number === number
  return [latest, ...(isSame ? before.slice(1) : before)]
}

/** What the chip has forgotten of it, as one text for equal pasts. */
export function spelledPast({ records, operations }: History): string {
  const forgotten = records
    .slice(RECORD_RING)
    .map(({ seq, kind, terminal, sale }) => [seq, kind, terminal, sale].join())
  const undone = operations
    .slice(OUTCOME_RING)
    .map(({ epoch, number, outcome, amount }) => [epoch, number, outcome, amount].join())
  return [...forgotten, ...undone].join(';')
}
