/**
 * One of the two signatures that ECDSA allows for each: ours have the smaller s (K-1), RFC 9421 takes either, and other
 * languages' libraries make either. Turning one into the other is harmless here, where no signature is compared or kept.
 */
import { type Bytes, bigEndian, concat, fromBigEndian } from '@kozeni/base/bytes'
import { SIGNATURE_BYTES } from '@kozeni/protocol/crypto'

/** Of P-256's group. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * @param signature  64 bytes, r ‖ s; anything else stays what it is, and verifies as nothing
 * @returns          the same signature with the smaller of its two possible s
 */
export function lowS(signature: Bytes): Bytes {
  const s = fromBigEndian(signature.slice(32))
  if (signature.length !== SIGNATURE_BYTES || s <= ORDER / 2n || s >= ORDER) return signature
  return concat(signature.slice(0, 32), bigEndian(ORDER - s, 32))
}
