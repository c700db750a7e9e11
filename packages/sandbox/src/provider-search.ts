/**
 * The part of Stripe's search language that finds an intent again: clauses `metadata['load']:'…'`, `status:'…'`,
 * `currency:'…'`, `amount:…`, joined by AND. Unlike the real one, which may lag a minute behind, it sees at once what was
 * written; a caller must not rely on that.
 */
import { no, ok, type Result } from '@kozeni/base/result'
import type { PaymentIntent } from './provider-object.ts'

export type Matcher = (intent: PaymentIntent) => boolean

const CLAUSE =
  /^\s*(?:metadata\[(?<q>['"])(?<key>.+?)\k<q>\]|(?<field>status|currency|amount))\s*[:=]\s*(?:(?<q2>['"])(?<text>(?:\\.|(?!\k<q2>)[^\\])*)\k<q2>|(?<number>\d+))\s*(?<and>AND\s|$)/i

/**
 * @returns  what the query asks of an intent
 * @refuses  query-unclear, with the rest of the query that could not be read
 */
export function parseQuery(query: string): Result<Matcher, { readonly code: 'query-unclear'; readonly rest: string }> {
  const matchers: Matcher[] = []
  for (let rest = query; ; ) {
    const clause = CLAUSE.exec(rest)
    if (clause?.groups === undefined) return no({ code: 'query-unclear', rest })
    matchers.push(matcherOf(clause.groups))
    if (clause.groups['and'] === '') return ok(intent => matchers.every(matches => matches(intent)))
    rest = rest.slice(clause[0].length)
  }
}

function matcherOf(clause: Readonly<Record<string, string | undefined>>): Matcher {
  const { key, field, text, number } = clause
  const wanted = text?.replace(/\\(.)/g, '$1') ?? number ?? ''
  if (key !== undefined) return intent => Object.hasOwn(intent.metadata, key) && intent.metadata[key] === wanted
  if (field === 'amount') return intent => String(intent.amount) === wanted
  return intent => (field === 'currency' ? intent.currency : intent.status) === wanted
}
