/**
 * The bound device's end of its session with the chip (C-11): what the holder sees and sets with no network at all. The
 * chip proves itself by answering under keys that only the certified key's owner can derive.
 *
 * A session lives until the chip is selected anew or loses its power. Nothing here is kept.
 */
import { type Bytes, bigEndian, concat, utf8 } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import type { DeviceId, PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Receipt } from '@kozeni/protocol/debit'
import { PROTOCOL_VERSION } from '@kozeni/protocol/header'
import {
  HOLDER_REQUEST,
  holderHello,
  PIN_BYTES,
  readHistory,
  type SessionKeys,
  type Standing,
  sealHolder,
  sealPin,
  sessionKeys,
  standing,
  unsealHolder,
} from '@kozeni/protocol/holder'
import { type Greeting, greeting, INS, PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal, refusalOf } from '@kozeni/protocol/refusal'

/** Whose session it is, and with which chip. */
export interface Ownership {
  readonly purse: PurseId
  readonly device: DeviceId
  /** The device's private key. */
  readonly deviceKey: Bytes
  /** The chip's public key, from the purse's certificate. */
  readonly chipKey: Bytes
}

/** What making one-time keys takes. */
export interface KeyMaking {
  readonly crypto: Crypto
  readonly dice: Dice
}

/** PIN and what it is for: the operation's digest, or the digest of a request to the chip (C-7). */
export interface PinEntry {
  readonly pin: string
  readonly digest: Bytes
}

/**
 * Selects the purse program.
 *
 * @refuses chip-gone · not-personalised (there is no purse program) · chip-differs (its greeting is none)
 */
export async function selectPurse(chip: Reader): Promise<Result<Greeting, Refusal>> {
  const answer = await exchange(chip, encodeCommand(selectCommand(PURSE_AID)))
  if (!answer.ok) return answer.refusal.code === 'chip-gone' ? answer : no(refusal('not-personalised'))
  const greeted = greeting.read(answer.value)
  return greeted?.version === PROTOCOL_VERSION ? ok(greeted) : no(refusal('chip-differs', { field: 'greeting' }))
}

/**
 * Opens the session on a purse program that has just greeted.
 *
 * @refuses chip-gone · chip-differs (it is not the certified chip) · what the chip refuses
 * @spec    C-11
 */
export async function openSession(
  chip: Reader,
  { crypto, dice }: KeyMaking,
  owner: Ownership,
  { challenge }: Greeting,
): Promise<Result<HolderSession, Refusal>> {
  const secret = crypto.generate(dice)
  const shared = crypto.agree(secret, owner.chipKey)
  if (shared === undefined) return no(refusal('chip-differs', { field: 'certificate' }))
  const hello = signHello(crypto, owner, challenge, crypto.publicKey(secret))
  const answer = await exchange(chip, encodeCommand(purseCommand(INS.holderHello, hello)))
  if (!answer.ok) return answer
  const keys = sessionKeys(crypto, shared, challenge)
  const confirmed = unsealHolder(crypto, keys, 'holder-answer', owner.purse, 0, answer.value)
  return confirmed
    ? ok(new HolderSession(chip, { crypto, dice }, owner, { ...keys, challenge }))
    : no(refusal('chip-differs'))
}

function signHello(crypto: Crypto, owner: Ownership, challenge: Bytes, oneTimeKey: Bytes): Bytes {
  const { purse, device, deviceKey } = owner
  const head = { version: PROTOCOL_VERSION, type: 'holder-hello', direction: 'to-chip', purse, keyVersion: 0 } as const
  const body = holderHello.write({ ...head, device, challenge, oneTimeKey })
  return concat(body, crypto.sign(deviceKey, body))
}

/** What both ends have agreed on, for as long as this SELECT lasts. */
interface Agreed extends SessionKeys {
  readonly challenge: Bytes
}

export class HolderSession {
  readonly #chip: Reader
  readonly #keyMaking: KeyMaking
  readonly #owner: Ownership
  readonly #agreed: Agreed
  #counter = 0

  constructor(chip: Reader, keyMaking: KeyMaking, owner: Ownership, agreed: Agreed) {
    this.#chip = chip
    this.#keyMaking = keyMaking
    this.#owner = owner
    this.#agreed = agreed
  }

  /** What the chip holds and how it is set. @refuses chip-gone · chip-differs */
  standing(): Promise<Result<Standing, Refusal>> {
    return this.#standingAfter(Uint8Array.of(HOLDER_REQUEST.standing))
  }

