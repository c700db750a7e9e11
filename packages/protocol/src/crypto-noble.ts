/** Cryptography in portable JavaScript (audited, no dependencies): for chips, phones and browsers. */
import type { Bytes } from '@kozeni/base/bytes'
import { cbc, cmac, ctr } from '@noble/ciphers/aes.js'
import { p256 } from '@noble/curves/nist.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Crypto } from './crypto.ts'

const RAW = { disablePadding: true } as const

export const nobleCrypto: Crypto = {
  sha256: message => sha256(message),
  hmac: (key, message) => hmac(sha256, key, message),
  cmac: (key, message) => cmac(message, key),
  cbcEncrypt: (key, iv, plain) => cbc(key, iv, RAW).encrypt(plain),
  cbcDecrypt: (key, iv, sealed) => cbc(key, iv, RAW).decrypt(sealed),
  ctr: (key, counter, text) => ctr(key, counter).encrypt(text),
  // 48 bytes of chance reduced to the group order: no bias (FIPS 186-5 A.2.1)
  generate: dice => p256.utils.randomSecretKey(dice.bytes(48)),
  publicKey: privateKey => p256.getPublicKey(privateKey, false),
  sign: (privateKey, message) => p256.sign(message, privateKey, { lowS: true }),
  verify: (publicKey, message, signature) => isTrue(() => p256.verify(signature, message, publicKey, { lowS: true })),
  agree: (privateKey, publicKey) => orUndefined(() => p256.getSharedSecret(privateKey, publicKey, false).slice(1, 33)),
}

/** noble throws for a point that is none; to us that is a plain no. */
const isTrue = (check: () => boolean): boolean => orUndefined(check) ?? false

function orUndefined<T extends Bytes | boolean>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
