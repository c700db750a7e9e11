/**
 * Cryptography for simulations: node's, with signatures that are the same for the same seed, and with a memory of what was
 * signed or verified, so that the same bytes are not verified again by everybody who sees them. What it remembers is
 * looked through now and then: one in SAMPLE of the remembered answers is computed all the same. Its signatures are real,
 * and its one-time numbers are few: it must never guard anything.
 */
import { type Cipheriv, createCipheriv, createECDH } from 'node:crypto'
import { assert } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat, equal, fromBigEndian } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const SAMPLE = 1024
/** So long are only modules of programs, which every chip hashes whenever one is selected. */
const MODULE_BYTES_MIN = 4096
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
  const ciphers = new Map<string, Cipheriv>()
  let asked = 0
  const remember = (publicKey: Bytes, message: Bytes, signature: Bytes): void => {
    kept(good, text(signature), () => ({ publicKey: publicKey.slice(), message: message.slice() }))
  }
  const publicKey = (privateKey: Bytes): Bytes => kept(points, text(privateKey), () => pointOf(privateKey)).slice()
  const isKnown = (key: Bytes, message: Bytes, signature: Bytes): boolean => {
    const found = good.get(text(signature))
    return found !== undefined && equal(found.publicKey, key) && equal(found.message, message)
  }
  let module: { readonly bytes: Bytes; readonly digest: Bytes } | undefined
  const sha256 = (message: Bytes): Bytes => {
    if (message.length < MODULE_BYTES_MIN) return nodeCrypto.sha256(message)
    if (module === undefined || Buffer.compare(module.bytes, message) !== 0)
      module = { bytes: message.slice(), digest: nodeCrypto.sha256(message) }
    return module.digest.slice()
  }
  return {
    ...nodeCrypto,
    sha256,
    ctr: (key, counter, message) =>
      countered(
        kept(ciphers, text(key), () => blockCipher(key)),
        counter,
        message,
      ),
    cbcEncrypt: (key, iv, plain) =>
      plain.length > CHAINED_MAX
        ? nodeCrypto.cbcEncrypt(key, iv, plain)
        : chained(
            kept(ciphers, text(key), () => blockCipher(key)),
            iv,
            plain,
          ),
    publicKey,
    sign: (privateKey, message) => {
      const signature = signed(privateKey, message)
      remember(publicKey(privateKey), message, signature)
      return signature
    },
    verify: (key, message, signature) => {
      const known = isKnown(key, message, signature)
      if (known && ++asked % SAMPLE !== 0) return true
      const right = nodeCrypto.verify(key, message, signature)
      assert(right || !known, 'what was signed verifies')
      if (right) remember(key, message, signature)
      return right
    },
  }
}

function kept<T>(memory: Map<string, T>, name: string, make: () => T): T {
  const known = memory.get(name)
  if (known !== undefined) return known
  if (memory.size >= KEPT) memory.clear()
  const made = make()
  memory.set(name, made)
  return made
}

const text = (bytes: Bytes): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

const BLOCK = 16

/** One block after the other, each for itself: to make a cipher costs more than to use it. */
const blockCipher = (key: Bytes): Cipheriv =>
  createCipheriv(`aes-${8 * key.length}-ecb`, key, null).setAutoPadding(false)

/** What is longer is done faster in one piece by a cipher made for it. */
const CHAINED_MAX = 16 * BLOCK

/** AES with chained blocks, out of the block cipher. */
function chained(cipher: Cipheriv, iv: Bytes, plain: Bytes): Bytes {
  const sealed = new Uint8Array(plain.length)
  let before = iv
  for (let at = 0; at < plain.length; at += BLOCK) {
    before = cipher.update(before.map((byte, i) => byte ^ (plain[at + i] ?? 0)))
    sealed.set(before, at)
  }
  return sealed
}

/** AES in counter mode, out of the block cipher. */
function countered(cipher: Cipheriv, counter: Bytes, message: Bytes): Bytes {
  const blocks = new Uint8Array(Math.ceil(message.length / BLOCK) * BLOCK)
  const count = counter.slice()
  for (let at = 0; at < blocks.length; at += BLOCK) {
    blocks.set(count, at)
    for (let i = BLOCK - 1; i >= 0 && (count[i] = ((count[i] ?? 0) + 1) & 0xff) === 0; i--);
  }
  const stream = cipher.update(blocks)
  return message.map((byte, i) => byte ^ (stream[i] ?? 0))
}

function pointOf(privateKey: Bytes): Bytes {
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(privateKey)
  return new Uint8Array(curve.getPublicKey())
}

/** A one-time number's point and its inverse, made beforehand: they are what signing costs. */
interface Once {
  readonly r: bigint
  readonly inverse: bigint
}

const ONCES = 128
const onces = Array.from({ length: ONCES }, (_, i): Once => {
  const number = fromBigEndian(nodeCrypto.sha256(Uint8Array.of(i)))
  return { r: fromBigEndian(pointOf(bigEndian(number, 32)).slice(1, 33)) % ORDER, inverse: inverseOf(number) }
})

/** ECDSA over SHA-256 with low s, the same for the same key and message. */
function signed(privateKey: Bytes, message: Bytes): Bytes {
  const digest = nodeCrypto.sha256(message)
  const once = onces[(digest[0] ?? 0) % ONCES]
  assert(once !== undefined, 'a number for every digest')
  const s = (once.inverse * (fromBigEndian(digest) + once.r * fromBigEndian(privateKey))) % ORDER
  return concat(bigEndian(once.r, 32), bigEndian(s > ORDER / 2n ? ORDER - s : s, 32))
}

/** By Euclid, in the group's order. */
function inverseOf(of: bigint): bigint {
  let [a, b, x, y] = [of, ORDER, 1n, 0n]
  while (a !== 0n) [a, b, x, y] = [b % a, a, y - (b / a) * x, x]
  return ((y % ORDER) + ORDER) % ORDER
}