  /**
   * One record of the chip's debits and voids.
   *
   * @param k  0 is the newest
   * @returns  undefined when there is none so far back
   */
  async history(k: number): Promise<Result<Receipt | undefined, Refusal>> {
    const answer = await this.#ask(concat(Uint8Array.of(HOLDER_REQUEST.history), bigEndian(k, 1)))
    if (!answer.ok) return answer
    if (answer.value.length === 0) return ok(undefined)
    const record = readHistory(answer.value)
    return record === undefined ? no(refusal('chip-differs', { field: 'history' })) : ok(record)
  }

  /** A frozen purse neither pays nor is debited until its holder thaws it. @spec C-7 */
  freeze(frozen: boolean): Promise<Result<Standing, Refusal>> {
    return this.#standingAfter(Uint8Array.of(HOLDER_REQUEST.freeze, frozen ? 1 : 0))
  }

  /**
   * Sets the PIN. When there is one, it must have been verified in this session for just this request.
   *
   * @refuses data-wrong (not 4 to 8 digits) · pin-required · chip-gone · chip-differs
   * @spec    C-7
   */
  async setPin(pin: string): Promise<Result<Standing, Refusal>> {
    const request = setPinRequest(pin)
    return request === undefined ? no(refusal('data-wrong', { field: 'pin' })) : await this.#standingAfter(request)
  }

  /**
   * Shows the chip the PIN for one request; it travels under a one-time key that only this chip can agree on.
   *
   * @refuses data-wrong · pin-wrong (triesLeft) · pin-blocked · chip-gone · chip-differs
   * @spec    C-7
   */
  async verifyPin({ pin, digest }: PinEntry): Promise<Result<undefined, Refusal>> {
    const padded = pinBytes(pin)
    if (padded === undefined) return no(refusal('data-wrong', { field: 'pin' }))
    const { crypto, dice } = this.#keyMaking
    const { chipKey, purse } = this.#owner
    const data = sealPin(crypto, crypto.generate(dice), chipKey, purse, {
      pin: padded,
      digest,
      challenge: this.#agreed.challenge,
    })
    if (data === undefined) return no(refusal('chip-differs', { field: 'certificate' }))
    const answer = await exchange(this.#chip, encodeCommand(purseCommand(INS.verifyPin, data)))
    return answer.ok ? ok(undefined) : answer
  }

  async #standingAfter(request: Bytes): Promise<Result<Standing, Refusal>> {
    const answer = await this.#ask(request)
    if (!answer.ok) return answer
    const stands = standing.read(answer.value)
    return stands === undefined ? no(refusal('chip-differs', { field: 'standing' })) : ok(stands)
  }

  /** The number of a request is used up by asking: an answer that is lost is never mistaken for the next one. */
  async #ask(request: Bytes): Promise<Result<Bytes, Refusal>> {
    const { crypto } = this.#keyMaking
    const { purse } = this.#owner
    const counter = ++this.#counter
    const sealed = sealHolder(crypto, this.#agreed, 'holder-request', purse, counter, request)
    const answer = await exchange(this.#chip, encodeCommand(purseCommand(INS.holderRequest, sealed)))
    if (!answer.ok) return answer
    const body = unsealHolder(crypto, this.#agreed, 'holder-answer', purse, counter, answer.value)
    return body === undefined ? no(refusal('chip-differs', { field: 'answer' })) : ok(body)
  }
}

/** The body of the request that sets `pin`, or undefined when it is none. */
export function setPinRequest(pin: string): Bytes | undefined {
  const padded = pinBytes(pin)
  return padded && concat(Uint8Array.of(HOLDER_REQUEST.setPin), padded)
}

/** Four to eight digits, padded with FF. */
function pinBytes(pin: string): Bytes | undefined {
  if (!/^[0-9]{4,8}$/.test(pin)) return undefined
  return concat(utf8(pin), new Uint8Array(PIN_BYTES - pin.length).fill(0xff))
}

async function exchange(chip: Reader, command: Bytes): Promise<Result<Bytes, Refusal>> {
  const bytes = await chip.transmit(command)
  const response = bytes && decodeResponse(bytes)
  if (response === undefined) return no(refusal('chip-gone'))
  const { data, statusWord } = response
  return statusWord === 0x9000 ? ok(data) : no(refused(statusWord))
}

function refused(statusWord: number): Refusal {
  const code = refusalOf(statusWord)
  if (code === undefined) return refusal('chip-differs', { statusWord })
  return code === 'pin-wrong' ? refusal(code, { triesLeft: statusWord & 0x0f }) : refusal(code)
}
