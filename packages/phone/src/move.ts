/**
 * Moving to another phone (P-3), as the holder asks for it on either of the two: on the one that is left, to have its chip
 * swept, or on the next one, to have brought here what was swept. Either order of the two does, and asking again is harmless.
 */
import type { Report } from '@kozeni/api/meet'
import type { Answer } from '@kozeni/api/route'
import { getMove, leavePurse } from '@kozeni/api/routes-move'
import type { PurseId } from '@kozeni/base/ids'
import { ok, type Result } from '@kozeni/base/result'
import type { Refusal } from '@kozeni/protocol/refusal'
import { meet } from './meet.ts'
import { callCenter, type PhoneParts, presentPurse } from './parts.ts'

export interface MoveAsked {
  /** The purse that is left; undefined: the one that is here. */
  readonly from: PurseId | undefined
  /** Where to; undefined: here, when `from` is named, or a purse that is named later. */
  readonly to: PurseId | undefined
}

export interface Moved {
  readonly move: Answer<typeof getMove>
  /** How the contact with the chip that is here went; whatever is missing comes with a later one. */
  readonly contact: Result<Report, Refusal>
}

/**
 * Tells the center, and makes one contact with the chip that is here. A purse that is retired by it is forgotten.
 *
 * @refuses not-found · purse-not-active · purse-retired · currency-differs · center-unreachable · …
 * @spec    P-3
 */
export async function move(parts: PhoneParts, asked: MoveAsked): Promise<Result<Moved, Refusal>> {
  const own = await presentPurse(parts)
  if (!own.ok) return own
  const here = own.value.purse
  const purse = asked.from ?? here
  const to = asked.to ?? (asked.from && here)
  const told = await callCenter(parts)(leavePurse, { params: { purse }, body: to === undefined ? {} : { to } })
  if (!told.ok) return told
  const contact = await meet(parts, { kind: 'purse', purse: here })
  const after = await callCenter(parts)(getMove, { params: { purse } })
  const standing = after.ok ? after.value : told.value
  if (standing.stage === 'retired') await forget(parts, purse)
  return ok({ move: standing, contact })
}

const forget = ({ device }: PhoneParts, left: PurseId): Promise<void> =>
  device.change(before => ({ ...before, purses: before.purses.filter(({ purse }) => purse !== left) }))
