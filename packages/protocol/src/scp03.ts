/**
 * Secure Channel Protocol 03, host's end: a channel that only a chip with these keys can open. Pure: a session is plain
 * bytes that a relay's token can carry sealed (P-4), and the same session and input always give the same bytes.
 * The card's end is scp03-card.ts. Challenges and MACs of eight bytes ("S8"); AES-128, -192 and -256 keys.
 * @spec GlobalPlatform Card Specification 2.3.1, Amendment D 1.1.2
 */
import { type Bytes, bigEndian, concat, equal, NO_BYTES } from '@kozeni/base/bytes'
import { type CommandApdu, commandApdu, type ResponseApdu } from './apdu.ts'
import type { Crypto } from './crypto.ts'
import type { CardKeys } from './keys.ts'

/** What a channel protects, as EXTERNAL AUTHENTICATE names it in P1. */
export const SECURITY_LEVEL = {
  /** Commands are authentic. */
  commandMac: 0x01,
  /** … and their data secret. */
  commandSecret: 0x03,
  /** Commands and answers are authentic. */
  bothMac: 0x11,
  /** … and the commands' data secret. */
  commandSecretBothMac: 0x13,
  /** Everything is authentic and secret. What installing uses. */
  bothSecret: 0x33,
} as const

export type SecurityLevel = (typeof SECURITY_LEVEL)[keyof typeof SECURITY_LEVEL]

/** Whether a chip and a host may agree on it. */
export const isSecurityLevel = (level: number): level is SecurityLevel =>
  Object.values<number>(SECURITY_LEVEL).includes(level)

/** One end's half of an open channel, after so many commands. Secret. */
export interface Session {
  readonly level: SecurityLevel
  readonly encryption: Bytes
  readonly mac: Bytes
  readonly answerMac: Bytes
  /** The MAC before, which the next one goes on from: sixteen bytes. */
  readonly chaining: Bytes
  /** Commands since EXTERNAL AUTHENTICATE. */
  readonly counter: number
}

export const HOST_CHALLENGE_BYTES = 8
export const SCP_MAC_BYTES = 8
const CRYPTOGRAM_BYTES = 8
const BLOCK = 16

const DERIVE = {
  cardCryptogram: 0x00,
  hostCryptogram: 0x01,
  cardChallenge: 0x02,
  encryption: 0x04,
  mac: 0x06,
  answerMac: 0x07,
} as const

/** @spec Amendment D §4.1.5: SP 800-108 in counter mode over AES-CMAC. */
function kdf(crypto: Crypto, key: Bytes, constant: number, context: Bytes, size: number): Bytes {
  const block = (counter: number): Bytes =>
    crypto.cmac(
      key,
      concat(new Uint8Array(11), Uint8Array.of(constant, 0), bigEndian(8 * size, 2), Uint8Array.of(counter), context),
    )
  return concat(block(1), size > BLOCK ? block(2) : NO_BYTES).slice(0, size)
}

/** The keys of a session that both challenges together make, and what proves them to the other end. */
export interface Opening {
  readonly keys: Pick<Session, 'encryption' | 'mac' | 'answerMac'>
  readonly cardCryptogram: Bytes
  readonly hostCryptogram: Bytes
}

/** @spec Amendment D §6.2.1–6.2.2 */
export function opening(crypto: Crypto, keys: CardKeys, hostChallenge: Bytes, cardChallenge: Bytes): Opening {
  const context = concat(hostChallenge, cardChallenge)
  const make = (key: Bytes, constant: number): Bytes => kdf(crypto, key, constant, context, key.length)
  const mac = make(keys.mac, DERIVE.mac)
  return {
    keys: { mac, encryption: make(keys.encryption, DERIVE.encryption), answerMac: make(keys.mac, DERIVE.answerMac) },
    cardCryptogram: kdf(crypto, mac, DERIVE.cardCryptogram, context, CRYPTOGRAM_BYTES),
    hostCryptogram: kdf(crypto, mac, DERIVE.hostCryptogram, context, CRYPTOGRAM_BYTES),
  }
}

