/**
 * Signatures of P-256 between their two spellings, 64 bytes r ‖ s and ASN.1 DER, and their s between its two halves (K-1).
 * Checks nothing but lengths and halves: whether a signature holds is the cipher's business.
 */
import { type Bytes, concat, unhex } from '@kozeni/base/bytes'
import { SIGNATURE_BYTES } from './crypto.ts'

const ORDER = unhex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
const HALF_ORDER = unhex('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8')
const SCALAR_BYTES = 32
const SEQUENCE = 0x30
const INTEGER = 0x02

/** Whether these are 64 bytes whose s is not above half the order of the group. */
export const isLowS = (signature: Bytes): boolean =>
  signature.length === SIGNATURE_BYTES && !isAbove(signature.subarray(SCALAR_BYTES), HALF_ORDER)

/** The same signature with the smaller of its two possible s. */
export function lowS(signature: Bytes): Bytes {
  if (isLowS(signature)) return signature
  const mirrored = signature.slice()
  let borrow = 0
  for (let i = SCALAR_BYTES - 1; i >= 0; i--) {
    const digit = (ORDER[i] ?? 0) - (signature[SCALAR_BYTES + i] ?? 0) - borrow
    mirrored[SCALAR_BYTES + i] = digit & 0xff
    borrow = digit < 0 ? 1 : 0
  }
  return mirrored
}

function isAbove(a: Bytes, b: Bytes): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] ?? 0) > (b[i] ?? 0)
  return false
}

/** Of 64 bytes. @spec ISO/IEC 8825-1 §8.3, §8.9 */
export function toDer(signature: Bytes): Bytes {
  const integers = [signature.subarray(0, SCALAR_BYTES), signature.subarray(SCALAR_BYTES)].map(shortest)
  const der = [SEQUENCE, 0]
  for (const integer of integers) der.push(INTEGER, integer.length, ...integer)
  der[1] = der.length - 2
  return Uint8Array.from(der)
}

/** As few bytes as say it, and one zero more where the first would read as a minus. */
function shortest(scalar: Bytes): Bytes {
  let from = 0
  while (from < SCALAR_BYTES - 1 && scalar[from] === 0) from++
  return (scalar[from] ?? 0) < 0x80 ? scalar.subarray(from) : concat(Uint8Array.of(0), scalar.subarray(from))
}

/** Back to 64 bytes, from what a cipher made. */
export function fromDer(der: Bytes): Bytes {
  const signature = new Uint8Array(SIGNATURE_BYTES)
  let at = 2
  for (const end of [SCALAR_BYTES, SIGNATURE_BYTES]) {
    const next = at + 2 + (der[at + 1] ?? 0)
    const integer = der.subarray(Math.max(at + 2, next - SCALAR_BYTES), next)
    signature.set(integer, end - integer.length)
    at = next
  }
  return signature
}
