/** A contact of the purpose that is named, as this device. */
import { meet as meetCenter, type Purpose, type Report } from '@kozeni/api/meet'
import { contact } from '@kozeni/api/routes-contact'
import type { Result } from '@kozeni/base/result'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { callCenter, type PhoneParts } from './parts.ts'

/**
 * @param chip  a lane; disconnected afterwards
 * @returns     all that was said in this contact, in order
 * @refuses     as relay
 */
export function meet(
  parts: PhoneParts,
  purpose: Purpose,
  chip: Reader = parts.chip(),
): Promise<Result<Report, Refusal>> {
  const call = callCenter(parts)
  return meetCenter(chip, body => call(contact, { body }), purpose, parts.progress)
}