/** A card challenge that can be computed beforehand, for cards of option i = 10. @spec Amendment D §6.2.2.1 */
export const pseudoRandomChallenge = (crypto: Crypto, keys: CardKeys, sequence: Bytes, domain: Bytes): Bytes =>
  kdf(crypto, keys.encryption, DERIVE.cardChallenge, concat(sequence, domain), CRYPTOGRAM_BYTES)

/** What a chip says to INITIALIZE UPDATE. @spec Amendment D §7.1.1.6 */
export interface Initialized {
  readonly diversification: Bytes
  readonly keyVersion: number
  /** The protocol's options, "i". */
  readonly options: number
  readonly challenge: Bytes
  readonly cryptogram: Bytes
  /** Three bytes from cards with pseudo-random challenges, none from others. */
  readonly sequence: Bytes
}

const SCP03 = 0x03

/** The bytes of INITIALIZE UPDATE's answer. */
export const encodeInitialized = (it: Initialized): Bytes =>
  concat(it.diversification, Uint8Array.of(it.keyVersion, SCP03, it.options), it.challenge, it.cryptogram, it.sequence)

/** @returns undefined when the bytes are no answer of SCP03 with challenges of eight bytes */
export function decodeInitialized(data: Bytes): Initialized | undefined {
  const [keyVersion, protocol, options] = data.slice(10, 13)
  if (keyVersion === undefined || options === undefined || protocol !== SCP03) return undefined
  const sequence = data.slice(29)
  if (data.length < 29 || (sequence.length !== 0 && sequence.length !== 3)) return undefined
  const [diversification, challenge, cryptogram] = [data.slice(0, 10), data.slice(13, 21), data.slice(21, 29)]
  return { diversification, keyVersion, options, challenge, cryptogram, sequence }
}

/** @param keyVersion  00: the card's newest */
export const initializeUpdate = (hostChallenge: Bytes, keyVersion = 0): CommandApdu =>
  commandApdu(0x80, 0x50, keyVersion, 0x00, hostChallenge)

/**
 * Checks the chip's answer to INITIALIZE UPDATE and makes the EXTERNAL AUTHENTICATE that opens the channel.
 *
 * @returns undefined when the answer is none, or the chip does not have these keys
 * @spec Amendment D §7.1.2
 */
export function openHost(
  crypto: Crypto,
  keys: CardKeys,
  hostChallenge: Bytes,
  answer: Bytes,
  level: SecurityLevel,
): { readonly command: CommandApdu; readonly session: Session } | undefined {
  const card = decodeInitialized(answer)
  if (card === undefined) return undefined
  const made = opening(crypto, keys, hostChallenge, card.challenge)
  if (!equal(made.cardCryptogram, card.cryptogram)) return undefined
  const plain = commandApdu(0x80, 0x82, level, 0x00, made.hostCryptogram)
  const closed: Session = { level, ...made.keys, chaining: new Uint8Array(BLOCK), counter: 0 }
  const { command, session } = addMac(crypto, closed, plain)
  return { command: { ...command, expected: 0 }, session }
}

/** One command as it goes through the channel. @spec Amendment D §6.2.4, §6.2.6 */
export function wrap(
  crypto: Crypto,
  session: Session,
  command: CommandApdu,
): { readonly command: CommandApdu; readonly session: Session } {
  const counted = { ...session, counter: session.counter + 1 }
  const secret = (session.level & 0x02) !== 0 && command.data.length > 0
  const data = secret
    ? crypto.cbcEncrypt(session.encryption, commandIv(crypto, counted), padded(command.data))
    : command.data
  return addMac(crypto, counted, { ...command, data })
}

