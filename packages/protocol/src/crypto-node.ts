/** Cryptography by Node's OpenSSL, for servers: the same answers as crypto-noble, many times as fast. */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { type Bytes, base64url, concat, hex } from '@kozeni/base/bytes'
import type { Crypto } from './crypto.ts'
import { POINT_BYTES } from './crypto.ts'
import { nobleCrypto } from './crypto-noble.ts'

const P256 = { kty: 'EC', crv: 'P-256' } as const
const HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

export const nodeCrypto: Crypto = {
  sha256,
  hmac,
  // OpenSSL makes a key object for every call, which costs more than a few blocks of AES in JavaScript
  cmac: nobleCrypto.cmac,
  cbcEncrypt: (key, iv, plain) =>
    whole(createCipheriv(`aes-${8 * key.length}-cbc`, key, iv).setAutoPadding(false), plain),
  cbcDecrypt: (key, iv, sealed) =>
    whole(createDecipheriv(`aes-${8 * key.length}-cbc`, key, iv).setAutoPadding(false), sealed),
  ctr: (key, counter, text) => whole(createCipheriv(`aes-${8 * key.length}-ctr`, key, counter), text),
  generate: nobleCrypto.generate,
  publicKey: privateKey => point(createPublicKey(privateKeyOf(privateKey))),
  sign: (privateKey, message) =>
    lowS(new Uint8Array(sign('sha256', message, { key: privateKeyOf(privateKey), dsaEncoding: 'ieee-p1363' }))),
  verify: verifyLowS,
  agree: (privateKey, publicKey) => {
    const other = publicKeyOf(publicKey)
    if (other === undefined) return undefined
    return new Uint8Array(diffieHellman({ privateKey: privateKeyOf(privateKey), publicKey: other }))
  },
}

function verifyLowS(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  const key = publicKeyOf(publicKey)
  if (key === undefined || signature.length !== 64 || sOf(signature) > HALF_ORDER) return false
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

const sOf = (signature: Bytes): bigint => BigInt(`0x${hex(signature.slice(32))}`)

/** The same signature with the smaller of its two possible s. */
function lowS(signature: Bytes): Bytes {
  const s = sOf(signature)
  if (s <= HALF_ORDER) return signature
  const flipped = (ORDER - s).toString(16).padStart(64, '0')
  return concat(
    signature.slice(0, 32),
    Uint8Array.from(flipped.match(/../g) ?? [], byte => Number.parseInt(byte, 16)),
  )
}

interface Cipher {
  update(text: Bytes): Bytes
  final(): Bytes
}

const whole = (cipher: Cipher, text: Bytes): Bytes => concat(cipher.update(text), cipher.final())

const BLOCK = 64

/** RFC 2104 by two one-shot hashes: twice as fast as createHmac, which makes a key object for every call. */
function hmac(key: Bytes, message: Bytes): Bytes {
  const inner = keyed(key, 0x36, message)
  return sha256(keyed(key, 0x5c, sha256(inner)))
}

function sha256(message: Bytes): Bytes {
  return new Uint8Array(hash('sha256', message, 'buffer'))
}

/** The key, filled up to a block and masked, before the message. */
function keyed(key: Bytes, mask: number, message: Bytes): Bytes {
  const short = key.length > BLOCK ? sha256(key) : key
  const whole = new Uint8Array(BLOCK + message.length).fill(mask, 0, BLOCK)
  for (let i = 0; i < short.length; i++) whole[i] = mask ^ (short[i] ?? 0)
  whole.set(message, BLOCK)
  return whole
}

function point(key: KeyObject): Bytes {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  return concat(Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'))
}

/** Parsing a key costs more than verifying with it, so the last few thousand stay parsed. */
const CACHE_SIZE = 4096
const publicKeys = new Map<string, KeyObject | undefined>()
const privateKeys = new Map<string, KeyObject>()

const publicKeyOf = (bytes: Bytes): KeyObject | undefined => cached(publicKeys, bytes, parsePublicKey)
const privateKeyOf = (bytes: Bytes): KeyObject => cached(privateKeys, bytes, parsePrivateKey)

function cached<K>(cache: Map<string, K>, bytes: Bytes, parse: (bytes: Bytes) => K): K {
  const name = hex(bytes)
  const found = cache.get(name)
  if (found !== undefined) return found
  if (cache.size >= CACHE_SIZE) cache.clear()
  const parsed = parse(bytes)
  cache.set(name, parsed)
  return parsed
}

function parsePublicKey(bytes: Bytes): KeyObject | undefined {
  if (bytes.length !== POINT_BYTES || bytes[0] !== 4) return undefined
  const key = { ...P256, x: base64url(bytes.slice(1, 33)), y: base64url(bytes.slice(33)) }
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    return undefined
  }
}

function parsePrivateKey(bytes: Bytes): KeyObject {
  const open = nobleCrypto.publicKey(bytes)
  const key = { ...P256, d: base64url(bytes), x: base64url(open.slice(1, 33)), y: base64url(open.slice(33)) }
  return createPrivateKey({ key, format: 'jwk' })
}
