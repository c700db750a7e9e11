/**
 * Between the bound device and its chip (C-7, C-11): a session that only the two can read, and the PIN.
 *
 * HELLO: the device makes a one-time key and signs (header, device, challenge, one-time point). Both ends derive
 * 48 bytes from the agreement of the one-time key with the chip's certified key: 32 for MACs, 16 for encryption. Requests and
 * answers are numbered from 1 and sealed like messages: tag 16 ‖ ciphertext, tag over (header, counter, body).
 */
import { type Bytes, bigEndian, concat, equal } from '@kozeni/base/bytes'
import type { DeviceId, PurseId } from '@kozeni/base/ids'
import type { Money, Total } from '@kozeni/base/money'
import { type Crypto, MAC_BYTES, POINT_BYTES, SHA256_BYTES } from './crypto.ts'
import { CHALLENGE_BYTES, type Receipt, receipt } from './debit.ts'
import { type Header, header, headerFields, PROTOCOL_VERSION } from './header.ts'
import { derive } from './keys.ts'
import { amount, bytes, flag, name, struct, total, u8, u32 } from './struct.ts'

/** Signed by the device's key; the signature follows it on the wire. */
export interface HolderHello extends Header {
  readonly device: DeviceId
  readonly challenge: Bytes
  readonly oneTimeKey: Bytes
}

export const holderHello = struct<HolderHello>({
  ...headerFields, // type holder-hello, to the chip, key version 0
  device: name<DeviceId>(),
  challenge: bytes(CHALLENGE_BYTES), // of this SELECT
  oneTimeKey: bytes(POINT_BYTES),
})

export interface SessionKeys {
  readonly mac: Bytes
  readonly encryption: Bytes
}

/** @param shared  32 bytes of agreement between the one-time key and the chip's key */
export function sessionKeys(crypto: Crypto, shared: Bytes, challenge: Bytes): SessionKeys {
  const material = derive(crypto, shared, 'kozeni holder session', challenge, 48)
  return { mac: material.slice(0, 32), encryption: material.slice(32) }
}

/** First byte of a request's body, and what follows it. */
export const HOLDER_REQUEST = {
  /** nothing; answer: a Standing */
  standing: 0x01,
  /** u8 k, 0 = newest; answer: the receipt body of that debit or void, or nothing */
  history: 0x02,
  /** 00 or 01; answer: a Standing */
  freeze: 0x03,
  /** a new PIN of eight bytes, after the old one was verified, or when there is none; answer: a Standing */
  setPin: 0x04,
} as const

/** What the holder's own screen shows, with no network. */
export interface Standing {
  readonly credits: Total
  readonly debits: Total
  readonly seq: number
  readonly flag: boolean
  readonly blocked: boolean
  readonly frozen: boolean
  readonly pinSet: boolean
  readonly pinTries: number
  readonly pinAbove: Money
  readonly maximumValue: Money
}

export const standing = struct<Standing>({
  credits: total,
  debits: total,
  seq: u32,
  flag,
  blocked: flag,
  frozen: flag,
  pinSet: flag,
  pinTries: u8,
  pinAbove: amount,
  maximumValue: amount,
})

/** @returns tag ‖ ciphertext of the `counter`-th request or answer of this session */
export function sealHolder(
  crypto: Crypto,
  keys: SessionKeys,
  type: 'holder-request' | 'holder-answer',
  purse: PurseId,
  counter: number,
  body: Bytes,
): Bytes {
  const tag = tagOf(crypto, keys, type, purse, counter, body)
  return concat(tag, crypto.ctr(keys.encryption, tag, body))
}

/** @returns the body, or undefined when it was not sealed for just this place in this session */
export function unsealHolder(
  crypto: Crypto,
  keys: SessionKeys,
  type: 'holder-request' | 'holder-answer',
  purse: PurseId,
  counter: number,
  sealed: Bytes,
): Bytes | undefined {
  if (sealed.length < MAC_BYTES) return undefined
  const tag = sealed.slice(0, MAC_BYTES)
  const body = crypto.ctr(keys.encryption, tag, sealed.slice(MAC_BYTES))
  return equal(tag, tagOf(crypto, keys, type, purse, counter, body)) ? body : undefined
}

function tagOf(
  crypto: Crypto,
  keys: SessionKeys,
  type: 'holder-request' | 'holder-answer',
  purse: PurseId,
  counter: number,
  body: Bytes,
): Bytes {
  const direction = type === 'holder-request' ? 'to-chip' : 'to-holder'
  const start = header.write({ version: PROTOCOL_VERSION, type, direction, purse, keyVersion: 0 })
  return crypto.hmac(keys.mac, concat(start, bigEndian(counter, 4), body)).slice(0, MAC_BYTES)
}

/** ASCII digits, padded with FF to eight bytes. */
export const PIN_BYTES = 8

/**
 * What VERIFY PIN carries: one-time point 65 ‖ tag 16 ‖ ciphertext 40 (PIN 8 ‖ digest 32), under keys derived as
 * sessionKeys are, from this SELECT's challenge, with the label 'kozeni pin': an old block opens nothing. The digest is
 * the operation's (pay), or SHA-256 of the debit request's body; 32 zeros to change the PIN.
 */
export const PIN_BLOCK_BYTES = PIN_BYTES + SHA256_BYTES

/** @returns the data of VERIFY PIN */
export function sealPin(
  crypto: Crypto,
  oneTimePrivateKey: Bytes,
  chipKey: Bytes,
  purse: PurseId,
  block: { readonly pin: Bytes; readonly digest: Bytes; readonly challenge: Bytes },
): Bytes | undefined {
  const shared = crypto.agree(oneTimePrivateKey, chipKey)
  if (shared === undefined) return undefined
  const oneTimeKey = crypto.publicKey(oneTimePrivateKey)
  const material = derive(crypto, shared, 'kozeni pin', block.challenge, 48)
  const body = concat(block.pin, block.digest)
  const start = header.write({ version: PROTOCOL_VERSION, type: 'pin', direction: 'to-chip', purse, keyVersion: 0 })
  const tag = crypto.hmac(material.slice(0, 32), concat(start, body)).slice(0, MAC_BYTES)
  return concat(oneTimeKey, tag, crypto.ctr(material.slice(32), tag, body))
}

/** @returns a record of the chip's history, or undefined for an empty answer */
export const readHistory = (body: Bytes): Receipt | undefined => receipt.read(body)
