/**
 * A chip small enough to be obviously right: a name, a purse with value, the holder's session by the protocol's own
 * functions. Its messages are sealed by nobody: kind 1 ‖ number 4 ‖ amount 4, or nothing to ask; the answer is the
 * number last executed and whether it was applied. Goes away before or after it acts, when told to.
 */
import { type Bytes, bigEndian, concat, equal, fromBigEndian, NO_BYTES } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import type { Dice } from '@kozeni/base/dice'
import { type ChipId, id, idBytes, type PurseId } from '@kozeni/base/ids'
import { MONEY_MAX, type Money, money, total } from '@kozeni/base/money'
import { decodeCommand, encodeResponse } from '@kozeni/protocol/apdu'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'
import { GP_TAG, ISSUER_DOMAIN_AID } from '@kozeni/protocol/globalplatform'
import { header } from '@kozeni/protocol/header'
import {
  HOLDER_REQUEST,
  holderHello,
  type SessionKeys,
  sealHolder,
  sessionKeys,
  standing,
  unsealHolder,
} from '@kozeni/protocol/holder'
import { derive } from '@kozeni/protocol/keys'
import { digestOf } from '@kozeni/protocol/operation'
import { GROUP, greeting, INS, PURSE_AID } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import { tlv } from '@kozeni/protocol/tlv'

export type Gone = 'before' | 'after' | undefined
export const CHIP = id<ChipId>('00c0c0c0c0c0c0c0')
export const LOAD = 1
export const PAY = 2

export class ModelChip implements Reader {
  readonly key: Bytes
  readonly publicKey: Bytes
  gone: () => Gone = () => undefined
  /** Set when it is personalised. */
  purse: PurseId | undefined
  device: { readonly key: Bytes } | undefined
  credits = 0n
  debits = 0n
  pin: Bytes | undefined
  pinTries = 3
  pinAbove: Money = MONEY_MAX
  frozen = false
  /** References of pays, so that the digest can be made again. */
  referenceOf: (number: number) => Bytes = () => new Uint8Array(16)
  #last: Bytes = encodeLast(0, false)
  #challenge: Bytes = NO_BYTES
  #session: SessionKeys | undefined
  #counter = 0
  #verified: Bytes | undefined
  readonly #dice: Dice

  constructor(dice: Dice) {
    this.#dice = dice
    this.key = crypto.generate(dice)
    this.publicKey = crypto.publicKey(this.key)
  }

  get value(): bigint {
    return this.credits - this.debits
  }

  async connect(): Promise<boolean> {
    return true
  }

  async disconnect(): Promise<void> {
    this.#session = undefined
    this.#verified = undefined
  }

  async transmit(apdu: Bytes): Promise<Bytes | undefined> {
    const gone = this.gone()
    if (gone === 'before') return undefined
    const command = decodeCommand(apdu)
    if (command === undefined) return encodeResponse({ data: NO_BYTES, statusWord: 0x6700 })
    const answer = this.#obey(command.ins, command.p1, command.p2, command.data)
    if (gone === 'after') return undefined
    const statusWord = typeof answer === 'number' ? answer : 0x9000
    return encodeResponse({ data: typeof answer === 'number' ? NO_BYTES : answer, statusWord })
  }

  #obey(ins: number, p1: number, p2: number, data: Bytes): Bytes | number {
    if (ins === 0xa4 && equal(data, ISSUER_DOMAIN_AID)) return NO_BYTES
    if (ins === 0xca && ((p1 << 8) | p2) === GP_TAG.cardNumber) return tlv(GP_TAG.cardNumber, idBytes(CHIP))
    if (ins === GROUP.activate) return this.publicKey
    if (this.purse === undefined) return 0x6a82
    if (ins === 0xa4 && equal(data, PURSE_AID)) return this.#greet()
    if (ins === INS.message) return this.#message(data)
    if (ins === INS.holderHello) return this.#hello(this.purse, data)
    if (ins === INS.holderRequest && this.#session) return this.#request(this.purse, this.#session, data)
    return ins === INS.verifyPin && this.#session ? this.#verifyPin(this.purse, data) : 0x6985
  }

