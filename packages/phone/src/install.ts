/**
 * A blank chip becomes a purse (P-1): the phone sends what the service needs, then only carries bytes. Calling again
 * after any interruption goes on where it stopped; both ends know where that is.
 */
import { reserveInstallation } from '@kozeni/api/routes-installation'
import { getPurse } from '@kozeni/api/routes-purse'
import { fromBase64url } from '@kozeni/base/bytes'
import type { ChipId, PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type PurseCertificate, purseCertificate } from '@kozeni/protocol/certificate'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { readChipName } from './chip-name.ts'
import type { OwnPurse } from './device.ts'
import { meet } from './meet.ts'
import { type ActivePurse, callCenter, type PhoneParts } from './parts.ts'
import { register } from './register.ts'

/**
 * @returns the purse, active
 * @refuses chip-absent · chip-gone · chip-unknown · chip-taken · purse-not-active (call again) · center-unreachable · …
 * @spec    P-1, P-2
 */
export async function install(parts: PhoneParts): Promise<Result<ActivePurse, Refusal>> {
  const registered = await register(parts)
  if (!registered.ok) return registered
  const chip = await readChipName(parts.chip())
  if (!chip.ok) return chip
  const reserved = await callCenter(parts)(reserveInstallation, { body: { chip: chip.value } })
  if (!reserved.ok) return reserved
  const { purse, stage } = reserved.value
  await remember(parts, { chip: chip.value, purse, active: null })
  if (stage === 'active') return await activate(parts, chip.value, purse, 'unproved')
  const met = await meet(parts, { kind: 'install', chip: chip.value })
  return met.ok ? await activate(parts, chip.value, purse, 'proved') : met
}

/**
 * Asks for the chip's certified key, by which the phone will know its own chip again with no network, and remembers it.
 *
 * @param held  `proved` when a contact has just shown that the chip has the newest certificate; else the next renews it
 * @refuses     purse-not-active · center-garbled · center-unreachable
 */
export async function activate(
  parts: PhoneParts,
  chip: ChipId,
  purse: PurseId,
  held: 'proved' | 'unproved',
): Promise<Result<ActivePurse, Refusal>> {
  const answer = await callCenter(parts)(getPurse, { params: { purse } })
  if (!answer.ok) return answer
  const { stage, currency, certificate } = answer.value
  if (stage !== 'active') return no(refusal('purse-not-active', { stage }))
  const facts = factsOf(certificate, purse)
  if (facts === undefined) return no(refusal('center-garbled', { field: 'certificate' }))
  const expires = held === 'proved' ? facts.expires : 0
  const own = { chip, purse, active: { currency, chipKey: facts.publicKey, expires } }
  await remember(parts, own)
  return ok(own)
}

/** The answer is the center's own, so its signature tells nothing new; the phone has no clock that a chip believes. */
function factsOf(certificate: string | undefined, purse: PurseId): PurseCertificate | undefined {
  const whole = fromBase64url(certificate ?? '')
  const facts = whole && purseCertificate.read(whole.slice(0, purseCertificate.size))
  return facts?.purse === purse ? facts : undefined
}

/** The newest reservation of a chip is the one that counts; a purse that is active stays so. */
function remember({ device }: PhoneParts, own: OwnPurse): Promise<void> {
  return device.change(before => {
    const known = before.purses.find(({ purse }) => purse === own.purse)
    const others = before.purses.filter(({ purse, chip }) => purse !== own.purse && chip !== own.chip)
    return { ...before, purses: [...others, { ...own, active: own.active ?? known?.active ?? null }] }
  })
}
