/** How a telephone becomes known, with or without an account that is already there. */
import { z } from 'zod'
import { account, device } from './name.ts'
import type { Route } from './route.ts'
import { bytes, naming, point } from './schema.ts'

/** An account's secret, as it is shown once and typed again on the next device. */
export const accountSecret = naming(
  'AccountSecret',
  'Lets another device join the account: 16 to 32 bytes in base64url. The center keeps only its digest.',
  bytes(16, 32),
)

export const deviceRegistration = naming(
  'DeviceRegistration',
  'A new device’s key, and the account it joins; without one it opens an account.',
  z.strictObject({
    publicKey: point,
    account: z.strictObject({ account, secret: accountSecret }).optional(),
  }),
)

export const registeredDevice = naming(
  'RegisteredDevice',
  'The device’s name from now on, and the account that it belongs to.',
  z.object({ device, account, secret: accountSecret.optional() }),
)

export const registerDevice = {
  name: 'registerDevice',
  method: 'POST',
  path: '/v1/devices',
  caller: ['nobody'],
  body: deviceRegistration,
  answer: registeredDevice,
  refuses: ['not-authenticated', 'signature-wrong', 'clock-differs', 'caller-unknown'],
  summary: 'Register a device',
  description:
    'Signed by the very key that is registered: keyid is "key:" and the public key. A new account’s secret is told to ' +
    'the request that opened the account and never again. The same key again gets the same device.',
  idempotent: 'by-nature',
} as const satisfies Route
