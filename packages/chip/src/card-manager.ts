/**
 * The card manager: GlobalPlatform's issuer security domain. Opens the secure channel, and through it lets the issuer,
 * and nobody else, manage what is on the chip. Before a channel it only tells what the chip is.
 * @spec C-4, C-5, GlobalPlatform Card Specification 2.3.1 §11, Amendment D
 */
import { type Bytes, concat, NO_BYTES } from '@kozeni/base/bytes'
import type { CommandApdu, ResponseApdu } from '@kozeni/protocol/apdu'
import { CARD_STATE, GP_INS } from '@kozeni/protocol/globalplatform'
import {
  encodeInitialized,
  HOST_CHALLENGE_BYTES,
  type Opening,
  opening,
  SECURITY_LEVEL,
  type Session,
} from '@kozeni/protocol/scp03'
import { openCard, unwrapCommand, wrapAnswer } from '@kozeni/protocol/scp03-card'
import { readTlvs, tlv, valueOf } from '@kozeni/protocol/tlv'
import { Content } from './content.ts'
import { keyReceipt, readKeySet, withKeySet } from './key-change.ts'
import { type KeySet, keySetOf } from './key-sets.ts'
import { dataObject, diversification, domainTemplate, SCP_OPTIONS, statusRows } from './manager-answers.ts'
import type { ManagerPages } from './manager-pages.ts'
import type { ChipParts } from './programs.ts'
import { done, refuse, SW } from './status-word.ts'

const KNOWN = Object.values<number>(GP_INS)
const KEYS_FROM_ONE = 0x81

export class CardManager {
  readonly #parts: ChipParts
  readonly #pages: ManagerPages
  readonly #content: Content
  #opening: (Opening & { readonly keySet: KeySet }) | undefined
  #channel: { readonly session: Session; readonly keySet: KeySet } | undefined

  constructor(parts: ChipParts, pages: ManagerPages) {
    this.#parts = parts
    this.#pages = pages
    this.#content = new Content(parts, pages)
  }

  /** Closes the channel and forgets what was going on. */
  reset(): void {
    this.#opening = undefined
    this.#channel = undefined
    this.#content.reset()
  }

  /** The answer to SELECT. */
  select(): ResponseApdu {
    this.reset()
    const locked = this.#pages.registry.state === CARD_STATE.locked
    return { data: domainTemplate, statusWord: locked ? SW.warningLocked : SW.done }
  }

  process(command: CommandApdu): ResponseApdu {
    if (command.cla === 0x84 || command.cla === 0x04) return this.#secured(command)
    if (command.cla !== 0x80 && command.cla !== 0x00) return refuse('classUnknown')
    if (command.ins === GP_INS.getData) return this.#getData(command)
    if (command.cla === 0x00) return refuse('instructionUnknown')
    this.reset() // a channel does not go on beside commands that came from outside it
    if (command.ins === GP_INS.initializeUpdate) return this.#initializeUpdate(command)
    return refuse(KNOWN.includes(command.ins) ? 'notAuthenticated' : 'instructionUnknown')
  }

  #initializeUpdate({ p1, p2, data }: CommandApdu): ResponseApdu {
    if (p2 !== 0) return refuse('parametersWrong')
    if (data.length !== HOST_CHALLENGE_BYTES) return refuse('lengthWrong')
    const keySet = keySetOf(this.#pages.keySets, p1)
    if (keySet === undefined) return refuse('notFound')
    const { crypto, dice } = this.#parts
    const challenge = dice.bytes(HOST_CHALLENGE_BYTES)
    const made = opening(crypto, keySet, data, challenge)
    this.#opening = { ...made, keySet }
    return done(
      encodeInitialized({
        diversification: diversification(this.#pages.identity),
        keyVersion: keySet.version,
        options: SCP_OPTIONS,
        challenge,
        cryptogram: made.cardCryptogram,
        sequence: NO_BYTES,
      }),
    )
  }

  #secured(command: CommandApdu): ResponseApdu {
    if (command.cla === 0x84 && command.ins === GP_INS.externalAuthenticate) return this.#externalAuthenticate(command)
    const inside = this.#channel && unwrapCommand(this.#parts.crypto, this.#channel.session, command)
    if (this.#channel === undefined || inside === undefined) {
      this.reset()
      return refuse('notAuthenticated')
    }
    this.#channel = { ...this.#channel, session: inside.session }
    return wrapAnswer(this.#parts.crypto, inside.session, this.#manage(inside.command, this.#channel))
  }

  #externalAuthenticate(command: CommandApdu): ResponseApdu {
    const made = this.#opening
    this.reset()
    if (made === undefined) return refuse('conditionsWrong')
    if (command.p2 !== 0) return refuse('parametersWrong')
    const session = openCard(this.#parts.crypto, made, command)
    if (session === undefined) return refuse('cryptogramWrong')
    this.#channel = { session, keySet: made.keySet }
    return done()
  }

  /** A command that the issuer sent. A locked chip only tells, and can be unlocked; a terminated one only tells. */
  #manage(command: CommandApdu, channel: { readonly session: Session; readonly keySet: KeySet }): ResponseApdu {
    if (command.ins === GP_INS.getData) return this.#getData(command)
    if (command.cla === 0x00) return refuse('instructionUnknown')
    if (command.ins === GP_INS.getStatus) return this.#getStatus(command)
    const { state } = this.#pages.registry
    if (state === CARD_STATE.terminated) return refuse('conditionsWrong')
    if (command.ins === GP_INS.setStatus) return this.#setStatus(command)
    return state === CARD_STATE.locked ? refuse('conditionsWrong') : this.#change(command, channel)
  }

