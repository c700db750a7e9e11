import { type Bytes, base64url, NO_BYTES, utf8 } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { type DeviceId, id } from '@kozeni/base/ids'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { refusal } from '@kozeni/protocol/refusal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64, fromBase64 } from './content-digest.ts'
import type { HttpRequest } from './http.ts'
import { type KeyName, keyid, parseKeyid } from './key-name.ts'
import { SIGNATURE_TOLERANCE_SECONDS, type Signer, sign, signerOf, verify } from './signature.ts'

const NOW = 1_793_500_000
const privateKey = nodeCrypto.generate(new SeededDice(1))
const publicKey = nodeCrypto.publicKey(privateKey)
const device: KeyName = { kind: 'device', id: id<DeviceId>('5f3a91c07be2d846') }
const signer = signerOf(nodeCrypto, device, privateKey)

const bare: HttpRequest = {
  method: 'POST',
  authority: 'center.example',
  target: '/v1/loads?limit=1',
  headers: { 'content-type': 'application/json', 'idempotency-key': 'once-and-only-once' },
  body: utf8('{"amount":"1200"}'),
}

async function signed(request = bare, by: Signer = signer, now = NOW): Promise<HttpRequest> {
  return { ...request, headers: { ...request.headers, ...(await sign(nodeCrypto, request, by, now)) } }
}

const registered = async (name: KeyName): Promise<Bytes | undefined> =>
  keyid(name) === keyid(device) ? publicKey : undefined
const verified = (request: HttpRequest, now = NOW) => verify(nodeCrypto, request, registered, now)
const codeOf = async (request: HttpRequest, now = NOW): Promise<string> => {
  const found = await verified(request, now)
  return found.ok ? 'ok' : found.refusal.code
}

test('a signed request tells who signed it, with a body or without', async () => {
  expect(await verified(await signed())).toEqual({ ok: true, value: device })
  const { 'idempotency-key': _, ...headers } = bare.headers
  const get = { ...bare, method: 'GET', target: '/healthz', body: NO_BYTES, headers }
  expect(await verified(await signed(get))).toEqual({ ok: true, value: device })
})

test('the headers are those of RFC 9421 and RFC 9530', async () => {
  const { headers } = await signed()
  expect(headers['signature-input']).toBe(
    'kozeni=("@method" "@authority" "@path" "@query" "content-digest" "idempotency-key")' +
      `;created=${NOW};keyid="device:5f3a91c07be2d846";tag="kozeni"`,
  )
  expect(headers['content-digest']).toBe(`sha-256=:${base64(nodeCrypto.sha256(bare.body))}:`)
  expect(headers['signature']).toMatch(/^kozeni=:[A-Za-z0-9+/]{86}==:$/)
})

test('a request with any byte of its line, its body or a covered header altered is refused', async () => {
  const request = await signed()
  const places = [
    'method',
    'authority',
    'target',
    'body',
    'content-digest',
    'idempotency-key',
    'signature-input',
    'signature',
  ] as const
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.nat(),
      fc.integer({ min: 0x21, max: 0x7e }),
      async (place, at, code) => {
        const altered = alter(request, place, at, String.fromCharCode(code))
        fc.pre(JSON.stringify(altered) !== JSON.stringify(request))
        // host names have no case, so that change is none
        fc.pre(altered.authority.toLowerCase() !== request.authority || place !== 'authority')
        expect(await codeOf(altered)).not.toBe('ok')
      },
    ),
    { numRuns: 2000 },
  )
})

function alter(request: HttpRequest, place: string, at: number, character: string): HttpRequest {
  const change = (text: string): string => {
    const where = at % text.length
    return text.slice(0, where) + character + text.slice(where + 1)
  }
  if (place === 'body') return { ...request, body: utf8(change('{"amount":"1200"}')) }
  if (place === 'method' || place === 'authority' || place === 'target')
    return { ...request, [place]: change(request[place]) }
  return { ...request, headers: { ...request.headers, [place]: change(request.headers[place] ?? '') } }
}

