/**
 * Who may order things at the center: people with names, each with a token of their own, so that what two must agree on is
 * never done by one. Only the tokens' digests are kept. No login, no roles: whoever stands here may do all that operators may.
 */
import { timingSafeEqual } from 'node:crypto'
import { type Bytes, utf8 } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { hexText } from '@kozeni/protocol/json'

export interface Operator {
  readonly name: string
  /** SHA-256 of the token. */
  readonly tokenDigest: Bytes
}

/** The name of whoever holds the token that a center makes for itself at its first start. */
export const FIRST_OPERATOR = 'operator'

const NAME = /^[a-z][a-z0-9.-]{0,39}$/
const digestIn = hexText(32)

/** An operator with this token. */
export const operatorOf = (crypto: Crypto, name: string, token: string): Operator => ({
  name,
  tokenDigest: crypto.sha256(utf8(token)),
})

/** Whose token it is; the time that it takes does not depend on the token. */
export function operatorBy(crypto: Crypto, operators: readonly Operator[], token: string): Operator | undefined {
  const digest = crypto.sha256(utf8(token))
  return operators.filter(({ tokenDigest }) => timingSafeEqual(tokenDigest, digest)).at(0)
}

/**
 * Operators out of a JSON value: names, each with its token's SHA-256 in hexadecimal.
 *
 * @returns undefined when it is anything else, or when two have one token: one person with two names is one person
 */
export function readOperators(value: unknown): readonly Operator[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const read = Object.entries(value).map(([name, digest]) => ({ name, tokenDigest: digestIn(digest) }))
  const sound = read.filter((one): one is Operator => NAME.test(one.name) && one.tokenDigest !== undefined)
  const tokens = new Set(Object.values(value).map(String))
  return sound.length === read.length && tokens.size === read.length ? sound : undefined
}
