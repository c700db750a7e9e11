/** Pages of lists as callers ask for them: how many, and from where on. A cursor that no list has made is refused. */
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { PageQuery } from './views.ts'

const PAGE = 100

/** How the cursors of lists are spelled: by time and place within it, by a running number, or by a purse. */
const CURSOR = { time: /^\d{1,15}\.\d{1,9}$/, number: /^\d{1,10}$/, purse: /^[0-7][0-9a-f]{15}$/ } as const

interface AskedPage {
  readonly limit?: string | undefined
  readonly after?: string | undefined
}

/** @refuses input-wrong (field: after) */
export function pageOf({ limit, after }: AskedPage, cursor: keyof typeof CURSOR): Result<PageQuery, Refusal> {
  if (after !== undefined && !CURSOR[cursor].test(after))
    return no(refusal('input-wrong', { part: 'query', field: 'after' }))
  return ok({ limit: limit === undefined ? PAGE : Number(limit), after })
}
