/**
 * The port to cryptography: what a Java Card 3.0.5 has too, and nothing more. All of it synchronous and pure but for
 * what takes dice. Keys and points are plain bytes; implementations may cache what they derive from them.
 *
 * P-256 points are 65 bytes, uncompressed (04 ‖ x ‖ y). Signatures are 64 bytes r ‖ s with low s (K-1), over SHA-256.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'

export interface Crypto {
  /** 32 bytes. FIPS 180-4. */
  sha256(message: Bytes): Bytes
  /** 32 bytes. RFC 2104 with SHA-256. */
  hmac(key: Bytes, message: Bytes): Bytes
  /** 16 bytes. RFC 4493; keys of 16, 24 or 32 bytes. */
  cmac(key: Bytes, message: Bytes): Bytes
  /** AES in CBC mode, whole blocks, no padding. */
  cbcEncrypt(key: Bytes, iv: Bytes, plain: Bytes): Bytes
  cbcDecrypt(key: Bytes, iv: Bytes, sealed: Bytes): Bytes
  /** AES in counter mode with a 16-byte big-endian counter block; its own inverse. */
  ctr(key: Bytes, counter: Bytes, text: Bytes): Bytes
  /** A new private key, 32 bytes. */
  generate(dice: Dice): Bytes
  /** The point of a private key. */
  publicKey(privateKey: Bytes): Bytes
  sign(privateKey: Bytes, message: Bytes): Bytes
  /** False for a wrong signature, a high s, and a point that is none. */
  verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean
  /** The shared x coordinate, 32 bytes; undefined when the point is none. SP 800-56A §5.7.1.2. */
  agree(privateKey: Bytes, publicKey: Bytes): Bytes | undefined
}

export const SHA256_BYTES = 32
export const POINT_BYTES = 65
export const SIGNATURE_BYTES = 64
/** A MAC of the protocol: HMAC-SHA-256 cut to its first sixteen bytes. */
export const MAC_BYTES = 16
