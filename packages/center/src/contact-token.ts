/**
 * What a relay carries for the center between two posts (P-4): sealed, bound to its caller, of short life, and without
 * any authority over money: whatever it says of a purse is read from the book again.
 */
import { type Bytes, fromUtf8, hex, isHex, unhex, utf8 } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { ChipId, PurseId } from '@kozeni/base/ids'
import type { Session } from '@kozeni/protocol/scp03'
import type { Action } from './step.ts'
import type { Vault } from './vault.ts'

/** A contact with a purse: what was said last, so that nobody says it twice in vain. */
export interface PurseToken {
  readonly kind: 'purse'
  readonly caller: string
  readonly purse: PurseId
  readonly action: Action
  readonly number: number
  readonly settings: number
  /** Under which version of the purse's keys it was said. */
  readonly keyVersion: number
  /** How many commands were handed out, and how many of them, at the end, are messages to the purse. */
  readonly commands: number
  readonly messages: number
}

/** A contact that installs: how far it is, and the channel with every command that is under way. */
export interface InstallToken {
  readonly kind: 'install'
  readonly caller: string
  readonly purse: PurseId
  readonly chip: ChipId
  readonly step: InstallStep
  readonly hostChallenge: Bytes
  /** The channel as it was after each command handed out, oldest first. */
  readonly sessions: readonly Session[]
  /** The further version of its keys that this contact brings, if it does. */
  readonly keys?: number
  /** The purse's public key, as its chip has told it in this contact. */
  readonly publicKey?: Bytes
  /** Commands before the first that went through the channel. */
  readonly plain: number
}

/** The steps of an installation, by what their answers tell the center. */
export type InstallStep = 'challenge' | 'listing' | 'key' | 'activation' | 'proof'

export type ContactToken = PurseToken | InstallToken

const LIFE_MS = 10 * 60_000
const LABEL = 'contact'

interface Sealing {
  readonly vault: Vault
  readonly clock: Clock
}

/** @returns the sealed bytes; good for ten minutes */
export function sealToken({ vault, clock }: Sealing, token: ContactToken): Bytes {
  const whole = { ...token, expires: clock.now() + LIFE_MS }
  const content = token.kind === 'install' ? JSON.stringify(whole, replacer) : JSON.stringify(whole)
  return vault.sealToken(LABEL, utf8(content))
}

/** @returns undefined unless a center sealed it for this caller, not long ago */
export function openToken({ vault, clock }: Sealing, caller: string, sealed: Bytes): ContactToken | undefined {
  const content = vault.openToken(LABEL, sealed)
  const text = content && fromUtf8(content)
  if (text === undefined) return undefined
  // what opens was sealed here and is of this form
  const token = (text.includes(BYTES) ? JSON.parse(text, reviver) : JSON.parse(text)) as ContactToken & {
    readonly expires: number
  }
  return token.caller === caller && clock.now() < token.expires ? token : undefined
}

/** How bytes begin, which only tokens of installations have. */
const BYTES = 'hex:'

const replacer = (_: string, value: unknown): unknown => (value instanceof Uint8Array ? `${BYTES}${hex(value)}` : value)

function reviver(_: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith(BYTES)) return value
  const digits = value.slice(BYTES.length)
  return isHex(digits) ? unhex(digits) : value
}