  #change(
    command: CommandApdu,
    { session, keySet }: { readonly session: Session; readonly keySet: KeySet },
  ): ResponseApdu {
    switch (command.ins) {
      case GP_INS.install:
        return this.#content.install(command)
      case GP_INS.load:
        return this.#content.load(command)
      case GP_INS.delete:
        return this.#delete(command, keySet)
      case GP_INS.putKey:
        return this.#putKey(command, keySet)
      case GP_INS.storeData:
        return isSecret(session) ? this.#content.storeData(command) : refuse('notAuthenticated')
      default:
        return refuse('instructionUnknown')
    }
  }

  /** GlobalPlatform's class asks for the data object, ISO's for its value alone. @spec §11.3.3.1 */
  #getData({ cla, p1, p2 }: CommandApdu): ResponseApdu {
    const tag = (p1 << 8) | p2
    const value = dataObject(tag, this.#pages.identity, this.#pages.keySets)
    if (value === undefined) return refuse('notFound')
    return done(cla === 0x00 ? value : tlv(tag, value))
  }

  #getStatus({ p1, p2, data }: CommandApdu): ResponseApdu {
    if (p2 !== 0x02) return refuse('parametersWrong')
    const prefix = valueOf(readTlvs(data), 0x4f)
    if (prefix === undefined) return refuse('dataWrong')
    const rows = statusRows(p1, prefix, this.#pages.registry)
    if (rows === undefined) return refuse('parametersWrong')
    return rows.length === 0 ? refuse('notFound') : done(concat(...rows))
  }

  #setStatus({ p1, p2, data }: CommandApdu): ResponseApdu {
    if (p1 === 0x80) return this.#content.setCardState(p2)
    return p1 === 0x40 ? this.#content.setProgramState(data, p2) : refuse('parametersWrong')
  }

  #delete({ p1, p2, data }: CommandApdu, current: KeySet): ResponseApdu {
    if (p1 !== 0 || (p2 !== 0 && p2 !== 0x80)) return refuse('parametersWrong')
    const objects = readTlvs(data)
    const aid = valueOf(objects, 0x4f)
    if (aid !== undefined) return this.#content.delete(aid, p2 === 0x80)
    const version = valueOf(objects, 0xd2)
    return version?.length === 1 ? this.#deleteKeys(version, current) : refuse('dataWrong')
  }

  /** Neither the set of this channel nor the last one. */
  #deleteKeys([version]: Bytes, current: KeySet): ResponseApdu {
    const { keySets } = this.#pages
    if (!keySets.some(set => set.version === version)) return refuse('notFound')
    if (current.version === version || keySets.length === 1) return refuse('conditionsWrong')
    this.#pages.keySets = keySets.filter(set => set.version !== version)
    return done(Uint8Array.of(0))
  }

  #putKey({ p1, p2, data }: CommandApdu, current: KeySet): ResponseApdu {
    if (p2 !== KEYS_FROM_ONE) return refuse('parametersWrong')
    const next = readKeySet(this.#parts.crypto, current.dataEncryption, data)
    if (next === undefined) return refuse('dataWrong')
    const sets = withKeySet(this.#pages.keySets, p1, next)
    if (typeof sets === 'string') return refuse(sets)
    this.#pages.keySets = sets
    return done(keyReceipt(this.#parts.crypto, next))
  }
}

/** Whether commands come authentic and enciphered: personal data comes in no other way. */
const isSecret = ({ level }: Session): boolean =>
  (level & SECURITY_LEVEL.commandSecret) === SECURITY_LEVEL.commandSecret
