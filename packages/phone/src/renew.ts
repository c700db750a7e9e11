/**
 * A chip's certificate stays young (C-9): whoever has just reached the center brings a new one when half of the old
 * one's time is over. It is an install contact again, which changes nothing but that (installation.md).
 */
import { seconds } from '@kozeni/base/clock'
import { activate } from './install.ts'
import { meet } from './meet.ts'
import { type ActivePurse, type PhoneParts, presentPurse } from './parts.ts'

/**
 * Half of the seven days that a software chip's certificate lasts at most. The center renews none that is younger; a
 * phone that waited longer would leave its holder less time to come on-line again before tills refuse the chip.
 */
const RENEWED_WITHIN_SECONDS = 3.5 * 86_400

/**
 * Renews the certificate of the chip that is here, if it is time. Whatever becomes of that is no matter of the work it
 * comes after: what is not done now is done at the next contact.
 *
 * @spec C-9
 */
export async function renew(parts: PhoneParts): Promise<void> {
  const due = parts.device.state.purses.some(({ active }) => active !== null && worn(parts, active))
  const own = due ? await presentPurse(parts) : undefined
  // a disk that is full today must not hide what the holder has just paid
  if (own?.ok && worn(parts, own.value.active)) await renewPurse(parts, own.value).catch(() => undefined)
}

const worn = ({ clock }: PhoneParts, { expires }: ActivePurse['active']): boolean =>
  expires < seconds(clock.now()) + RENEWED_WITHIN_SECONDS

async function renewPurse(parts: PhoneParts, { chip, purse }: ActivePurse): Promise<void> {
  const met = await meet(parts, { kind: 'install', chip })
  if (met.ok) await activate(parts, chip, purse, 'proved')
}
