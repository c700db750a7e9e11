/**
 * Card management as the host speaks it: the commands that turn a blank chip into a carrier of programs, as plain APDUs
 * (the channel wraps them, scp03.ts), and what their answers mean.
 * Order of an installation, resumable at every step: SELECT → INITIALIZE UPDATE → EXTERNAL AUTHENTICATE → GET STATUS →
 * [INSTALL for load, LOAD …] → [INSTALL for install] → INSTALL for personalization → STORE DATA …
 * @spec GlobalPlatform Card Specification 2.3.1 §11
 */
import { type Bytes, concat, hex, NO_BYTES, unhex } from '@kozeni/base/bytes'
import { type ChipId, ID_BYTES, isId } from '@kozeni/base/ids'
import { type CommandApdu, commandApdu } from './apdu.ts'
import type { Crypto } from './crypto.ts'
import type { CardKeys } from './keys.ts'
import { encodeLoadFile, type LoadFile, moduleAid } from './loadfile.ts'
import { selectCommand } from './purse.ts'
import { readTlvs, tlv, valueOf } from './tlv.ts'

/** The issuer security domain: the card manager's name. */
export const ISSUER_DOMAIN_AID = unhex('a000000151000000')

export const GP_INS = {
  initializeUpdate: 0x50,
  externalAuthenticate: 0x82,
  getData: 0xca,
  putKey: 0xd8,
  storeData: 0xe2,
  delete: 0xe4,
  install: 0xe6,
  load: 0xe8,
  setStatus: 0xf0,
  getStatus: 0xf2,
} as const

/** GET DATA's objects. */
export const GP_TAG = {
  issuerNumber: 0x42,
  /** Holds the chip's name. */
  cardNumber: 0x45,
  cardData: 0x66,
  keyInformation: 0xe0,
  productionLife: 0x9f7f,
} as const

/** What GET STATUS lists, by P1. */
export const LISTED = { domain: 0x80, programs: 0x40, loadFiles: 0x20, loadFilesAndModules: 0x10 } as const

/** INSTALL's purposes, by P1. */
export const INSTALL_FOR = { load: 0x02, installAndSelect: 0x0c, personalization: 0x20 } as const

/** Life cycle of the chip. @spec §5.1 */
export const CARD_STATE = { opReady: 0x01, initialized: 0x07, secured: 0x0f, locked: 0x7f, terminated: 0xff } as const

/** Life cycle of a program, and of a load file (`loaded`). @spec §5.2, §5.3 */
export const PROGRAM_STATE = { loaded: 0x01, installed: 0x03, selectable: 0x07 } as const
/** Set in a program's state while it is locked. */
export const LOCKED = 0x80

const CLA = 0x80

/** The chip's name is in its card number. */
export const getData = (tag: number): CommandApdu => commandApdu(CLA, GP_INS.getData, tag >> 8, tag & 0xff)

/** First of all: whoever was selected before, now it is the card manager. */
export const selectIssuerDomain = (): CommandApdu => selectCommand(ISSUER_DOMAIN_AID)

/** @returns the name in an answer to GET DATA(cardNumber), undefined when there is none */
export function chipIdOf(answer: Bytes): ChipId | undefined {
  const value = valueOf(readTlvs(answer), GP_TAG.cardNumber)
  const text = value?.length === ID_BYTES ? hex(value) : ''
  return isId(text) ? (text as ChipId & typeof text) : undefined
}

/** @param aid  only what has this name; nothing: everything */
export const getStatus = (listed: (typeof LISTED)[keyof typeof LISTED], aid: Bytes = NO_BYTES): CommandApdu =>
  commandApdu(CLA, GP_INS.getStatus, listed, 0x02, tlv(0x4f, aid))

/** One row of what is on a chip. */
export interface Listed {
  readonly aid: Bytes
  readonly state: number
  /** Programs: the package it was made from. */
  readonly packageAid: Bytes | undefined
  /** Load files: the layout version of their program's record. */
  readonly version: number | undefined
}

/** @returns undefined when the bytes are no answer to GET STATUS */
export function readStatus(answer: Bytes): readonly Listed[] | undefined {
  const rows = readTlvs(answer)?.map(({ tag, value }) => (tag === 0xe3 ? readRow(value) : undefined))
  return rows?.every(row => row !== undefined) ? rows : undefined
}

function readRow(value: Bytes): Listed | undefined {
  const fields = readTlvs(value)
  const aid = valueOf(fields, 0x4f)
  const state = valueOf(fields, 0x9f70)?.[0]
  const [high, low] = valueOf(fields, 0xce) ?? NO_BYTES
  if (aid === undefined || state === undefined) return undefined
  const version = high === undefined || low === undefined ? undefined : (high << 8) | low
  return { aid, state, packageAid: valueOf(fields, 0xc4), version }
}

const counted = (value: Bytes): Bytes => concat(Uint8Array.of(value.length), value)

