import { type Bytes, utf8 } from '@kozeni/base/bytes'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/webhook.json' with { type: 'json' }
import { nobleCrypto } from './crypto-noble.ts'
import { nodeCrypto } from './crypto-node.ts'
import { signWebhook, verifyWebhook, webhookKey, webhookSecret } from './webhook.ts'

const key = (fill: number): Bytes => new Uint8Array(32).fill(fill)
const webhook = { id: 'evt_1', timestamp: 1_793_500_000, body: '{"type":"payment.decided"}' }

test.each(vectors.webhooks)('signatures are those of $source', ({ secret, signature, id, timestamp, body }) => {
  const sent = { id, timestamp, body }
  const known = webhookKey(secret)
  if (known === undefined) throw new Error('the vectors hold secrets')
  for (const crypto of [nodeCrypto, nobleCrypto]) {
    const headers = signWebhook(crypto, [known], sent)
    expect(headers['webhook-signature']).toBe(signature)
    expect(verifyWebhook(crypto, [known], headers, sent.body, sent.timestamp + 299)).toMatchObject({ value: sent })
  }
})

test('a webhook with another body, id or time is refused', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('body', 'webhook-id', 'webhook-timestamp'), (other, what) => {
      const headers = signWebhook(nodeCrypto, [key(1)], webhook)
      const changed = { ...headers, ...(what !== 'body' && { [what]: other }) }
      fc.pre(JSON.stringify(changed) !== JSON.stringify(headers) || (what === 'body' && other !== webhook.body))
      const body = what === 'body' ? other : webhook.body
      expect(verifyWebhook(nodeCrypto, [key(1)], changed, body, webhook.timestamp).ok).toBe(false)
    }),
  )
})

test('while a secret is replaced, old and new both hold, at both ends', () => {
  const verify = (signing: Bytes[], holding: Bytes[]): boolean =>
    verifyWebhook(nodeCrypto, holding, signWebhook(nodeCrypto, signing, webhook), webhook.body, webhook.timestamp).ok
  expect(verify([key(1), key(2)], [key(2)])).toBe(true)
  expect(verify([key(1)], [key(2), key(1)])).toBe(true)
  expect(verify([key(1)], [key(2)])).toBe(false)
  expect(verify([], [key(1)])).toBe(false)
})

test.each([-301, 301])('a webhook signed %s seconds from now is refused as a replay', apart => {
  const headers = signWebhook(nodeCrypto, [key(1)], webhook)
  expect(verifyWebhook(nodeCrypto, [key(1)], headers, webhook.body, webhook.timestamp + apart)).toMatchObject({
    refusal: { code: 'clock-differs', facts: { apartSeconds: apart } },
  })
})

test('a secret is spelled whsec_ and base64 of 24 to 64 bytes, and nothing else is one', () => {
  expect(webhookKey(webhookSecret(key(3)))).toEqual(key(3))
  for (const wrong of ['', 'whsec_', 'whsec_sandbox', webhookSecret(utf8('short')), webhookSecret(new Uint8Array(65))])
    expect(webhookKey(wrong)).toBeUndefined()
})
