/** From outside to typed values, or a refusal that names the field; never what stood in it. */
import { type Bytes, fromUtf8 } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { z } from 'zod'

/** A field's name in the facts is never longer: it may be the caller's own invention. */
const FIELD_CHARACTERS = 80

/**
 * What `schema` makes of a value.
 *
 * @param part  what the value is: named when the value as a whole is wrong
 * @refuses input-wrong (field: where, as in receipts.3 or body)
 */
export function readInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  part: 'params' | 'query' | 'body' | 'answer',
): Result<z.output<S>, Refusal> {
  const read = schema.safeParse(value)
  if (read.success) return ok(read.data)
  return no(refusal('input-wrong', { part, field: fieldOf(read.error) || part }))
}

/**
 * The JSON value that a body spells.
 *
 * @refuses input-wrong (field: body)
 */
export function readJson(body: Bytes | string): Result<unknown, Refusal> {
  const text = typeof body === 'string' ? body : fromUtf8(body)
  try {
    if (text !== undefined) return ok(JSON.parse(text))
  } catch {
    // it is refused below, like bytes that are no text
  }
  return no(refusal('input-wrong', { part: 'body', field: 'body' }))
}

/** Where the first thing is wrong; an unknown field is named itself. */
function fieldOf({ issues: [issue] }: z.ZodError): string {
  const path = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])]
  return path.map(String).join('.').slice(0, FIELD_CHARACTERS)
}