/**
 * One answer as the chip meant it. An answer that says an error is never protected: believe no more than that the
 * chip, or somebody on the way, said so.
 *
 * @returns undefined when the answer was not made for this command; the channel is lost then
 * @spec Amendment D §6.2.5, §6.2.7
 */
export function unwrap(crypto: Crypto, session: Session, response: ResponseApdu): ResponseApdu | undefined {
  if ((session.level & 0x10) === 0) return response
  if (isError(response.statusWord)) return response.data.length === 0 ? response : undefined
  const at = response.data.length - SCP_MAC_BYTES
  if (at < 0) return undefined
  const sent = response.data.slice(0, at)
  const expected = answerMac(crypto, session, { ...response, data: sent })
  if (!equal(expected, response.data.slice(at))) return undefined
  const data = opened(crypto, session, sent)
  return data && { ...response, data }
}

function opened(crypto: Crypto, session: Session, sent: Bytes): Bytes | undefined {
  if ((session.level & 0x20) === 0 || sent.length === 0) return sent
  if (sent.length % BLOCK !== 0) return undefined
  return unpadded(crypto.cbcDecrypt(session.encryption, answerIv(crypto, session), sent))
}

function addMac(crypto: Crypto, session: Session, command: CommandApdu): { command: CommandApdu; session: Session } {
  const secured = { ...command, cla: command.cla | 0x04 }
  const chaining = commandMac(crypto, session, secured)
  const data = concat(command.data, chaining.slice(0, SCP_MAC_BYTES))
  return { command: { ...secured, data }, session: { ...session, chaining } }
}

/**
 * All sixteen bytes of a command's MAC, of which eight travel. Lc stands in it as the shortest encoding has it.
 *
 * @param command  with its class byte already marked, its data as they travel, without the MAC
 */
export function commandMac(crypto: Crypto, session: Session, { cla, ins, p1, p2, data }: CommandApdu): Bytes {
  const size = data.length + SCP_MAC_BYTES
  const lc = size > 0xff ? concat(Uint8Array.of(0), bigEndian(size, 2)) : Uint8Array.of(size)
  return crypto.cmac(session.mac, concat(session.chaining, Uint8Array.of(cla, ins, p1, p2), lc, data))
}

/** The eight bytes that follow an answer's data, as they travel. */
export const answerMac = (crypto: Crypto, session: Session, { data, statusWord }: ResponseApdu): Bytes =>
  crypto.cmac(session.answerMac, concat(session.chaining, data, bigEndian(statusWord, 2))).slice(0, SCP_MAC_BYTES)

/** The first block for a command's data: the counter, enciphered. */
export const commandIv = (crypto: Crypto, session: Session): Bytes => firstBlock(crypto, session, 0x00)

/** The first block for an answer's data: the same counter, marked. */
export const answerIv = (crypto: Crypto, session: Session): Bytes => firstBlock(crypto, session, 0x80)

function firstBlock(crypto: Crypto, { encryption, counter }: Session, mark: number): Bytes {
  const block = bigEndian(counter, BLOCK)
  block[0] = mark
  return crypto.cbcEncrypt(encryption, new Uint8Array(BLOCK), block)
}

/** Every status word but 9000 and the warnings 62xx, 63xx. Answers with an error carry neither data nor MAC. */
export const isError = (statusWord: number): boolean =>
  statusWord !== 0x9000 && statusWord >> 8 !== 0x62 && statusWord >> 8 !== 0x63

/** Filled up with 80 00 … to whole blocks (ISO/IEC 9797-1 padding method 2). */
export const padded = (data: Bytes): Bytes =>
  concat(data, Uint8Array.of(0x80), new Uint8Array(BLOCK - 1 - (data.length % BLOCK)))

/** @returns undefined when the bytes were not filled up like that */
export function unpadded(data: Bytes): Bytes | undefined {
  const mark = data.findLastIndex(byte => byte !== 0)
  return mark >= data.length - BLOCK && data[mark] === 0x80 ? data.slice(0, mark) : undefined
}
