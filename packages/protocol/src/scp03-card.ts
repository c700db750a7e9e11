/**
 * Secure Channel Protocol 03, the card's end: the same sessions as scp03.ts, checked instead of made. Pure.
 * @spec GlobalPlatform Card Specification 2.3.1, Amendment D 1.1.2
 */
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import type { CommandApdu, ResponseApdu } from './apdu.ts'
import type { Crypto } from './crypto.ts'
import {
  answerIv,
  answerMac,
  commandIv,
  commandMac,
  isError,
  isSecurityLevel,
  type Opening,
  padded,
  SCP_MAC_BYTES,
  type Session,
  unpadded,
} from './scp03.ts'

/**
 * Checks EXTERNAL AUTHENTICATE.
 *
 * @returns the open channel; undefined when the host does not have the keys, or wants a level that there is not
 * @spec Amendment D §7.1.2
 */
export function openCard(crypto: Crypto, made: Opening, command: CommandApdu): Session | undefined {
  if (!isSecurityLevel(command.p1)) return undefined
  const closed: Session = { level: command.p1, ...made.keys, chaining: new Uint8Array(16), counter: 0 }
  const session = checkMac(crypto, closed, command)
  return session && equal(made.hostCryptogram, macless(command)) ? session : undefined
}

/**
 * A command as the host meant it.
 *
 * @returns undefined when it was not made for this channel and this moment; the channel must be closed then
 */
export function unwrapCommand(
  crypto: Crypto,
  session: Session,
  command: CommandApdu,
): { readonly command: CommandApdu; readonly session: Session } | undefined {
  const next = checkMac(crypto, { ...session, counter: session.counter + 1 }, command)
  if (next === undefined) return undefined
  const data = plainOf(crypto, next, macless(command))
  return data && { command: { ...command, cla: command.cla & ~0x04, data }, session: next }
}

/** An answer as it goes through the channel that its command came by. */
export function wrapAnswer(crypto: Crypto, session: Session, response: ResponseApdu): ResponseApdu {
  if ((session.level & 0x10) === 0) return response
  if (isError(response.statusWord)) return { ...response, data: new Uint8Array(0) }
  const secret = (session.level & 0x20) !== 0 && response.data.length > 0
  const data = secret
    ? crypto.cbcEncrypt(session.encryption, answerIv(crypto, session), padded(response.data))
    : response.data
  return { ...response, data: concat(data, answerMac(crypto, session, { ...response, data })) }
}

const macless = (command: CommandApdu): Bytes => command.data.slice(0, -SCP_MAC_BYTES)

function checkMac(crypto: Crypto, session: Session, command: CommandApdu): Session | undefined {
  if ((command.cla & 0x04) === 0 || command.data.length < SCP_MAC_BYTES) return undefined
  const chaining = commandMac(crypto, session, { ...command, data: macless(command) })
  const sent = command.data.slice(-SCP_MAC_BYTES)
  return equal(chaining.slice(0, SCP_MAC_BYTES), sent) ? { ...session, chaining } : undefined
}

function plainOf(crypto: Crypto, session: Session, sent: Bytes): Bytes | undefined {
  if ((session.level & 0x02) === 0 || sent.length === 0) return sent
  if (sent.length % 16 !== 0) return undefined
  return unpadded(crypto.cbcDecrypt(session.encryption, commandIv(crypto, session), sent))
}
