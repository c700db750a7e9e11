/**
 * Claims whose debits seem to be voided (K-2). A chip's totals show void value before its void is here, and perhaps it never
 * comes: the claim of the debit just before a missing number is held, and charged to its store once the totals have proved
 * the void and every till has had the time to bring it. What is missing may come at any time, and ends that: it moves what it
 * moves by itself, so nobody is charged twice. Decided apart from collection, which pays nothing for it.
 */
import type { PurseId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import type { Entry } from '@kozeni/ledger/entry'
import { claimCharged, claimFreed, claimRestored, claimWithheld } from '@kozeni/ledger/posting'
import { type Book, type Command, type Instant, type PurseRow, type Seen, unchanged, type Write } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import type { HoldRow } from './book-hold.ts'
import { type Gap, gapOf, kindsOf, type MissingKind } from './gap.ts'
import { tellGap } from './outbox.ts'
import type { Policy } from './policy.ts'
import { isFenced } from './restore.ts'

/** Whether it is held or charged, and what is missing has not come. */
export const isWaiting = ({ stage }: HoldRow): boolean => stage === 'held' || stage === 'charged'

/** All that a hold has posted by now. @spec K-2 */
export function holdEntries(row: HoldRow): Entry[] {
  const { at, chargedAt, endedAt } = row
  return [
    claimWithheld({ ...row, at }),
    ...(chargedAt === undefined ? [] : [claimCharged({ ...row, at: chargedAt })]),
    ...(endedAt === undefined ? [] : [(chargedAt === undefined ? claimFreed : claimRestored)({ ...row, at: endedAt })]),
  ]
}

/**
 * Void value that the chip has shown and the book does not have, or a claim that is held for some: somebody has to see whose
 * it is, now that there is more to see it by.
 *
 * @spec K-2
 */
export function gapShown(purse: PurseRow, present: EpochRow, now: number): Write[] {
  const isGap = purse.seenCredits > purse.credits || purse.holds > 0
  return isGap && purse.stage !== 'retired' && isFenced(purse, present) ? [tellGap(purse.purse, now)] : []
}

/** The purse with what became of its holds, and the writes beside it. */
export interface Holding {
  readonly purse: PurseRow
  readonly holds: readonly HoldRow[]
  readonly writes: readonly Write[]
}

type Changed = Pick<HoldRow, 'stage' | 'chargedAt' | 'endedAt'>

/** One hold goes on: it posts what it did not post before, and its purse follows. */
function changed({ purse, holds, writes }: Holding, before: HoldRow, next: Partial<Changed>): Holding {
  const row: HoldRow = { ...before, ...next }
  const posted = holdEntries(before).length
  const entries = holdEntries(row).slice(posted)
  const credits = purse.credits + charged(row) - charged(before)
  const waiting = purse.holds + (isWaiting(row) ? 1 : 0) - (isWaiting(before) ? 1 : 0)
  return {
    purse: { ...purse, credits: total(credits), holds: waiting },
    holds: holds.map(one => (one.seq === row.seq ? row : one)),
    writes: [...writes, { write: 'hold', row }, ...entries.map((entry): Write => ({ write: 'entry', row: entry }))],
  }
}

/** What the purse was credited by it. */
export const charged = ({ stage, amount }: Pick<HoldRow, 'stage' | 'amount'>): bigint =>
  stage === 'charged' ? amount : 0n

const ended = (holding: Holding, row: HoldRow, now: number): Holding =>
  changed(holding, row, { stage: row.stage === 'charged' ? 'restored' : 'freed', endedAt: now })

/**
 * A record has come, and the claim of the debit before it waits no longer: whatever it is, it says so itself.
 *
 * @spec K-2
 */
export function recordCame(purse: PurseRow, holds: readonly HoldRow[], seq: number, now: number): Holding {
  const before = holds.find(row => row.seq === seq - 1 && isWaiting(row))
  const holding: Holding = { purse, holds, writes: [] }
  return before === undefined ? holding : ended(holding, before, now)
}

/** How far back a purse's records are looked through. */
const LATEST = 500

/** A claim whose time is over, and that still may not be charged, is looked at once a day. */
const AGAIN_MS = 24 * 3_600_000

/** When a purse's claims are to be looked at again: nothing more to see, or then, if nothing comes before. */
export type HoldStep = 'done' | { readonly again: Instant }

type Means = { readonly book: Book; readonly policy: Policy }

/**
 * Holds, frees and charges what there is to be; harmless to repeat.
 *
 * @param paidOut  its purse is paid out as lost now: what is proved is charged, what is not is freed
 * @spec K-2, F-11
 */
export async function holdClaims({ book, policy }: Means, purse: PurseId, paidOut = false): Promise<HoldStep> {
  const { purse: row } = await book.look({ purse })
  const last = row?.seenSeq ?? 0
  const from = Math.max(1, last - LATEST + 1)
  const seqs = Array.from({ length: last - from + 1 }, (_, i) => from + i)
  const chargeAfterMs = paidOut ? 0 : policy.maxOfflineMs + policy.lostMarginMs
  return await book.run(holding(purse, seqs, { chargeAfterMs, paidOut }))
}

interface Rule {
  readonly chargeAfterMs: number
  readonly paidOut: boolean
}

/**
 * @param seqs  the latest of the purse's records, all of them from the first on
 * @spec K-2
 */
export const holding = (purse: PurseId, seqs: readonly number[], rule: Rule): Command<HoldStep> => ({
  keys: { purse, receipts: seqs, fraud: true },
  decide: seen => {
    const { purse: row, fraud, present, found } = seen
    if (row === undefined || fraud === undefined) return unchanged('done')
    // what a restored book does not know yet may be value that no void has given back
    const isBlind = !isFenced(row, present) || found.some(({ standing }) => standing !== 'settled')
    if (isBlind && !rule.paidOut) return unchanged('done')
    const [from = 1] = seqs
    const gap = isBlind ? NO_GAP : gapOf(row, seen.open, seen.receipts, from)
    const after = decided(
      { ...seen, purse: row },
      { gap, holds: fraud.holds, isWhole: from === 1 && seen.open === undefined },
      rule,
    )
    const writes: Write[] = after.writes.length === 0 ? [] : [...after.writes, { write: 'purse', row: after.purse }]
    return { answer: stepAfter(after, seen.now, rule), writes }
  },
})

const NO_GAP: Gap = { unseenDebits: 0n, voidValue: 0n, missing: [] }

/** What a claim waits for comes by itself, or with the time; whatever else the chip shows begins anew. */
function stepAfter({ holds }: Holding, now: Instant, { chargeAfterMs }: Rule): HoldStep {
  const held = holds.filter(({ stage }) => stage === 'held')
  if (held.length === 0) return 'done'
  const ripe = held.map(({ at }) => at + chargeAfterMs).filter(due => due > now)
  return { again: Math.min(now + AGAIN_MS, ...ripe) }
}

interface Known {
  readonly gap: Gap
  readonly holds: readonly HoldRow[]
  /** Whether all of its records were looked at, and nothing is open. */
  readonly isWhole: boolean
}

function decided(seen: Seen & { readonly purse: PurseRow }, known: Known, rule: Rule): Holding {
  const { now, receipts } = seen
  const kinds = kindsOf(known.gap, receipts, knownKinds(known.holds), known.isWhole)
  const isRetired = seen.purse.stage === 'retired'
  const begun = isRetired ? [] : toHold(seen, known, kinds)
  const start: Holding = { purse: seen.purse, holds: known.holds, writes: [] }
  const held = begun.reduce(withHold, start)
  return held.holds
    .filter(row => row.stage === 'held')
    .reduce((holding, row) => {
      const kind = kinds.get(row.seq + 1)
      const isOver = now >= row.at + rule.chargeAfterMs && (rule.paidOut || !seen.purse.blocked)
      const isShown = holding.purse.credits + row.amount <= holding.purse.seenCredits
      if (kind === 'void' && isOver && isShown && !isRetired)
        return changed(holding, row, { stage: 'charged', chargedAt: now })
      return kind === 'debit' || rule.paidOut || isRetired ? ended(holding, row, now) : holding
    }, held)
}

/** What was decided of a missing record stays so, until it comes. */
const knownKinds = (holds: readonly HoldRow[]): ReadonlyMap<number, MissingKind> =>
  new Map(
    holds
      .filter(({ stage }) => stage !== 'held')
      .map(({ seq, stage }) => [seq + 1, stage === 'charged' ? 'void' : 'debit']),
  )

/** The booked debits before missing numbers, that may be what was given back. A debit is held once. */
function toHold(
  { purse: { purse, currency }, receipts, now }: Seen & { readonly purse: PurseRow },
  { gap, holds }: Known,
  kinds: ReadonlyMap<number, MissingKind>,
): HoldRow[] {
  const before = new Set(holds.map(({ seq }) => seq))
  return gap.missing.flatMap(({ seq: missing, chargeable }): HoldRow[] => {
    const seq = missing - 1
    const isBooked = receipts.get(seq)?.standing === 'booked'
    if (chargeable === undefined || !isBooked || before.has(seq) || kinds.get(missing) === 'debit') return []
    const row = { purse, seq, ...chargeable, currency, at: now }
    return [{ ...row, stage: 'held', chargedAt: undefined, endedAt: undefined }]
  })
}

const withHold = ({ purse, holds, writes }: Holding, row: HoldRow): Holding => ({
  purse: { ...purse, holds: purse.holds + 1 },
  holds: [...holds, row],
  writes: [
    ...writes,
    { write: 'hold', row },
    ...holdEntries(row).map((entry): Write => ({ write: 'entry', row: entry })),
  ],
})
