/**
 * A purse with everybody around it: the center that seals for it, the issuer, a terminal, the bound device. They speak
 * through the protocol's own functions, so that program and protocol hold each other to their word.
 */
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import { type Currency, currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { type DeviceId, id, idBytes, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { MONEY_MAX, money, total } from '@kozeni/base/money'
import type { ResponseApdu } from '@kozeni/protocol/apdu'
import { certify, purseCertificate, terminalCertificate } from '@kozeni/protocol/certificate'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'
import {
  type DebitRequest,
  introduction,
  readReceipt,
  receiptMac,
  type SignedReceipt,
  signRequest,
} from '@kozeni/protocol/debit'
import { holderHello, type SessionKeys, sealHolder, sealPin, sessionKeys, unsealHolder } from '@kozeni/protocol/holder'
import { type PurseKeys, purseKeys } from '@kozeni/protocol/keys'
import {
  type Fenced,
  type Limits,
  type Outcomes,
  type Settings,
  seal,
  type ToChip,
  unseal,
} from '@kozeni/protocol/message'
import { digestOf, type Kind, type Place, REFERENCE_BYTES } from '@kozeni/protocol/operation'
import { GROUP, greeting, group, INS, identity, keySet } from '@kozeni/protocol/purse'
import { ChipForTests } from './chip-for-tests.ts'

export const NOW = 1_800_000_000
export const EPOCH = 1
export const PURSE = id<PurseId>('0102030405060708')
export const DEVICE = id<DeviceId>('0d0d0d0d0d0d0d0d')
export const USD = currency('USD')

/** Limits that stand in nobody's way. */
export const GENEROUS: Limits = {
  maximumValue: MONEY_MAX,
  maximumDebit: MONEY_MAX,
  lowerAmount: MONEY_MAX,
  upperAmount: MONEY_MAX,
  lowerCount: 0xffff_ffff,
  upperCount: 0xffff_ffff,
  pinAbove: MONEY_MAX,
}

const dice = new SeededDice(20)
const issuer = crypto.generate(dice)
/** The bound device's private key. */
export const deviceKey = crypto.generate(dice)
const master = { operations: dice.bytes(32), receipts: dice.bytes(32) }

/** The purse's keys of one version, as the center derives them. */
export const keysOf = (version: number): PurseKeys => purseKeys(crypto, master, version, PURSE)

/** An operation as the center writes it down; its reference is made from its place. */
export interface Order extends Place {
  readonly kind: Kind
  readonly amount: bigint
  readonly currency?: Currency
  readonly prev?: Place
}

const NOTHING: Place = { epoch: 0, number: 0 }

const referenceOf = ({ epoch, number }: Place): Bytes => new Uint8Array(REFERENCE_BYTES).fill(16 * epoch + number)

/** The order as a COMMAND. */
export function commandOf(order: Order): ToChip {
  const { epoch, number, kind, prev = NOTHING } = order
  const place = { epoch, number, kind, prevEpoch: prev.epoch, prevNumber: prev.number }
  const body = { ...place, amount: money(order.amount), currency: order.currency ?? USD, reference: referenceOf(order) }
  return { type: 'command', body }
}

/** @returns the digest that binds the order to its purse */
export const digestOfOrder = (order: Order): Bytes =>
  digestOf(crypto, {
    ...order,
    purse: PURSE,
    amount: money(order.amount),
    currency: order.currency ?? USD,
    reference: referenceOf(order),
  })

/** The order's ABORT. */
export function abortOf(order: Order): ToChip {
  const { epoch, number, kind, prev = NOTHING } = order
  const body = { epoch, number, kind, digest: digestOfOrder(order), prevEpoch: prev.epoch, prevNumber: prev.number }
  return { type: 'abort', body }
}

const signer = (key: Bytes) => (message: Bytes) => crypto.sign(key, message)

/** A till with its key, and the certificate that the issuer gave it. */
export interface Till {
  readonly terminal: TerminalId
  readonly key: Bytes
  readonly certificate: Bytes
}

/** A certified till; what is asked for otherwise is wrong with it. */
export function till(
  name: string,
  wrong: { expires?: number; currency?: Currency; issuer?: Bytes; issuerKeyVersion?: number } = {},
): Till {
  const terminal = id<TerminalId>(name)
  const key = crypto.generate(dice)
  const certificate = certify(signer(wrong.issuer ?? issuer), terminalCertificate, {
    version: 1,
    type: 'terminal-certificate',
    issuerKeyVersion: wrong.issuerKeyVersion ?? 1,
    terminal,
    store: id<StoreId>('0505050505050505'),
    currency: wrong.currency ?? USD,
    expires: wrong.expires ?? NOW + 1000,
    publicKey: crypto.publicKey(key),
  })
  return { terminal, key, certificate }
}

/** The identity group's value. */
export const IDENTITY = identity.write({
  purse: PURSE,
  device: DEVICE,
  currency: USD,
  chipClass: 'software',
  epoch: EPOCH,
  time: NOW,
  issuerKeyVersion: 1,
  issuerKey: crypto.publicKey(issuer),
  deviceKey: crypto.publicKey(deviceKey),
})

/** The issuer's certificate for this chip's key. */
export const certificateFor = (publicKey: Bytes, expires = NOW + 604_800): Bytes =>
  certify(signer(issuer), purseCertificate, {
    version: 1,
    type: 'purse-certificate',
    issuerKeyVersion: 1,
    purse: PURSE,
    chipClass: 'software',
    currency: USD,
    expires,
    publicKey,
  })

/** A chip as a purse for tests needs it: the least one, or the real one over its silicon. */
export interface PurseChip<Self> {
  /** Another chip with the same content. */
  fork(): Self
  select(): ResponseApdu
  send(ins: number, data: Bytes): ResponseApdu
  /** One data group, as STORE DATA brings it. */
  personalise(group: Bytes): ResponseApdu
}

export class PurseForTests<Chip extends PurseChip<Chip> = ChipForTests> {
  readonly chip: Chip
  /** Of the chip's own key; known from personalisation on. */
  publicKey: Bytes = new Uint8Array()
  /** Of the latest SELECT. */
  challenge: Bytes = new Uint8Array()
  /** The number of the latest settings. */
  settings = 0
  #session = { keys: { mac: new Uint8Array(), encryption: new Uint8Array() } as SessionKeys, counter: 0 }

  constructor(chip: Chip) {
    this.chip = chip
  }

  /** One data group of personalisation. */
  store(tag: number, value: Bytes = new Uint8Array()): ResponseApdu {
    return this.chip.personalise(group(tag, value))
  }

  /** All groups in their order, then settings that stand in nobody's way. */
  personalise(): this {
    this.store(GROUP.identity, IDENTITY)
    this.store(GROUP.keys, keySet.write(keysOf(1)))
    this.store(GROUP.keys, keySet.write(keysOf(2)))
    this.publicKey = this.store(GROUP.makeKey).data
    this.store(GROUP.certificate, certificateFor(this.publicKey))
    this.store(GROUP.activate)
    this.set(GENEROUS)
    return this
  }

  /** The same purse on another chip, from here on by itself. */
  fork(): PurseForTests<Chip> {
    const other = new PurseForTests(this.chip.fork())
    return Object.assign(other, { publicKey: this.publicKey, settings: this.settings })
  }

  select(): this {
    const facts = greeting.read(this.chip.select().data)
    if (facts === undefined) throw new Error('no greeting')
    this.challenge = facts.challenge
    return this
  }

  /** Seals the message, delivers it, and opens the answer. */
  say(message: ToChip, version = 1): Outcomes | Fenced {
    const { data, statusWord } = this.deliver(message, version)
    const answer = unseal(crypto, keysOf(version), PURSE, data)
    if (statusWord !== 0x9000 || (answer?.type !== 'result' && answer?.type !== 'fenced'))
      throw new Error(`${statusWord.toString(16)} to ${message.type}`)
    return answer.body
  }

  /** Says what no center says: any bytes of any type, sealed as the center would. */
  sayRaw(type: number, body: Bytes, direction = 1): Outcomes | Fenced | number {
    const { data, statusWord } = this.chip.send(INS.message, sealRaw(type, body, direction))
    const answer = unseal(crypto, keysOf(1), PURSE, data)
    return answer?.type === 'result' || answer?.type === 'fenced' ? answer.body : statusWord
  }

  /** Seals the message and delivers it. */
  deliver(message: ToChip, version = 1): ResponseApdu {
    return this.chip.send(INS.message, seal(crypto, keysOf(version), PURSE, message))
  }

  command(order: Order, version = 1): Outcomes {
    return this.say(commandOf(order), version)
  }

  abort(order: Order): Outcomes {
    return this.say(abortOf(order))
  }

  /** Closes a place, by default without news of debits or time. */
  confirm({ epoch, number }: Place, acknowledged: { amount?: bigint; count?: number; time?: number } = {}): Outcomes {
    const { amount = 0n, count = 0, time = 0 } = acknowledged
    const body = { epoch, number, acknowledgedAmount: total(amount), acknowledgedCount: count, time }
    return this.say({ type: 'confirm', body })
  }

  /** The next settings: generous but for what is named. */
  set(named: Partial<Settings>): Outcomes {
    return this.say(this.nextSettings(named))
  }

  nextSettings(named: Partial<Settings>): ToChip {
    this.settings++
    const place = { epoch: EPOCH, settings: this.settings }
    return { type: 'set', body: { ...place, blocked: false, keyFloor: 0, time: NOW, ...GENEROUS, ...named } }
  }

  fence(epoch: number): Fenced {
    const answer = this.say({ type: 'fence', body: { epoch } })
    if (!('ring' in answer)) throw new Error('a result, not the ring')
    return answer
  }

  read(): Outcomes {
    return this.say({ type: 'read', body: {} })
  }

  /** What the till says to be let in; by default with its own key over this SELECT's challenge. */
  introduce(till: Till, { key = till.key, challenge = this.challenge } = {}): ResponseApdu {
    const facts = {
      version: 1,
      type: 'introduction',
      direction: 'to-chip',
      terminal: till.terminal,
      challenge,
    } as const
    const proof = crypto.sign(key, introduction.write(facts))
    return this.chip.send(INS.introduce, concat(till.certificate, proof))
  }

  /** A fresh contact with a till that introduces itself. */
  meet(till: Till): this {
    const { statusWord } = this.select().introduce(till)
    if (statusWord !== 0x9000) throw new Error(`${statusWord.toString(16)} to the till`)
    return this
  }

  /** A request that the till signs; the chip's answer to it, whatever it is. */
  ask(till: Till, sale: Sale): ResponseApdu {
    return this.chip.send(sale.type === 'void-request' ? INS.void : INS.debit, this.signed(till, sale))
  }

  /** A request as the till sends it. */
  signed(till: Till, sale: Sale): Bytes {
    return signRequest(crypto, till.key, requestOf(till, sale))
  }

  /** The bound device's hello, whatever is wrong with it, and the chip's answer. */
  hello(wrong: { key?: Bytes; challenge?: Bytes; device?: DeviceId; oneTimeKey?: Bytes } = {}): ResponseApdu {
    const oneTime = crypto.generate(dice)
    const head = { version: 1, type: 'holder-hello', direction: 'to-chip', purse: PURSE, keyVersion: 0 } as const
    const { key = deviceKey, challenge = this.challenge, device = DEVICE } = wrong
    const oneTimeKey = wrong.oneTimeKey ?? crypto.publicKey(oneTime)
    const body = holderHello.write({ ...head, device, challenge, oneTimeKey })
    const shared = crypto.agree(oneTime, this.publicKey)
    if (shared !== undefined) this.#session = { keys: sessionKeys(crypto, shared, challenge), counter: 0 }
    return this.chip.send(INS.holderHello, concat(body, crypto.sign(key, body)))
  }

  /** Selects, says hello, and checks that it was this chip that answered. */
  greet(): this {
    const { data } = this.select().hello()
    if (this.opened(data) === undefined) throw new Error('no answer of this chip')
    return this
  }

  /** Sends the next request of the session; the chip's answer as it is. */
  request(...body: readonly number[]): ResponseApdu {
    const { keys, counter } = this.#session
    this.#session = { keys, counter: counter + 1 }
    const sealed = sealHolder(crypto, keys, 'holder-request', PURSE, counter + 1, Uint8Array.of(...body))
    return this.chip.send(INS.holderRequest, sealed)
  }

  /** Moves the session's count: what comes next is numbered otherwise than the chip expects. */
  skip(count: number): void {
    this.#session = { ...this.#session, counter: this.#session.counter + count }
  }

  /** What the latest request was answered with, or undefined when it was not sealed for just that. */
  opened(answer: Bytes): Bytes | undefined {
    const { keys, counter } = this.#session
    return unsealHolder(crypto, keys, 'holder-answer', PURSE, counter, answer)
  }

  /** The block that shows the chip a PIN for one request. */
  pinBlock(pin: Bytes, digest: Bytes, challenge = this.challenge): Bytes {
    const block = sealPin(crypto, crypto.generate(dice), this.publicKey, PURSE, { pin, digest, challenge })
    if (block === undefined) throw new Error('no key of the chip')
    return block
  }

  /** @returns the status word of VERIFY PIN */
  verifyPin(pin: Bytes, digest: Bytes): number {
    return this.chip.send(INS.verifyPin, this.pinBlock(pin, digest)).statusWord
  }

  /** The same, as the receipt that the chip signed and MACed. */
  receiptFor(till: Till, sale: Sale): SignedReceipt {
    const { data, statusWord } = this.ask(till, sale)
    if (statusWord !== 0x9000) throw new Error(`${statusWord.toString(16)} to ${sale.type ?? 'debit-request'}`)
    return this.genuine(data)
  }

  /** The receipt in an answer; throws unless signature and MAC are this chip's. */
  genuine(answer: Bytes): SignedReceipt {
    const signed = readReceipt(answer)
    if (signed === undefined) throw new Error('no receipt')
    const { body, signature, mac, receipt } = signed
    if (!crypto.verify(this.publicKey, body, signature)) throw new Error('not signed by the chip')
    if (!equal(mac, receiptMac(crypto, keysOf(receipt.keyVersion).receipt, body)))
      throw new Error('not MACed for the center')
    return signed
  }
}

/** The wire form of a sealed message, spelled out once more. */
function sealRaw(type: number, body: Bytes, direction: number): Bytes {
  const { version, mac, encryption } = keysOf(1)
  const header = concat(Uint8Array.of(1, type, direction), idBytes(PURSE), Uint8Array.of(version))
  const tag = crypto.hmac(mac, concat(header, body)).slice(0, 16)
  return concat(Uint8Array.of(1, type, version), tag, crypto.ctr(encryption, tag, body))
}

/** What a till asks for. */
export interface Sale {
  readonly type?: 'debit-request' | 'void-request'
  readonly seq: number
  readonly amount: bigint
  readonly sale: number
  readonly currency?: Currency
  readonly purse?: PurseId
  readonly time?: number
}

/** The request's fields, before the till signs them. */
export function requestOf({ terminal }: Till, sale: Sale): DebitRequest {
  const { type = 'debit-request', seq, amount, sale: number, currency: letters = USD, purse = PURSE, time = NOW } = sale
  const head = { version: 1, type, direction: 'to-chip', purse, keyVersion: 0 } as const
  return { ...head, seq, amount: money(amount), currency: letters, terminal, sale: number, time }
}

/** A blank program on a chip of its own. */
export const blank = (module: WebAssembly.Module): PurseForTests =>
  new PurseForTests(new ChipForTests(module, crypto, new SeededDice(21)))
