/** A contact of the purpose that is named, as this device: every one of them heals whatever an earlier one left. */
import type { Input } from '@kozeni/api/route'
import { contact } from '@kozeni/api/routes-contact'
import { ok, type Result } from '@kozeni/base/result'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { callCenter, type PhoneParts, type Report } from './parts.ts'
import { relay } from './relay.ts'

export type Purpose = NonNullable<Input<typeof contact>['body']['purpose']>

/**
 * @param chip  a lane; disconnected afterwards
 * @returns     all that was said in this contact, in order
 * @refuses     as relay
 */
export async function meet(
  parts: PhoneParts,
  purpose: Purpose,
  chip: Reader = parts.chip(),
): Promise<Result<Report, Refusal>> {
  const call = callCenter(parts)
  const said: Report = []
  const met = await relay<Report>(
    chip,
    ({ token, responses }) => call(contact, { body: { ...begun(token, purpose), responses: [...responses] } }),
    report => {
      said.push(...report)
      parts.progress(report)
    },
  )
  return met.ok ? ok(said) : met
}

const begun = (token: string | undefined, purpose: Purpose) => (token === undefined ? { purpose } : { token })