/** @param module  what LOAD is about to bring; its hash is announced. @spec §11.5.2.3.1 */
export const installForLoad = (crypto: Crypto, { packageAid, module }: LoadFile): CommandApdu =>
  install(INSTALL_FOR.load, packageAid, ISSUER_DOMAIN_AID, crypto.sha256(module), NO_BYTES, NO_BYTES)

/** Makes a program of the package's module, with an empty store, and lets it be selected. @spec §11.5.2.3.2 */
export const installAndMakeSelectable = (packageAid: Bytes, aid: Bytes): CommandApdu =>
  install(
    INSTALL_FOR.installAndSelect,
    packageAid,
    moduleAid(packageAid),
    aid,
    Uint8Array.of(0),
    Uint8Array.of(0xc9, 0),
    NO_BYTES,
  )

/** From now on STORE DATA goes to this program. @spec §11.5.2.3.6 */
export const installForPersonalization = (aid: Bytes): CommandApdu =>
  install(INSTALL_FOR.personalization, NO_BYTES, NO_BYTES, aid, NO_BYTES, NO_BYTES, NO_BYTES)

const install = (purpose: number, ...fields: readonly Bytes[]): CommandApdu =>
  commandApdu(CLA, GP_INS.install, purpose, 0x00, concat(...fields.map(counted)))

/** The most data that still fit a short APDU when the channel enciphers them and adds its MAC. */
export const SHORT_DATA_MAX = 239

/**
 * The whole load file, block by block.
 *
 * @param blockBytes  up to 2,000 for chips and readers that take extended APDUs
 */
export function loadBlocks(file: LoadFile, blockBytes = SHORT_DATA_MAX): readonly CommandApdu[] {
  const whole = encodeLoadFile(ISSUER_DOMAIN_AID, file)
  const count = Math.ceil(whole.length / blockBytes)
  return Array.from({ length: count }, (_, i) =>
    commandApdu(
      CLA,
      GP_INS.load,
      i === count - 1 ? 0x80 : 0x00,
      i & 0xff,
      whole.slice(i * blockBytes, (i + 1) * blockBytes),
    ),
  )
}

/**
 * One data group for the program under personalisation.
 *
 * @param index  of this group in this sequence, from 0
 * @param last   nothing follows; the next group wants another INSTALL [for personalization]
 */
export const storeData = (data: Bytes, index: number, last: boolean): CommandApdu =>
  commandApdu(CLA, GP_INS.storeData, last ? 0x80 : 0x00, index & 0xff, data)

/** @param related  with a package, its programs too. A program that holds value is not deleted (C-5). */
export const deleteContent = (aid: Bytes, related = false): CommandApdu =>
  commandApdu(CLA, GP_INS.delete, 0x00, related ? 0x80 : 0x00, tlv(0x4f, aid))

/** Takes a key set away; not the one of this channel, and not the last. */
export const deleteKeys = (version: number): CommandApdu =>
  commandApdu(CLA, GP_INS.delete, 0x00, 0x00, tlv(0xd2, Uint8Array.of(version)))

/** @param target  the chip (its domain), or a program by name */
export const setStatus = (target: { readonly program: Bytes } | 'card', state: number): CommandApdu =>
  target === 'card'
    ? commandApdu(CLA, GP_INS.setStatus, 0x80, state)
    : commandApdu(CLA, GP_INS.setStatus, 0x40, state, target.program)

const KEY_TYPE_AES = 0x88

/**
 * Puts a key set on the chip, beside the others or in place of one.
 *
 * @param now       the channel's own static keys: new ones travel enciphered under their data-encryption key as well
 * @param replaces  version of the set to replace, or 0: add
 * @spec §11.8, Amendment D §7.2
 */
export function putKeys(crypto: Crypto, now: CardKeys, next: CardKeys, version: number, replaces = 0): CommandApdu {
  const one = (key: Bytes): Bytes =>
    concat(
      Uint8Array.of(KEY_TYPE_AES, key.length + 1, key.length),
      crypto.cbcEncrypt(now.dataEncryption, new Uint8Array(16), padToBlocks(key)),
      counted(keyCheck(crypto, key)),
    )
  const keys = [next.encryption, next.mac, next.dataEncryption].map(one)
  return commandApdu(CLA, GP_INS.putKey, replaces, 0x81, concat(Uint8Array.of(version), ...keys))
}

/** Keys of 24 bytes fill two blocks. */
const padToBlocks = (key: Bytes): Bytes => concat(key, new Uint8Array((16 - (key.length % 16)) % 16))

/** Three bytes that tell whether two parties hold the same AES key. @spec §B.6 */
export const keyCheck = (crypto: Crypto, key: Bytes): Bytes =>
  crypto.cbcEncrypt(key, new Uint8Array(16), new Uint8Array(16).fill(1)).slice(0, 3)
