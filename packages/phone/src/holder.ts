/**
 * What a holder asks of the chip itself, with no network: each in a contact of its own, in a session that only this
 * device and this chip can read (C-7, C-11).
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Receipt } from '@kozeni/protocol/debit'
import type { Standing } from '@kozeni/protocol/holder'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type HolderSession, type Ownership, openSession, type PinEntry, selectPurse } from './holder-session.ts'
import { type ActivePurse, type PhoneParts, presentPurse } from './parts.ts'

/** What the screen shows of a purse. */
export interface Shown extends Standing {
  readonly purse: PurseId
  readonly currency: Currency
  /** What the chip holds: credits − debits. */
  readonly value: bigint
}

/** A PIN is verified for nothing else than to be changed under this digest. */
export const TO_CHANGE_PIN: Bytes = new Uint8Array(32)

/** Value, limits and settings, from the chip. @refuses purse-not-active · chip-absent · chip-gone · chip-differs · … */
export const show = (parts: PhoneParts): Promise<Result<Shown, Refusal>> =>
  withSession(parts, async (session, own) => shown(own, await session.standing()))

/** Freezes the purse, or thaws it. @refuses as show */
export const freeze = (parts: PhoneParts, frozen: boolean): Promise<Result<Shown, Refusal>> =>
  withSession(parts, async (session, own) => shown(own, await session.freeze(frozen)))

/**
 * The chip's own records of debits and voids, newest first.
 *
 * @param count  how many at most; a chip keeps at least twenty
 * @refuses as show
 */
export const history = (parts: PhoneParts, count: number): Promise<Result<readonly Receipt[], Refusal>> =>
  withSession(parts, session => readBack(session, Math.min(count, 255)))

async function readBack(session: HolderSession, count: number): Promise<Result<readonly Receipt[], Refusal>> {
  const records: Receipt[] = []
  while (records.length < count) {
    const record = await session.history(records.length)
    if (!record.ok) return record
    if (record.value === undefined) break
    records.push(record.value)
  }
  return ok(records)
}

/**
 * Sets the PIN, or changes it.
 *
 * @param now  the PIN that there is; undefined when there is none
 * @refuses    data-wrong · pin-required · pin-wrong (triesLeft) · pin-blocked · as show
 * @spec       C-7
 */
export const setPin = (parts: PhoneParts, next: string, now?: string): Promise<Result<Shown, Refusal>> =>
  withSession(parts, async (session, own) => {
    const verified = now === undefined ? ok(undefined) : await session.verifyPin({ pin: now, digest: TO_CHANGE_PIN })
    return verified.ok ? shown(own, await session.setPin(next)) : verified
  })

/**
 * Shows the chip the PIN. What it opens lasts as long as this contact: for a pay, give the PIN to pay itself.
 *
 * @refuses data-wrong · not-found (no PIN is set) · pin-wrong (triesLeft) · pin-blocked · as show
 */
export const verifyPin = (parts: PhoneParts, entry: PinEntry): Promise<Result<undefined, Refusal>> =>
  withSession(parts, session => session.verifyPin(entry))

function shown(own: ActivePurse, standing: Result<Standing, Refusal>): Result<Shown, Refusal> {
  if (!standing.ok) return standing
  const { credits, debits } = standing.value
  return ok({ ...standing.value, purse: own.purse, currency: own.active.currency, value: credits - debits })
}

async function withSession<T>(
  parts: PhoneParts,
  work: (session: HolderSession, own: ActivePurse) => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  const own = await presentPurse(parts)
  if (!own.ok) return own
  const chip = parts.chip()
  if (!(await chip.connect())) return no(refusal('chip-absent'))
  try {
    const session = await openOn(chip, parts, own.value)
    return session.ok ? await work(session.value, own.value) : session
  } finally {
    await chip.disconnect()
  }
}

async function openOn(chip: Reader, parts: PhoneParts, own: ActivePurse): Promise<Result<HolderSession, Refusal>> {
  const owner = ownership(parts, own)
  if (!owner.ok) return owner
  const greeted = await selectPurse(chip)
  return greeted.ok ? await openSession(chip, parts, owner.value, greeted.value) : greeted
}

/** @refuses caller-unknown when this device has no name yet */
export function ownership({ device }: PhoneParts, own: ActivePurse): Result<Ownership, Refusal> {
  const { registered, key } = device.state
  if (registered === null) return no(refusal('caller-unknown'))
  return ok({ purse: own.purse, device: registered.device, deviceKey: key, chipKey: own.active.chipKey })
}
