/**
 * Cryptography for simulations: node's, with signatures that are the same for the same seed, and with a memory of what was
 * signed or verified, so that the same bytes are not verified again by everybody who sees them. What it remembers is
 * looked through now and then: one in SAMPLE of the remembered answers is computed all the same.
 */
import { createCipheriv, createECDH, createSecretKey, type KeyObject } from 'node:crypto'
import { assert } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat, equal, fromBigEndian } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const SAMPLE = 1024
/** Then all is forgotten. */
const KEPT = 100_000

interface Verified {
  readonly publicKey: Bytes
  readonly message: Bytes
}

/** One memory; no two share anything. */
export function replayCrypto(): Crypto {
  const good = new Map<string, Verified>()
  const points = new Map<string, Bytes>()
  const keys = new Map<string, KeyObject>()
  let asked = 0
  const remember = (signature: Bytes, verified: Verified): void => {
    if (good.size >= KEPT) good.clear()
    good.set(text(signature), verified)
  }
  const publicKey = (privateKey: Bytes): Bytes => {
    const known = points.get(text(privateKey))
    if (known !== undefined) return known.slice()
    if (points.size >= KEPT) points.clear()
    const point = pointOf(privateKey)
    points.set(text(privateKey), point)
    return point.slice()
  }
  const keyOf = (key: Bytes): KeyObject => {
    const known = keys.get(text(key))
    if (known !== undefined) return known
    if (keys.size >= KEPT) keys.clear()
    const object = createSecretKey(key)
    keys.set(text(key), object)
    return object
  }
  const known = (key: Bytes, message: Bytes, signature: Bytes): boolean => {
    const found = good.get(text(signature))
    return found !== undefined && equal(found.publicKey, key) && equal(found.message, message)
  }
  return {
    ...nodeCrypto,
    ctr: (key, counter, message) => createCipheriv('aes-128-ctr', keyOf(key), counter).update(message),
    publicKey,
    sign: (privateKey, message) => {
      const signature = signed(privateKey, message)
      remember(signature, { publicKey: publicKey(privateKey), message: message.slice() })
      return signature
    },
    verify: (key, message, signature) => {
      const remembered = known(key, message, signature)
      if (remembered && ++asked % SAMPLE !== 0) return true
      const right = nodeCrypto.verify(key, message, signature)
      assert(right || !remembered, 'what was signed verifies')
      if (right) remember(signature.slice(), { publicKey: key.slice(), message: message.slice() })
      return right
    },
  }
}

const text = (bytes: Bytes): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

function pointOf(privateKey: Bytes): Bytes {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(privateKey)
  return new Uint8Array(curve.getPublicKey())
}

/** ECDSA over SHA-256 with low s; its one-time number is made from key and message, so that the same bytes come again. */
function signed(privateKey: Bytes, message: Bytes): Bytes {
  const digest = nodeCrypto.sha256(message)
  const once = (fromBigEndian(nodeCrypto.hmac(privateKey, digest)) % (ORDER - 1n)) + 1n
  const r = fromBigEndian(pointOf(bigEndian(once, 32)).slice(1, 33)) % ORDER
  const s = (inverse(once) * (fromBigEndian(digest) + r * fromBigEndian(privateKey))) % ORDER
  return concat(bigEndian(r, 32), bigEndian(s > ORDER / 2n ? ORDER - s : s, 32))
}

/** By Euclid, in the group's order. */
function inverse(of: bigint): bigint {
  let [a, b, x, y] = [of, ORDER, 1n, 0n]
  while (a !== 0n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x]
  return ((y % ORDER) + ORDER) % ORDER
}
