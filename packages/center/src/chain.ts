/**
 * The chain that all authentic statements of one purse form (K-1): of any two, one is ≤ the other in place and stage, seq,
 * credits and debits. The book keeps the furthest of each that was ever shown; a statement that is ahead in one and behind
 * in another proves a clone or a rollback.
 */
import type { Total } from '@kozeni/base/money'
import { comparePlaces, type Outcome, type Place } from '@kozeni/protocol/operation'
import type { PurseRow } from './book.ts'

/** A statement, as far as the chain goes. */
export interface Link extends Place {
  readonly stage: number
  readonly seq: number
  readonly credits: Total
  readonly debits: Total
}

/** Of one operation a chip first says what it did, then perhaps that it undid it, then that the center has confirmed it. */
function stageOf(outcome: Outcome, flag: boolean): number {
  if (outcome === 'none') return 0
  if (!flag) return 3
  return outcome === 'reversed' ? 2 : 1
}

/** A RESULT, a receipt or a FENCED as a link. */
export const saidIn = (said: Omit<Link, 'stage'> & { readonly outcome: Outcome; readonly flag: boolean }): Link => ({
  epoch: said.epoch,
  number: said.number,
  stage: stageOf(said.outcome, said.flag),
  seq: said.seq,
  credits: said.credits,
  debits: said.debits,
})

/** The furthest that the purse's chip has shown. */
export const seenOf = (
  purse: Pick<PurseRow, `seen${'Epoch' | 'Number' | 'Stage' | 'Seq' | 'Credits' | 'Debits'}`>,
): Link => ({
  epoch: purse.seenEpoch,
  number: purse.seenNumber,
  stage: purse.seenStage,
  seq: purse.seenSeq,
  credits: purse.seenCredits,
  debits: purse.seenDebits,
})

const compareSteps = (a: Link, b: Link): number => comparePlaces(a, b) || a.stage - b.stage

/** Neither comes before the other. @spec K-1 */
export function incomparable(a: Link, b: Link): boolean {
  const signs = [compareSteps(a, b), a.seq - b.seq, Number(a.credits - b.credits), Number(a.debits - b.debits)]
  return signs.some(sign => sign > 0) && signs.some(sign => sign < 0)
}

/** The purse with what its chip has just shown; the same row when that is nothing new. */
export function noted(purse: PurseRow, said: Link): PurseRow {
  const seen = seenOf(purse)
  const further = compareSteps(said, seen) > 0 ? said : seen
  const row = {
    seenEpoch: further.epoch,
    seenNumber: further.number,
    seenStage: further.stage,
    seenSeq: Math.max(seen.seq, said.seq),
    seenCredits: said.credits > seen.credits ? said.credits : seen.credits,
    seenDebits: said.debits > seen.debits ? said.debits : seen.debits,
  }
  const known = (Object.keys(row) as (keyof typeof row)[]).every(field => row[field] === purse[field])
  return known ? purse : { ...purse, ...row }
}

/** For whoever looks at an alarm. */
export const spelled = ({ epoch, number, stage, seq, credits, debits }: Link): string =>
  `operation ${epoch}/${number} at stage ${stage}, seq ${seq}, credits ${credits}, debits ${debits}`
