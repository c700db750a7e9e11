/**
 * The list of blocked purses and stolen terminals, as the issuer signs it (D-7): the whole list, also where only what has
 * changed travels. No certificate begins with these letters.
 */
import { type Bytes, utf8 } from '@kozeni/base/bytes'
import type { PurseId, TerminalId } from '@kozeni/base/ids'

export interface WholeHotlist {
  readonly version: number
  /** Seconds since 1970: when the issuer made it. */
  readonly at: number
  readonly purses: readonly PurseId[]
  readonly terminals: readonly TerminalId[]
}

/**
 * What the issuer signs: one line each for the list's name, version and time, then for every purse and terminal on it, in the
 * order of their names.
 *
 * @spec D-7
 */
export function hotlistMessage({ version, at, purses, terminals }: WholeHotlist): Bytes {
  const lines = [
    ...purses.toSorted().map(purse => `purse ${purse}`),
    ...terminals.toSorted().map(terminal => `terminal ${terminal}`),
  ]
  return utf8(['kozeni hotlist', `version ${version}`, `at ${at}`, ...lines, ''].join('\n'))
}
