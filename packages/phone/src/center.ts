/**
 * The way to the center, as a phone takes it: any route of the contract, signed by the device. Every failure on the way
 * is a refusal, so nothing here throws.
 */
import { type Call, caller } from '@kozeni/api/call'
import type { Means } from '@kozeni/api/exchange'
import type { KeyName } from '@kozeni/api/key-name'
import { signerOf } from '@kozeni/api/signature'
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { DeviceId } from '@kozeni/base/ids'
import type { Refusal, RefusalCode } from '@kozeni/protocol/refusal'

/** Who calls: a device by its name, or, before it has one, by its key alone. */
export interface Caller {
  readonly device: DeviceId | undefined
  readonly privateKey: Bytes
}

/** How to reach the center as this caller. */
export type Dial = (caller: Caller) => Call

/**
 * Dials one center; for the same caller in a row it is the same line, which has learnt how far the clocks are apart.
 *
 * @param means  origin, transport (fetchTransport), clock, crypto, dice
 */
export function dialer(means: Omit<Means, 'credentials'>): Dial {
  let last: { readonly caller: Caller; readonly call: Call } | undefined
  return who => {
    if (last === undefined || !isSame(last.caller, who)) last = { caller: who, call: callAs(means, who) }
    return last.call
  }
}

const isSame = (a: Caller, b: Caller): boolean => a.device === b.device && equal(a.privateKey, b.privateKey)

function callAs(means: Omit<Means, 'credentials'>, { device, privateKey }: Caller): Call {
  const name: KeyName =
    device === undefined
      ? { kind: 'key', publicKey: means.crypto.publicKey(privateKey) }
      : { kind: 'device', id: device }
  return caller({ ...means, credentials: { show: 'signature', signer: signerOf(means.crypto, name, privateKey) } })
}

const UNDECIDED: readonly RefusalCode[] = [
  'center-unreachable',
  'center-garbled',
  'busy',
  'in-progress',
  'funding-unknown',
]

/** Whether the request may have been taken all the same, so that only the very same request may follow it. */
export const mayHaveArrived = ({ code }: Refusal): boolean => UNDECIDED.includes(code)
