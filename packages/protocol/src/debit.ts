/**
 * The off-line sale between terminal and chip (PROTOCOL §4): the terminal's signed request and the chip's receipt.
 * The same bytes travel by contact, by radio and by camera (D-8).
 */
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import { idBytes, type TerminalId } from '@kozeni/base/ids'
import type { Money, Total } from '@kozeni/base/money'
import { PURSE_CERTIFICATE_BYTES } from './certificate.ts'
import { type Crypto, MAC_BYTES, SHA256_BYTES, SIGNATURE_BYTES } from './crypto.ts'
import {
  DIRECTION,
  type Direction,
  type Header,
  headerFields,
  MESSAGE_TYPE,
  type MessageType,
  PROTOCOL_VERSION,
} from './header.ts'
import { OUTCOME, type Outcome } from './operation.ts'
import { amount, bytes, choice, currency, flag, name, struct, total, u8, u32 } from './struct.ts'

/** Takes this amount, once, while the chip stands at this `seq` (D-1). A void names the debit's own `seq`. */
export interface DebitRequest extends Header {
  readonly seq: number
  readonly amount: Money
  readonly currency: Currency
  readonly terminal: TerminalId
  /** The terminal's own running number; one sale has one, whatever happens. */
  readonly sale: number
  readonly time: number
}

export const debitRequest = struct<DebitRequest>({
  ...headerFields, // type debit-request or void-request, to the chip, key version 0
  seq: u32, //               as just read from the chip
  amount,
  currency,
  terminal: name<TerminalId>(),
  sale: u32,
  time: u32, //              the terminal's, recorded, not believed (C-10)
})

/** With the terminal's signature behind it. */
export const DEBIT_REQUEST_BYTES = debitRequest.size + SIGNATURE_BYTES

export type ReceiptKind = 'debit' | 'void'
export const RECEIPT_KIND = { debit: 1, void: 2 } as const

/** The first four bytes of SHA-256 of the terminal's name: enough to witness, too little to track by. */
export const PSEUDONYM_BYTES = 4

/** @returns the four bytes by which a later receipt witnesses this terminal. @spec D-2 */
export const pseudonymOf = (crypto: Crypto, terminal: TerminalId): Bytes =>
  crypto.sha256(idBytes(terminal)).slice(0, PSEUDONYM_BYTES)

/** What the chip says it did (D-2). */
export interface Receipt extends Header {
  readonly kind: ReceiptKind
  readonly seq: number
  readonly amount: Money
  readonly currency: Currency
  readonly terminal: TerminalId
  readonly sale: number
  readonly time: number
  readonly credits: Total
  readonly debits: Total
  readonly flag: boolean
  readonly epoch: number
  readonly number: number
  readonly digest: Bytes
  readonly outcome: Outcome
  readonly prevSeq: number
  readonly prevAmount: Money
  readonly prevTerminal: Bytes
}

export const receipt = struct<Receipt>({
  ...headerFields, // type receipt, to the center, version of the receipt MAC key
  kind: choice<ReceiptKind>(RECEIPT_KIND),
  seq: u32, //               of this record: never repeats, never goes back
  amount,
  currency,
  terminal: name<TerminalId>(),
  sale: u32,
  time: u32, //              the terminal's
  credits: total, //         TC and TD after
  debits: total,
  flag, //                   Fc, e, n, digest, outcome: evidence for the center (F-9)
  epoch: u32,
  number: u32,
  digest: bytes(SHA256_BYTES),
  outcome: choice<Outcome>(OUTCOME),
  prevSeq: u32, //           the record before, witnessed: zeros when there is none
  prevAmount: amount,
  prevTerminal: bytes(PSEUDONYM_BYTES),
})

/** Body ‖ signature for any terminal ‖ MAC for the center. */
export const SIGNED_RECEIPT_BYTES = receipt.size + SIGNATURE_BYTES + MAC_BYTES

export interface SignedReceipt {
  readonly body: Bytes
  readonly signature: Bytes
  readonly mac: Bytes
  readonly receipt: Receipt
}

/** @returns undefined when the bytes are no receipt; says nothing of who made it */
export function readReceipt(whole: Bytes): SignedReceipt | undefined {
  if (whole.length !== SIGNED_RECEIPT_BYTES) return undefined
  const body = whole.slice(0, receipt.size)
  const facts = receipt.read(body)
  if (facts?.type !== 'receipt' || facts.version !== PROTOCOL_VERSION || facts.direction !== 'to-center')
    return undefined
  const macAt = receipt.size + SIGNATURE_BYTES
  return { body, signature: whole.slice(receipt.size, macAt), mac: whole.slice(macAt), receipt: facts }
}

/** @returns the sixteen bytes by which the center knows its own chip at once. @spec K-5 */
export const receiptMac = (crypto: Crypto, receiptKey: Bytes, body: Bytes): Bytes =>
  crypto.hmac(receiptKey, body).slice(0, MAC_BYTES)

/** Whether the receipt is for exactly what was asked: the terminal's check before it says paid. @spec D-2 */
export function answers(request: DebitRequest, made: Receipt): boolean {
  const kind = request.type === 'void-request' ? 'void' : 'debit'
  return (
    made.kind === kind &&
    made.seq === request.seq + 1 &&
    made.amount === request.amount &&
    made.currency === request.currency &&
    made.terminal === request.terminal &&
    made.sale === request.sale &&
    made.purse === request.purse &&
    made.time === request.time
  )
}

/** @returns the request's bytes with the terminal's signature behind them */
export function signRequest(crypto: Crypto, terminalKey: Bytes, request: DebitRequest): Bytes {
  const body = debitRequest.write(request)
  return concat(body, crypto.sign(terminalKey, body))
}

/** What a terminal signs to be let in: this chip's challenge and nothing of its own choosing (C-4, C-11). */
export interface Introduction {
  readonly version: number
  readonly type: MessageType
  readonly direction: Direction
  readonly terminal: TerminalId
  readonly challenge: Bytes
}

export const CHALLENGE_BYTES = 8

export const introduction = struct<Introduction>({
  version: u8,
  type: choice<MessageType>(MESSAGE_TYPE),
  direction: choice<Direction>(DIRECTION),
  terminal: name<TerminalId>(),
  challenge: bytes(CHALLENGE_BYTES),
})

/** What a chip tells a terminal that has introduced itself (C-11). */
export interface Acquaintance {
  readonly certificate: Bytes
  readonly seq: number
  readonly prevAmount: Money
  readonly prevTerminal: Bytes
  readonly flag: boolean
  /** The off-line amount or count has passed its lower limit: go on-line if you can (C-6). */
  readonly onlineWanted: boolean
}

export const acquaintance = struct<Acquaintance>({
  certificate: bytes(PURSE_CERTIFICATE_BYTES),
  seq: u32,
  prevAmount: amount, //     the record numbered seq
  prevTerminal: bytes(PSEUDONYM_BYTES),
  flag,
  onlineWanted: flag,
})

/** Whether two receipts are the same: their bodies are; signatures and MACs are never compared. @spec K-1 */
export const sameReceipt = (a: SignedReceipt, b: SignedReceipt): boolean => equal(a.body, b.body)
