/**
 * A purse after a restore (F-12). Its chip has answered FENCE: nothing of an older epoch can happen on it any more, and its
 * ring of outcomes says what did. That closes whatever the restored book still has open, through the one handler (F-6);
 * only then does the purse enter the present epoch, and only then may anything open on it again.
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { type Fenced, OUTCOME_RING, type Outcomes, type Remembered } from '@kozeni/protocol/message'
import { comparePlaces, type Outcome, type Place } from '@kozeni/protocol/operation'
import { withLoss } from './alarm.ts'
import type { OperationRow, PurseRow, Seen, StoreRow } from './book.ts'
import type { EpochRow, HonouredRow } from './book-epoch.ts'
import { close, type Judged } from './evidence.ts'

type Case = Pick<Seen, 'open' | 'openOrder' | 'openLoad' | 'openHonoured' | 'openStore' | 'present' | 'now'> & {
  readonly purse: PurseRow
}

/** Whether it is an answer to FENCE. */
export const isFencedAnswer = (said: Outcomes): said is Fenced => 'ring' in said

/**
 * What the answer to a fence does. A purse whose open pay waits for its store's word, or whose ring does not reach far
 * enough, stays as it is but for the fence itself, and is asked again at its next contact, or people decide
 * (proposal-operation.ts).
 *
 * @param seen  the statement's totals are noted already
 * @spec F-5, F-6, F-12
 */
export function fenced(seen: Case, said: Fenced): Judged {
  const { open, present } = seen
  if (said.epochFloor < present.epoch || seen.purse.epoch >= present.epoch)
    return { purse: seen.purse, open, writes: [] }
  const purse: PurseRow = { ...seen.purse, seenFloor: said.epochFloor }
  if (open === undefined) return entered(seen, said, { purse, open, writes: [] })
  const outcome = shown(open, said)
  const decision = outcome && decided(seen, open, outcome)
  if (outcome === undefined || decision === undefined) return { purse, open, writes: [{ write: 'purse', row: purse }] }
  const amount = open.kind === 'sweep' ? said.amount : open.amount
  return entered(seen, said, close(seen, { ...open, decision, amount }, { source: 'fence', outcome }))
}

/**
 * What became of an operation by the ring: `none` when it never took effect and never will; undefined when the ring has
 * forgotten it, or does not say how much a sweep took.
 */
export function shown(open: OperationRow, said: Fenced): Outcome | undefined {
  const known = outcomesIn(said)
  const same = known.find(one => comparePlaces(one, open) === 0)
  if (same === undefined) return reaches(known, open) ? 'none' : undefined
  if (!equal(same.digest, open.digest)) return 'none'
  return open.kind === 'sweep' && comparePlaces(said, open) !== 0 ? undefined : same.outcome
}

/** The latest and those before it, newest first, each once. */
export const outcomesIn = (said: Fenced): readonly Remembered[] =>
  [said, ...said.ring].filter(
    (one, i, all) => one.outcome !== 'none' && all.findIndex(other => comparePlaces(one, other) === 0) === i,
  )

/** The chip never came that far, or has forgotten nothing that is later. */
const reaches = (known: readonly Remembered[], place: Place): boolean =>
  known.length < OUTCOME_RING || known.some(one => comparePlaces(one, place) < 0)

/** A pay that the chip has made is paid when its store has honoured it. Without the store's word nobody knows. */
function decided(seen: Case, open: OperationRow, outcome: Outcome): 'commit' | 'void' | undefined {
  if (outcome !== 'applied') return 'void'
  if (open.kind !== 'pay') return 'commit'
  return open.decision === 'void' ? 'void' : storesWord(seen, open)
}

/**
 * What a pay of an older epoch comes to by what its store has honoured; undefined while the store has not told everything.
 *
 * @spec F-12
 */
export function storesWord(
  { openHonoured: word, openStore: store, present }: Pick<Seen, 'openHonoured' | 'openStore' | 'present'>,
  open: OperationRow,
): 'commit' | 'void' | undefined {
  return wordOf(word, store, present, open.reference)
}

/** The same, of a pay of this reference. */
export function wordOf(
  word: HonouredRow | undefined,
  store: StoreRow | undefined,
  { epoch }: EpochRow,
  reference: Bytes,
): 'commit' | 'void' | undefined {
  if (word !== undefined) return word.verdict === 'paid' && equal(word.reference, reference) ? 'commit' : 'void'
  return store !== undefined && store.reportedEpoch >= epoch ? 'void' : undefined
}

/** Numbers go on behind the chip's; whatever it holds is closed, so that its flag can fall; its block stands. */
function entered({ present, now }: Case, said: Fenced, judged: Judged): Judged {
  const { purse } = judged
  const closed = { epoch: purse.closedEpoch, number: purse.closedNumber }
  const last = comparePlaces(said, closed) > 0 ? said : closed
  const blocked = purse.blocked || said.blocked
  const row: PurseRow = {
    ...purse,
    epoch: present.epoch,
    number: Math.max(purse.number, said.number),
    closedEpoch: last.epoch,
    closedNumber: last.number,
    blocked,
    settings: blocked === purse.blocked ? purse.settings : purse.settings + 1,
    settingsSeen: 0,
  }
  const after = withLoss(row, now)
  return { ...judged, purse: after.purse, writes: [...judged.writes, { write: 'purse', row }, ...after.writes] }
}
