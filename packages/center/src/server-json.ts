/** A body as JSON: UTF-8, one value, not nested deeper than any of ours. */
import { readJson } from '@kozeni/api/input'
import type { Bytes } from '@kozeni/base/bytes'
import { no, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'

/** The deepest of our own bodies has four. */
const DEPTH = 16

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** @refuses input-wrong (field: body) */
export const readBody = (body: Bytes): Result<unknown, Refusal> =>
  depthOf(body) > DEPTH ? no(refusal('input-wrong', { part: 'body', field: 'body' })) : readJson(body)

/** How deep brackets outside of strings are nested; looks at bytes alone, before anything is built of them. */
function depthOf(body: Bytes): number {
  let [depth, deepest, inString] = [0, 0, false]
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (inString && byte === BACKSLASH) i++
    else if (byte === QUOTE) inString = !inString
    else if (!inString && (byte === 0x5b || byte === 0x7b)) deepest = Math.max(deepest, ++depth)
    else if (!inString && (byte === 0x5d || byte === 0x7d)) depth--
  }
  return deepest
}
