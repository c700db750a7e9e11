/**
 * The messages between center and chip (PROTOCOL §3), and how they are sealed for one purse.
 *
 * On the wire: version 1 ‖ type 1 ‖ key version 1 ‖ tag 16 ‖ ciphertext. The tag is the first 16 bytes of
 * HMAC-SHA-256(mac key, header ‖ body); the body is enciphered with AES-128-CTR whose first counter block is the tag.
 * The same message therefore always makes the same bytes (C-3, P-4), and no nonce can be misused.
 */
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId } from '@kozeni/base/ids'
import type { Money, Total } from '@kozeni/base/money'
import { type Crypto, MAC_BYTES, SHA256_BYTES } from './crypto.ts'
import { type Direction, header, MESSAGE_TYPE, type MessageType, PROTOCOL_VERSION } from './header.ts'
import type { MessageKeys } from './keys.ts'
import { KIND, type Kind, OUTCOME, type Outcome, REFERENCE_BYTES } from './operation.ts'
import { amount, bytes, choice, currency, flag, type Struct, struct, times, total, u8, u16, u32 } from './struct.ts'

/** Do this. `prev` is the last place that the center has closed: a confirm and a command in one. */
export interface Command {
  readonly epoch: number
  readonly number: number
  readonly kind: Kind
  readonly amount: Money
  readonly currency: Currency
  readonly reference: Bytes
  readonly prevEpoch: number
  readonly prevNumber: number
}

export const command = struct<Command>({
  epoch: u32,
  number: u32,
  kind: choice<Kind>(KIND),
  amount, //                        zero for a sweep: the RESULT says how much
  currency,
  reference: bytes(REFERENCE_BYTES),
  prevEpoch: u32,
  prevNumber: u32,
})

/** Do not do this; if it was a pay and is done, undo it. */
export interface Abort {
  readonly epoch: number
  readonly number: number
  readonly kind: Kind
  readonly digest: Bytes
  readonly prevEpoch: number
  readonly prevNumber: number
}

export const abort = struct<Abort>({
  epoch: u32,
  number: u32,
  kind: choice<Kind>(KIND), //      so that a cancelled operation is reported with its kind
  digest: bytes(SHA256_BYTES),
  prevEpoch: u32,
  prevNumber: u32,
})

/** The center has closed this place, and has booked these debits. */
export interface Confirm {
  readonly epoch: number
  readonly number: number
  readonly acknowledgedAmount: Total
  readonly acknowledgedCount: number
  readonly time: number
}

export const confirm = struct<Confirm>({
  epoch: u32,
  number: u32,
  acknowledgedAmount: total, //     debits booked, not net of voids
  acknowledgedCount: u32,
  time: u32, //                     seconds since 1970, the center's
})

/** Limits that the issuer sets; absolute values, in minor units of the purse's currency. */
export interface Limits {
  readonly maximumValue: Money
  readonly maximumDebit: Money
  /** Off-line amount above which a terminal should go on-line if it can, and above which it must. */
  readonly lowerAmount: Money
  readonly upperAmount: Money
  readonly lowerCount: number
  readonly upperCount: number
  /** A pay or debit above this wants the holder's PIN. MONEY_MAX: never. */
  readonly pinAbove: Money
}

/** Orders without value (F-14): a higher (epoch, settings) replaces the whole. */
export interface Settings extends Limits {
  readonly epoch: number
  readonly settings: number
  readonly blocked: boolean
  readonly keyFloor: number
  readonly time: number
}

const limits = {
  maximumValue: amount,
  maximumDebit: amount,
  lowerAmount: amount,
  upperAmount: amount,
  lowerCount: u32,
  upperCount: u32,
  pinAbove: amount,
}

export const settings = struct<Settings>({
  epoch: u32,
  settings: u32,
  blocked: flag,
  keyFloor: u8, //                  message keys below this version are refused from now on
  time: u32,
  ...limits,
})

/** Raise the epoch floor (F-12). */
export interface Fence {
  readonly epoch: number
}

export const fence = struct<Fence>({ epoch: u32 })

/** One finished or latest operation as the chip remembers it. */
export interface Remembered {
  readonly epoch: number
  readonly number: number
  readonly kind: number
  readonly digest: Bytes
  readonly outcome: Outcome
}

const remembered = struct<Remembered>({
  epoch: u32,
  number: u32,
  kind: u8, //                      0 before the first
  digest: bytes(SHA256_BYTES),
  outcome: choice<Outcome>(OUTCOME),
})

/** The chip's word on where it stands. */
export interface Outcomes extends Remembered {
  /** 9000, or why this message changed nothing, or why the latest operation was rejected: a status word of refusal.ts. */
  readonly status: number
  readonly flag: boolean
  /** What the latest operation moved; for a sweep, what was there. */
  readonly amount: Money
  readonly credits: Total
  readonly debits: Total
  /** Debits and voids made so far. */
  readonly seq: number
  readonly offlineAmount: Total
  readonly offlineCount: number
  readonly acknowledgedAmount: Total
  readonly acknowledgedCount: number
  readonly epochFloor: number
  readonly settingsEpoch: number
  readonly settings: number
  readonly blocked: boolean
  readonly frozen: boolean
  readonly pinTries: number
  readonly time: number
}

