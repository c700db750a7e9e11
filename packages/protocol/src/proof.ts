/**
 * Proof of payment (T-5): the center's final word on one transaction number, which the store checks without asking. On
 * the wire: the fields below and the first 16 bytes of HMAC-SHA-256(proof key, fields), in base64url.
 *
 * Symmetric: it convinces the store, and nobody else. The same decision always makes the same proof.
 */
import { type Bytes, base64url, concat, equal, fromBase64url, hex, isHex, unhex } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { StoreId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Crypto, MAC_BYTES } from './crypto.ts'
import { PROTOCOL_VERSION } from './header.ts'
import { type TransactionNumber, transactionNumber } from './number.ts'
import { REFERENCE_BYTES } from './operation.ts'
import { type Refusal, refusal } from './refusal.ts'
import { proofKey } from './seed.ts'
import { amount, choice, currency, type Field, name, struct, u8, u32 } from './struct.ts'

/** What the center decided, for ever. */
export const VERDICT = { paid: 1, 'not-paid': 2 } as const
export type Verdict = keyof typeof VERDICT

export interface Proof {
  readonly store: StoreId
  readonly number: TransactionNumber
  readonly amount: Money
  readonly currency: Currency
  /** The center's epoch: a fenced store refuses older ones (F-12). */
  readonly epoch: number
  /** The operation, named so that the store learns nothing of the purse: 32 hexadecimal digits. */
  readonly operation: string
  readonly verdict: Verdict
}

/** Beside MESSAGE_TYPE of header.ts; the store must not learn the purse, so a proof has no header. */
const PROOF_TYPE = 0x52

const operationReference: Field<string> = {
  size: REFERENCE_BYTES,
  read: bytes => hex(bytes),
  write: text => unhex(text),
}

const layout = struct<Proof & { readonly version: number; readonly type: 'proof' }>({
  version: u8,
  type: choice({ proof: PROOF_TYPE }),
  store: name<StoreId>(),
  number: transactionNumber,
  amount,
  currency,
  epoch: u32,
  operation: operationReference,
  verdict: choice<Verdict>(VERDICT),
})

export const PROOF_BYTES = layout.size + MAC_BYTES

/** Whether `text` can stand in a proof as the operation's name. */
export const isOperationReference = (text: string): boolean => text.length === 2 * REFERENCE_BYTES && isHex(text)

/**
 * @param seed  of the transaction's own store, generation and window
 * @returns     the proof in 90 characters of base64url
 * @spec        T-5
 */
export function makeProof(crypto: Crypto, seed: Bytes, proof: Proof): string {
  const body = layout.write({ version: PROTOCOL_VERSION, type: 'proof', ...proof })
  return base64url(concat(body, macOf(crypto, seed, body)))
}

/**
 * What a proof says, believed by nobody yet: to find the sale, and by it the seed.
 *
 * @refuses data-wrong when it is no proof at all
 */
export function readProof(text: string): Result<Proof, Refusal> {
  const bytes = fromBase64url(text)
  const body = bytes?.length === PROOF_BYTES ? layout.read(bytes.subarray(0, layout.size)) : undefined
  if (body === undefined || body.version !== PROTOCOL_VERSION) return no(refusal('data-wrong', { field: 'proof' }))
  const { version: _version, type: _type, ...proof } = body
  return ok(proof)
}

/**
 * What the center's proof says, when it was made under this seed and nothing in it was altered.
 *
 * @refuses data-wrong (no proof at all) · mac-wrong (altered, or of another store, window or generation)
 * @spec    T-5
 */
export function checkProof(crypto: Crypto, seed: Bytes, text: string): Result<Proof, Refusal> {
  const proof = readProof(text)
  const bytes = fromBase64url(text)
  if (!proof.ok || bytes === undefined) return proof
  const mac = macOf(crypto, seed, bytes.subarray(0, layout.size))
  return equal(mac, bytes.subarray(layout.size)) ? proof : no(refusal('mac-wrong', { check: 'proof' }))
}

const macOf = (crypto: Crypto, seed: Bytes, body: Bytes): Bytes =>
  crypto.hmac(proofKey(crypto, seed), body).slice(0, MAC_BYTES)
