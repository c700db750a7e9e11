/**
 * The purse program as seen through a reader: its name, its instructions, the data objects that personalise it.
 * Layouts of what travels are in message.ts, debit.ts, holder.ts.
 */
import { type Bytes, concat, unhex } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { DeviceId, PurseId } from '@kozeni/base/ids'
import type { CommandApdu } from './apdu.ts'
import { commandApdu } from './apdu.ts'
import { CHIP_CLASS, type ChipClass } from './certificate.ts'
import { POINT_BYTES } from './crypto.ts'
import { CHALLENGE_BYTES } from './debit.ts'
import type { PurseKeys } from './keys.ts'
import { bytes, choice, currency, name, struct, u8, u32 } from './struct.ts'

/** The application's name (AID): proprietary, unregistered (ISO 7816-5 category F), "KOZENI" and a number. */
export const PURSE_AID = unhex('f04b4f5a454e4901')
/** The load file it is made from. */
export const PURSE_PACKAGE_AID = unhex('f04b4f5a454e49')

/** Class byte of all the purse's own instructions. */
export const PURSE_CLA = 0x80

export const INS = {
  /** A sealed message of the center; the answer is a sealed RESULT or FENCED. */
  message: 0x10,
  /** A terminal's certificate and its signature over the chip's challenge; the answer is an Acquaintance. */
  introduce: 0x20,
  /** A terminal's signed request; the answer is a signed receipt. Repeating it repeats the answer. */
  debit: 0x22,
  void: 0x24,
  /** A sale number of the introduced terminal; the answer is that sale's newest receipt. */
  readReceipt: 0x26,
  /** The bound device's signed hello; the answer is the chip's confirmation. */
  holderHello: 0x30,
  /** A request sealed under the session that holderHello opened; the answer is sealed too. */
  holderRequest: 0x32,
  /** A PIN, enciphered to the chip, with the digest of the one request it is for. */
  verifyPin: 0x34,
} as const

/** What SELECT answers, and all that anybody learns who has not authenticated (C-11). */
export interface Greeting {
  readonly version: number
  /** New at every SELECT. */
  readonly challenge: Bytes
}

export const greeting = struct<Greeting>({ version: u8, challenge: bytes(CHALLENGE_BYTES) })

/** One instruction to the purse. */
export const purseCommand = (ins: number, data: Bytes): CommandApdu => commandApdu(PURSE_CLA, ins, 0, 0, data)

/** SELECT by name (ISO 7816-4 §11.2.2). */
export const selectCommand = (aid: Bytes): CommandApdu => commandApdu(0x00, 0xa4, 0x04, 0x00, aid)

/**
 * The data groups that STORE DATA brings to a program that has none yet, through the card manager's channel (P-1):
 * tag 1 ‖ length 2 ‖ value. `makeKey` is answered with the chip's new public key; `identity` comes first;
 * `activate` is refused until all others have come. Repeating a group with the same bytes is harmless.
 */
export const GROUP = { identity: 0x01, keys: 0x02, makeKey: 0x03, certificate: 0x04, activate: 0x05 } as const

/** One data group, as STORE DATA carries it. */
export const group = (tag: number, value: Bytes): Bytes =>
  concat(Uint8Array.of(tag, value.length >> 8, value.length & 0xff), value)

/** Who the purse is, and whom it believes. */
export interface Identity {
  readonly purse: PurseId
  readonly device: DeviceId
  readonly currency: Currency
  readonly chipClass: ChipClass
  readonly epoch: number
  readonly time: number
  readonly issuerKeyVersion: number
  /** The key that signs certificates. */
  readonly issuerKey: Bytes
  /** The bound device's key (C-11). */
  readonly deviceKey: Bytes
}

export const identity = struct<Identity>({
  purse: name<PurseId>(),
  device: name<DeviceId>(),
  currency,
  chipClass: choice<ChipClass>(CHIP_CLASS),
  epoch: u32,
  time: u32,
  issuerKeyVersion: u8,
  issuerKey: bytes(POINT_BYTES),
  deviceKey: bytes(POINT_BYTES),
})

/** One version of the purse's secret keys, as the `keys` group and a later key change carry it. */
export const keySet = struct<PurseKeys>({ version: u8, mac: bytes(32), encryption: bytes(16), receipt: bytes(32) })