const outcomes = {
  status: u16,
  epoch: u32,
  number: u32,
  kind: u8,
  digest: bytes(SHA256_BYTES),
  outcome: choice<Outcome>(OUTCOME),
  flag, //                          Fc: up while the center has not confirmed
  amount,
  credits: total, //                TC
  debits: total, //                 TD; value is TC − TD
  seq: u32,
  offlineAmount: total,
  offlineCount: u32,
  acknowledgedAmount: total,
  acknowledgedCount: u32,
  epochFloor: u32,
  settingsEpoch: u32,
  settings: u32,
  blocked: flag,
  frozen: flag,
  pinTries: u8, //                  left
  time: u32, //                     latest authenticated
}

export const result: Struct<Outcomes> = struct<Outcomes>(outcomes)

export const OUTCOME_RING = 8

/** The answer to FENCE: where the chip stands, and its last eight outcomes, newest first (C-2, F-12). */
export interface Fenced extends Outcomes {
  readonly ring: readonly Remembered[]
}

export const fenced = struct<Fenced>({ ...outcomes, ring: times(OUTCOME_RING, remembered) })

/** Everything that travels sealed, by name. `read` asks for a RESULT and changes nothing. */
export interface Messages {
  readonly command: Command
  readonly abort: Abort
  readonly confirm: Confirm
  readonly set: Settings
  readonly fence: Fence
  readonly read: Record<never, never>
  readonly result: Outcomes
  readonly fenced: Fenced
}

export type SealedType = keyof Messages
export type Message = { readonly [T in SealedType]: { readonly type: T; readonly body: Messages[T] } }[SealedType]
export type ToChip = Extract<Message, { type: 'command' | 'abort' | 'confirm' | 'set' | 'fence' | 'read' }>
export type ToCenter = Extract<Message, { type: 'result' | 'fenced' }>

const bodies: { readonly [T in SealedType]: Struct<Messages[T]> } = {
  command,
  abort,
  confirm,
  set: settings,
  fence,
  read: struct<Record<never, never>>({}),
  result,
  fenced,
}

const directionOf = (type: MessageType): Direction => (type === 'result' || type === 'fenced' ? 'to-center' : 'to-chip')

const PREFIX_BYTES = 3

/** @returns the bytes that carry `message` to or from `purse`; always the same for the same input. @spec F-15 */
export function seal(crypto: Crypto, keys: MessageKeys, purse: PurseId, message: Message): Bytes {
  const body = encode(message)
  const tag = tagOf(crypto, keys, purse, message.type, body)
  const prefix = Uint8Array.of(PROTOCOL_VERSION, MESSAGE_TYPE[message.type], keys.version)
  return concat(prefix, tag, crypto.ctr(keys.encryption, tag, body))
}

/** The key version that a sealed message names, or undefined when it is too short to be one. */
export const keyVersionOf = (sealed: Bytes): number | undefined => sealed[2]

/**
 * The message inside, when it was sealed for this purse under these keys by the other side.
 *
 * @returns undefined for anything else: the caller's one refusal is `mac-wrong`
 * @spec F-15
 */
export function unseal(crypto: Crypto, keys: MessageKeys, purse: PurseId, sealed: Bytes): Message | undefined {
  const type = typeNamed(sealed[1] ?? 0)
  if (sealed[0] !== PROTOCOL_VERSION || type === undefined || sealed[2] !== keys.version) return undefined
  const tag = sealed.slice(PREFIX_BYTES, PREFIX_BYTES + MAC_BYTES)
  const ciphertext = sealed.slice(PREFIX_BYTES + MAC_BYTES)
  if (tag.length !== MAC_BYTES) return undefined
  const body = crypto.ctr(keys.encryption, tag, ciphertext)
  return equal(tag, tagOf(crypto, keys, purse, type, body)) ? decode(type, body) : undefined
}

function tagOf(crypto: Crypto, keys: MessageKeys, purse: PurseId, type: SealedType, body: Bytes): Bytes {
  const head = { version: PROTOCOL_VERSION, type, direction: directionOf(type), purse, keyVersion: keys.version }
  return crypto.hmac(keys.mac, concat(header.write(head), body)).slice(0, MAC_BYTES)
}

const SEALED = new Map<number, SealedType>(
  (Object.keys(bodies) as SealedType[]).map(type => [MESSAGE_TYPE[type], type]),
)

const typeNamed = (code: number): SealedType | undefined => SEALED.get(code)

const encode = (message: Message): Bytes => (bodies[message.type] as Struct<Messages[SealedType]>).write(message.body)

function decode(type: SealedType, bytes: Bytes): Message | undefined {
  const body = bodies[type].read(bytes)
  return body === undefined ? undefined : ({ type, body } as Message)
}