  #greet(): Bytes {
    this.#session = undefined
    this.#verified = undefined
    this.#challenge = this.#dice.bytes(8)
    return greeting.write({ version: 1, challenge: this.#challenge })
  }

  #message(data: Bytes): Bytes | number {
    if (data.length === 0) return this.#last
    const [kind = 0] = data
    const number = Number(fromBigEndian(data.slice(1, 5)))
    const amount = money(fromBigEndian(data.slice(5, 9)))
    if (number <= lastNumber(this.#last)) return this.#last
    if (kind === PAY && this.frozen) return 0x9408
    if (kind === PAY && amount > this.pinAbove && !this.#isOpen(number, amount)) return 0x9409
    const applied = kind === LOAD || this.value >= amount
    if (applied && kind === LOAD) this.credits += amount
    if (applied && kind === PAY) this.debits += amount
    this.#last = encodeLast(number, applied)
    return this.#last
  }

  #isOpen(number: number, amount: Money): boolean {
    if (this.purse === undefined || this.#verified === undefined) return false
    const place = { purse: this.purse, epoch: 1, number, kind: 'pay', amount } as const
    const reference = this.referenceOf(number)
    return equal(this.#verified, digestOf(crypto, { ...place, currency: currency('JPY'), reference }))
  }

  #hello(purse: PurseId, data: Bytes): Bytes | number {
    const body = data.slice(0, holderHello.size)
    const hello = holderHello.read(body)
    if (!this.device || !crypto.verify(this.device.key, body, data.slice(holderHello.size))) return 0x6982
    if (hello?.purse !== purse || !equal(hello.challenge, this.#challenge)) return 0x6a80
    const shared = crypto.agree(this.key, hello.oneTimeKey)
    if (shared === undefined) return 0x6a80
    this.#session = sessionKeys(crypto, shared, this.#challenge)
    this.#counter = 0
    return sealHolder(crypto, this.#session, 'holder-answer', purse, this.#counter++, NO_BYTES)
  }

  #request(purse: PurseId, session: SessionKeys, data: Bytes): Bytes | number {
    const body = unsealHolder(crypto, session, 'holder-request', purse, this.#counter, data)
    if (body === undefined) return 0x6988
    const counter = this.#counter++
    const answer = this.#serve(body)
    return typeof answer === 'number' ? answer : sealHolder(crypto, session, 'holder-answer', purse, counter, answer)
  }

  #serve(body: Bytes): Bytes | number {
    if (body[0] === HOLDER_REQUEST.history) return NO_BYTES
    if (body[0] === HOLDER_REQUEST.freeze) this.frozen = body[1] === 1
    if (body[0] === HOLDER_REQUEST.setPin) {
      if (this.pin && !(this.#verified && equal(this.#verified, new Uint8Array(32)))) return 0x9409
      this.pin = body.slice(1)
    }
    const { frozen, pinTries, pinAbove } = this
    const settings = { blocked: false, frozen, pinSet: this.pin !== undefined, pinTries, pinAbove }
    const totals = { credits: total(this.credits), debits: total(this.debits), seq: 0, flag: false }
    return standing.write({ ...totals, ...settings, maximumValue: MONEY_MAX })
  }

  #verifyPin(purse: PurseId, data: Bytes): Bytes | number {
    this.#verified = undefined
    const shared = crypto.agree(this.key, data.slice(0, 65))
    if (this.pin === undefined || shared === undefined) return 0x6a88
    if (this.pinTries === 0) return 0x6983
    const keys = derive(crypto, shared, 'kozeni pin', this.#challenge, 48)
    const tag = data.slice(65, 81)
    const block = crypto.ctr(keys.slice(32), tag, data.slice(81))
    const head = header.write({ version: 1, type: 'pin', direction: 'to-chip', purse, keyVersion: 0 })
    if (!equal(tag, crypto.hmac(keys.slice(0, 32), concat(head, block)).slice(0, 16))) return 0x6988
    if (!equal(block.slice(0, 8), this.pin)) return 0x63c0 | --this.pinTries
    this.pinTries = 3
    this.#verified = block.slice(8)
    return NO_BYTES
  }
}

const encodeLast = (number: number, applied: boolean): Bytes =>
  concat(bigEndian(number, 4), Uint8Array.of(applied ? 1 : 0))

/** The number that a message's answer names. */
export const lastNumber = (answer: Bytes): number => Number(fromBigEndian(answer.slice(0, 4)))
