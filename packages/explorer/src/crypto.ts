/**
 * The real cryptography, made to repeat itself: signatures are RFC 6979's, so that the same statement is the same bytes, and
 * what was signed or checked once is remembered. Dice always fall alike, so that a chip is a function of what it is told.
 */
import { type Bytes, hex } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'

/** Every throw is as every other. */
export const steadyDice: Dice = { bytes: count => new Uint8Array(count).fill(0x5a) }

/** Hashes, MACs and ciphers are Node's; see above for signatures. */
export function steadyCrypto(): Crypto {
  return {
    ...nodeCrypto,
    sign: remembered((key, message) => nobleCrypto.sign(key, message)),
    verify: remembered((key, message, signature) => nodeCrypto.verify(key, message, signature)),
  }
}

function remembered<A extends readonly Bytes[], R>(work: (...given: A) => R): (...given: A) => R {
  const known = new Map<string, R>()
  return (...given) => {
    const key = given.map(hex).join()
    const before = known.get(key)
    if (before !== undefined) return before
    const result = work(...given)
    known.set(key, result)
    return result
  }
}