test('nothing that has to be covered can be taken away, or added afterwards', async () => {
  const request = await signed()
  for (const name of ['content-digest', 'idempotency-key']) {
    const { [name]: _, ...headers } = request.headers
    expect(await codeOf({ ...request, headers })).toBe('signature-wrong')
  }
  expect(await codeOf({ ...request, body: NO_BYTES })).toBe('signature-wrong')
  const { 'idempotency-key': _, ...headers } = bare.headers
  const get = await signed({ ...bare, headers, body: NO_BYTES })
  expect(await codeOf({ ...get, body: bare.body })).toBe('signature-wrong')
  expect(await codeOf({ ...get, headers: { ...get.headers, 'idempotency-key': 'k' } })).toBe('signature-wrong')
})

test('a request without our signature, or with two of them, is from nobody', async () => {
  const { headers } = await signed()
  expect(await codeOf(bare)).toBe('not-authenticated')
  const input = headers['signature-input'] ?? ''
  for (const changed of [
    input.replace('tag="kozeni"', 'tag="other"'),
    `${input}, ${input.replace('kozeni=', 'b=')}`,
    `${input};alg="hmac-sha256"`,
  ])
    expect(await codeOf({ ...bare, headers: { ...headers, 'signature-input': changed } })).toBe('not-authenticated')
})

test('a signature of somebody else’s beside ours does no harm', async () => {
  const request = await signed()
  const { 'signature-input': input, signature } = request.headers
  const headers = {
    ...request.headers,
    'signature-input': `p=("@method");created=1, ${input}`,
    signature: `p=:AAAA:, ${signature}`,
  }
  expect(await codeOf({ ...request, headers })).toBe('ok')
})

test('a signature is good for five minutes either way, and the refusal tells how far apart the clocks are', async () => {
  const request = await signed()
  for (const apart of [-SIGNATURE_TOLERANCE_SECONDS, 0, SIGNATURE_TOLERANCE_SECONDS])
    expect(await codeOf(request, NOW + apart)).toBe('ok')
  for (const apartSeconds of [-SIGNATURE_TOLERANCE_SECONDS - 1, SIGNATURE_TOLERANCE_SECONDS + 1])
    expect(await verified(request, NOW + apartSeconds)).toEqual({
      ok: false,
      refusal: refusal('clock-differs', { apartSeconds }),
    })
})

test('a caller that nobody has registered is unknown; a key that is not the registered one does not fit', async () => {
  const other = nodeCrypto.generate(new SeededDice(2))
  const stranger: KeyName = { kind: 'device', id: id<DeviceId>('0000000000000001') }
  expect(await codeOf(await signed(bare, signerOf(nodeCrypto, stranger, privateKey)))).toBe('caller-unknown')
  expect(await codeOf(await signed(bare, signerOf(nodeCrypto, device, other)))).toBe('signature-wrong')
})

test('a new key speaks for itself, and only for itself', async () => {
  const name: KeyName = { kind: 'key', publicKey }
  expect(await verified(await signed(bare, signerOf(nodeCrypto, name, privateKey)))).toEqual({ ok: true, value: name })
  const other = nodeCrypto.generate(new SeededDice(2))
  expect(await codeOf(await signed(bare, signerOf(nodeCrypto, name, other)))).toBe('signature-wrong')
})

test('signatures of other libraries, with the larger s, are as good', async () => {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  const platform: Signer = {
    name: { kind: 'key', publicKey: point },
    sign: async message =>
      new Uint8Array(
        await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, new Uint8Array(message)),
      ),
  }
  for (let i = 0; i < 20; i++) expect(await codeOf(await signed(bare, platform, NOW + i))).toBe('ok')
})

test('whatever the headers are, the answer is a refusal and never a fault', async () => {
  const { headers } = await signed()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('signature', 'signature-input', 'content-digest'),
      fc.string(),
      async (name, text) => {
        expect(await codeOf({ ...bare, headers: { ...headers, [name]: text } })).not.toBe('ok')
      },
    ),
  )
})

test('names of keys are read as they are spelled, and nothing else is one', () => {
  const names: KeyName[] = [device, { kind: 'key', publicKey }]
  for (const name of names) expect(parseKeyid(keyid(name))).toEqual(name)
  const wrong = [
    '',
    'device',
    'device:',
    'device:5F3A91C07BE2D846',
    'device:5f3a91c07be2d846:',
    'operator:5f3a91c07be2d846',
  ]
  for (const text of [...wrong, 'key:', `key:${base64url(publicKey.slice(1))}`])
    expect(parseKeyid(text)).toBe(undefined)
  expect(fromBase64('AQ')).toBe(undefined)
})
