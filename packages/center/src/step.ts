/**
 * What the center has to tell a chip now (PROTOCOL §3, the recovery table): pure, from the saved states alone. Every
 * contact of any kind runs the same steps until there is nothing left to say, which is why any contact heals.
 */

import { seconds } from '@kozeni/base/clock'
import { total } from '@kozeni/base/money'
import type { Outcomes, ToChip } from '@kozeni/protocol/message'
import { comparePlaces, type Place } from '@kozeni/protocol/operation'
import type { OperationRow, PurseRow, Seen } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import { isFencedAnswer } from './fence.ts'
import { isFenced } from './restore.ts'

/** What the saved pair of flags proves (§3). */
export type Proof = 'at-rest' | 'recorded-not-executed' | 'executed-not-closed' | 'closed-not-confirmed'

/** The one recovery action. */
export type Action = 'none' | 'read' | 'send-fence' | 'send-command' | 'send-abort' | 'send-confirm' | 'send-settings'

/** @spec PROTOCOL §3 */
export function proves(chipFlag: boolean, centerFlag: boolean): Proof {
  if (chipFlag) return centerFlag ? 'executed-not-closed' : 'closed-not-confirmed'
  return centerFlag ? 'recorded-not-executed' : 'at-rest'
}

/** What the book says of a purse. */
export type Standing = Pick<Seen, 'open' | 'present' | 'now'> & { readonly purse: PurseRow }

export interface Step {
  readonly action: Action
  readonly message: ToChip | undefined
}

const ZERO_TOTAL = total(0n)
const NOTHING: Step = { action: 'none', message: undefined }

/**
 * The next message, given what the chip last said in this contact (`heard`), or undefined if it has not spoken yet. After
 * a restore the fence goes before everything else. Settings go next, so that a block or a limit holds for the command
 * behind them.
 *
 * @spec F-2…F-7, F-12, F-14, C-6
 */
export function nextStep({ purse, open, present, now }: Standing, heard: Outcomes | undefined): Step {
  if (!isFenced(purse, present))
    return fenceWanted(present, heard) ? { action: 'send-fence', message: fenceOf(present) } : NOTHING
  if (settingsWanted(purse, heard)) return { action: 'send-settings', message: settingsOf(purse, now) }
  if (open !== undefined) return forOpen(purse, open)
  if (heard === undefined) return { action: 'read', message: { type: 'read', body: {} } }
  return confirmWanted(purse, heard) ? { action: 'send-confirm', message: confirmOf(purse, now) } : NOTHING
}

/** Until the chip has answered it in this contact: what it answered may not be enough to close what is open. */
const fenceWanted = ({ epoch }: EpochRow, heard: Outcomes | undefined): boolean =>
  heard === undefined || !isFencedAnswer(heard) || heard.epochFloor < epoch

const fenceOf = ({ epoch }: EpochRow): ToChip => ({ type: 'fence', body: { epoch } })

function forOpen(purse: PurseRow, open: OperationRow): Step {
  const { epoch, number, kind, amount, currency, reference, digest } = open
  const prev = { prevEpoch: purse.closedEpoch, prevNumber: purse.closedNumber }
  return open.decision === 'void'
    ? { action: 'send-abort', message: { type: 'abort', body: { epoch, number, kind, digest, ...prev } } }
    : {
        action: 'send-command',
        message: { type: 'command', body: { epoch, number, kind, amount, currency, reference, ...prev } },
      }
}

/** The chip's flag is up for what the center has closed, or the center has booked more than the chip knows. */
function confirmWanted(purse: PurseRow, heard: Outcomes): boolean {
  const closed = { epoch: purse.closedEpoch, number: purse.closedNumber }
  if (heard.flag && comparePlaces(heard, closed) <= 0) return true
  if (purse.blocked || heard.blocked) return false
  return heard.acknowledgedAmount < purse.bookedAmount || heard.acknowledgedCount < purse.bookedCount
}

const confirmOf = (purse: PurseRow, now: number): ToChip => ({
  type: 'confirm',
  body: {
    ...lastClosedOnChip(purse),
    // a blocked purse gets no acknowledgement (C-6)
    acknowledgedAmount: purse.blocked ? ZERO_TOTAL : purse.bookedAmount,
    acknowledgedCount: purse.blocked ? 0 : purse.bookedCount,
    time: seconds(now),
  },
})

/** After a restore the chip may never have had what was closed last. */
function lastClosedOnChip(purse: PurseRow): Place {
  const closed = { epoch: purse.closedEpoch, number: purse.closedNumber }
  const shown = { epoch: purse.seenEpoch, number: purse.seenNumber }
  return comparePlaces(shown, closed) < 0 ? shown : closed
}

function settingsWanted(purse: PurseRow, heard: Outcomes | undefined): boolean {
  if (heard === undefined) return purse.settingsSeen < purse.settings
  return heard.settingsEpoch < purse.epoch || (heard.settingsEpoch === purse.epoch && heard.settings < purse.settings)
}

/** All that the purse is to be set to, absolute. @spec F-14 */
export const settingsOf = (purse: PurseRow, now: number): ToChip => ({
  type: 'set',
  body: {
    epoch: purse.epoch,
    settings: purse.settings,
    blocked: purse.blocked,
    keyFloor: purse.keyFloor,
    time: seconds(now),
    ...purse.limits,
  },
})

/**
 * All that may be carried to a chip by somebody who will not hear it speak: after a restore its fence, and nothing else;
 * then settings, the open operation, what is booked. A pay is never carried, only its undoing.
 *
 * @spec F-8, F-9, F-12, weakening 24
 */
export function mailFor({ purse, open, present, now }: Standing): readonly ToChip[] {
  if (!isFenced(purse, present)) return [fenceOf(present)]
  const settings = settingsWanted(purse, undefined) ? [settingsOf(purse, now)] : []
  const operation = open === undefined || isPayToBe(open) ? [] : [forOpen(purse, open).message]
  const isNew = purse.closedNumber === 0 && purse.bookedCount === 0
  return [...settings, ...operation, ...(isNew ? [] : [confirmOf(purse, now)])].filter(each => each !== undefined)
}

const isPayToBe = ({ kind, decision }: OperationRow): boolean => kind === 'pay' && decision !== 'void'
