/** What a phone is made of: its memory, the way to the center, the way to the chip, and a screen that follows along. */

import type { Call } from '@kozeni/api/call'
import type { Report } from '@kozeni/api/meet'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Dial } from './center.ts'
import { readChipName } from './chip-name.ts'
import type { Device, OwnPurse } from './device.ts'

export interface PhoneParts {
  readonly device: Device
  readonly dial: Dial
  /** A lane of one's own to the chip. */
  readonly chip: () => Reader
  readonly crypto: Crypto
  readonly clock: Clock
  readonly dice: Dice
  /** Sees what each round of a contact says. */
  readonly progress: (report: Report) => void
}

/** A purse that can be used. */
export type ActivePurse = OwnPurse & { readonly active: NonNullable<OwnPurse['active']> }

/** The center, called as this device. */
export function callCenter({ device, dial }: PhoneParts): Call {
  const { key, registered } = device.state
  return dial({ device: registered?.device, privateKey: key })
}

/**
 * The purse that is meant: the device's only one, or, of several, the one whose chip is here.
 *
 * @refuses purse-not-active · chip-absent · chip-gone · chip-differs
 */
export async function presentPurse(parts: PhoneParts): Promise<Result<ActivePurse, Refusal>> {
  const purses = parts.device.state.purses.filter(isActive)
  const [only, another] = purses
  if (only === undefined) return no(refusal('purse-not-active'))
  if (another === undefined) return ok(only)
  const chip = await readChipName(parts.chip())
  if (!chip.ok) return chip
  const present = purses.find(purse => purse.chip === chip.value)
  return present === undefined ? no(refusal('chip-differs', { chip: chip.value })) : ok(present)
}

const isActive = (purse: OwnPurse): purse is ActivePurse => purse.active !== null
