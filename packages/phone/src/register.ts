/** How a telephone becomes known to the center: by its own key, into a new account or one that its holder has. */
import type { Answer } from '@kozeni/api/route'
import { registerDevice } from '@kozeni/api/routes-device'
import { base64url } from '@kozeni/base/bytes'
import type { AccountId } from '@kozeni/base/ids'
import { ok, type Result } from '@kozeni/base/result'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Registered } from './device.ts'
import { callCenter, type PhoneParts } from './parts.ts'

/** What another device of the holder shows. */
export interface Invitation {
  readonly account: AccountId
  readonly secret: string
}

/**
 * Registers this device, once; later calls answer what is known.
 *
 * An account's secret is told only once. When that answer was lost, nothing hangs on the account yet: the key is thrown
 * away and a new account opened, whose secret the holder will have.
 *
 * @param invitation  to join an account; without one, a new account is opened
 * @refuses caller-unknown (wrong secret) · center-unreachable · …
 * @spec    P-1
 */
export async function register(parts: PhoneParts, invitation?: Invitation): Promise<Result<Registered, Refusal>> {
  const known = parts.device.state.registered
  if (known !== null) return ok(known)
  const first = await enrol(parts, invitation)
  if (!first.ok) return first
  if (secretOf(first.value, invitation) !== null) return await remember(parts, first.value, invitation)
  const key = parts.crypto.generate(parts.dice)
  await parts.device.change(before => ({ ...before, key }))
  const second = await enrol(parts, invitation)
  return second.ok ? await remember(parts, second.value, invitation) : second
}

type Enrolled = Answer<typeof registerDevice>

function enrol(parts: PhoneParts, invitation: Invitation | undefined): Promise<Result<Enrolled, Refusal>> {
  const publicKey = base64url(parts.crypto.publicKey(parts.device.state.key))
  const body = invitation === undefined ? { publicKey } : { publicKey, account: { ...invitation } }
  return callCenter(parts)(registerDevice, { body })
}

const secretOf = ({ secret }: Enrolled, invitation: Invitation | undefined): string | null =>
  secret ?? invitation?.secret ?? null

async function remember(parts: PhoneParts, enrolled: Enrolled, invitation: Invitation | undefined) {
  const { device, account } = enrolled
  const registered: Registered = { device, account, secret: secretOf(enrolled, invitation) }
  await parts.device.change(before => ({ ...before, registered }))
  return ok(registered)
}
