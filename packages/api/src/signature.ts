/**
 * Requests signed by their callers: HTTP Message Signatures (RFC 9421) with ecdsa-p256-sha256 over SHA-256.
 *
 * Covered are @method, @authority, @path and @query, and not @target-uri: behind a proxy that ends TLS nobody knows the
 * scheme. Also content-digest wherever there is a body, and idempotency-key wherever there is one. A signature is good for
 * five minutes; within them it may be replayed, which is harmless because every route may be repeated.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, utf8 } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { base64, CONTENT_DIGEST, contentDigest, digestFits } from './content-digest.ts'
import type { Headers, HttpRequest } from './http.ts'
import { type KeyName, keyid, parseKeyid, type RegisteredKey } from './key-name.ts'
import { lowS } from './low-s.ts'
import { IDEMPOTENCY_KEY } from './route.ts'
import { componentValue, signatureBase } from './signature-base.ts'
import { readSignatureInput, readSignatures, type SignatureInput } from './signature-input.ts'

/** Marks the signature that is meant for us, among others that a message may carry. */
export const SIGNATURE_TAG = 'kozeni'
const ALGORITHM = 'ecdsa-p256-sha256'
const LABEL = 'kozeni'

/** A request signed longer ago, or further ahead, is refused. */
export const SIGNATURE_TOLERANCE_SECONDS = 300

const ALWAYS = ['@method', '@authority', '@path', '@query']

/** Whoever holds a private key: in memory, in a telephone's key store, in an HSM. */
export interface Signer {
  readonly name: KeyName
  /** 64 bytes, r ‖ s, over SHA-256 of the message. */
  sign(message: Bytes): Bytes | Promise<Bytes>
}

/** A signer with its private key in memory. */
export const signerOf = (crypto: Crypto, name: KeyName, privateKey: Bytes): Signer => ({
  name,
  sign: message => crypto.sign(privateKey, message),
})

/**
 * @param request     with its idempotency-key, if it has one
 * @param nowSeconds  since 1970
 * @returns           the headers to add to it
 * @spec              RFC 9421 §3.1, RFC 9530 §2
 */
export async function sign(crypto: Crypto, request: HttpRequest, signer: Signer, nowSeconds: number): Promise<Headers> {
  const digest = request.body.length > 0 ? { [CONTENT_DIGEST]: contentDigest(crypto, request.body) } : {}
  const whole = { ...request, headers: { ...request.headers, ...digest } }
  const covers = required(whole)
  const list = covers.map(name => `"${name}"`).join(' ')
  const params = `(${list});created=${nowSeconds};keyid="${keyid(signer.name)}";tag="${SIGNATURE_TAG}"`
  const base = baseOf(whole, { covers, text: params })
  assert(base !== undefined, 'headers and target of a request of ours are plain ASCII')
  const signature = await signer.sign(utf8(base))
  return { ...digest, 'signature-input': `${LABEL}=${params}`, signature: `${LABEL}=:${base64(signature)}:` }
}

/** What a request's signature is checked with; at once, or aside. */
export interface Checking extends Pick<Crypto, 'sha256'> {
  verify(publicKey: Bytes, message: Bytes, signature: Bytes): boolean | Promise<boolean>
}

/**
 * Who signed this request.
 *
 * @param keyOf       the public key that is registered under a name
 * @param nowSeconds  since 1970
 * @refuses not-authenticated (no signature of ours) · clock-differs (apartSeconds: how much later it is here) ·
 *          caller-unknown · signature-wrong (check: covers, digest or signature)
 * @spec    RFC 9421 §3.2
 */
export async function verify(
  crypto: Checking,
  request: HttpRequest,
  keyOf: (name: RegisteredKey) => Promise<Bytes | undefined>,
  nowSeconds: number,
): Promise<Result<KeyName, Refusal>> {
  const found = ownSignature(request.headers)
  if (found === undefined) return no(refusal('not-authenticated'))
  const apart = timeApart(found.input, nowSeconds)
  if (!apart.ok) return apart
  const base = coveredBase(crypto, request, found.input)
  if (!base.ok) return base
  const name = parseKeyid(found.input.parameters.get('keyid') ?? '')
  const key = name?.kind === 'key' ? name.publicKey : name && (await keyOf(name))
  if (name === undefined || key === undefined) return no(refusal('caller-unknown'))
  return (await crypto.verify(key, utf8(base.value), lowS(found.signature)))
    ? ok(name)
    : no(refusal('signature-wrong', { check: 'signature' }))
}

/** What has to be covered in this request. */
const required = ({ headers, body }: HttpRequest): readonly string[] => [
  ...ALWAYS,
  ...(body.length > 0 || CONTENT_DIGEST in headers ? [CONTENT_DIGEST] : []),
  ...(IDEMPOTENCY_KEY in headers ? [IDEMPOTENCY_KEY] : []),
]

/** The one signature with our tag. */
function ownSignature(headers: Headers): { input: SignatureInput; signature: Bytes } | undefined {
  const inputs = readSignatureInput(headers['signature-input'] ?? '')
  const [input, another] = inputs?.filter(({ parameters }) => parameters.get('tag') === SIGNATURE_TAG) ?? []
  const signature = input && readSignatures(headers['signature'] ?? '')?.get(input.label)
  if (input === undefined || another !== undefined || signature === undefined) return undefined
  return (input.parameters.get('alg') ?? ALGORITHM) === ALGORITHM ? { input, signature } : undefined
}

function timeApart({ parameters }: SignatureInput, nowSeconds: number): Result<number, Refusal> {
  const created = parameters.get('created')
  if (created === undefined || !/^\d+$/.test(created)) return no(refusal('not-authenticated', { check: 'created' }))
  const apartSeconds = nowSeconds - Number(created)
  const expired = Number(parameters.get('expires') ?? Number.POSITIVE_INFINITY) < nowSeconds
  return Math.abs(apartSeconds) > SIGNATURE_TOLERANCE_SECONDS || expired
    ? no(refusal('clock-differs', { apartSeconds }))
    : ok(apartSeconds)
}

/** The base of a signature that covers all it has to, over a body that is the one it was made for. */
function coveredBase(
  crypto: Pick<Crypto, 'sha256'>,
  request: HttpRequest,
  input: SignatureInput,
): Result<string, Refusal> {
  if (!required(request).every(name => input.covers.includes(name)))
    return no(refusal('signature-wrong', { check: 'covers' }))
  const digest = request.headers[CONTENT_DIGEST]
  if (digest !== undefined && !digestFits(crypto, digest, request.body))
    return no(refusal('signature-wrong', { check: 'digest' }))
  const base = baseOf(request, input)
  return base === undefined ? no(refusal('signature-wrong', { check: 'covers' })) : ok(base)
}

/** @returns undefined when something that is covered is not there */
function baseOf(request: HttpRequest, { covers, text }: Pick<SignatureInput, 'covers' | 'text'>): string | undefined {
  const components = covers.flatMap(name => {
    const value = componentValue(request, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return components.length === covers.length ? signatureBase(components, text) : undefined
}
