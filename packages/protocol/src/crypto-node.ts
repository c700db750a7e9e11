/** Cryptography by Node's OpenSSL, for servers: the same answers as crypto-noble, many times as fast. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { type Bytes, base64url, concat, hex, xor } from '@kozeni/base/bytes'
import type { Crypto } from './crypto.ts'
import { POINT_BYTES } from './crypto.ts'
import { nobleCrypto } from './crypto-noble.ts'

const P256 = { kty: 'EC', crv: 'P-256' } as const
const HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const ZERO_BLOCK = new Uint8Array(16)

export const nodeCrypto: Crypto = {
  sha256: message => new Uint8Array(hash('sha256', message, 'buffer')),
  hmac: (key, message) => new Uint8Array(createHmac('sha256', key).update(message).digest()),
  cmac,
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

/** RFC 4493 over OpenSSL's AES: the chain is CBC, of which the last block is the MAC. */
function cmac(key: Bytes, message: Bytes): Bytes {
  const chain = (blocks: Bytes): Bytes => nodeCrypto.cbcEncrypt(key, ZERO_BLOCK, blocks)
  const k1 = doubled(chain(ZERO_BLOCK))
  const complete = message.length > 0 && message.length % 16 === 0
  const head = message.slice(0, 16 * Math.max(0, Math.ceil(message.length / 16) - 1))
  const tail = new Uint8Array(16)
  tail.set(message.slice(head.length))
  if (!complete) tail[message.length - head.length] = 0x80
  return chain(concat(head, xor(tail, complete ? k1 : doubled(k1)))).slice(-16)
}

/** Multiplication by x in GF(2^128), as RFC 4493 §2.3 makes its subkeys. */
function doubled(block: Bytes): Bytes {
  const out = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7))
  if ((block[0] ?? 0) & 0x80) out[15] = (out[15] ?? 0) ^ 0x87
  return out
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
