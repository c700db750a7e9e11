/**
 * Seals (INV-AUDIT): what the book had in one stretch of time, and may never change again, as one number of 32 bytes that
 * contains the seal before it. A head that somebody keeps elsewhere therefore vouches for everything that was there then.
 * Pure; which rows are sealed is said by whoever reads the book.
 * @see docs/decisions/0025-sealed-afterwards.md
 */
import { type Bytes, concat, hex } from '@kozeni/base/bytes'
import type { Total } from '@kozeni/base/money'
import type { Crypto } from '@kozeni/protocol/crypto'
import { PROTOCOL_VERSION } from '@kozeni/protocol/header'
import { hexText, object, whole } from '@kozeni/protocol/json'
import { bytes, choice, type Field, struct, total, u8, u32, u48 } from '@kozeni/protocol/struct'
import type { Vault } from './vault.ts'

/** What is sealed, in this order: each kind of row is written once, or is closed once, and then stays. */
export const SEALED = ['entries', 'operations', 'receipts'] as const
export type SealedKind = (typeof SEALED)[number]

/** All rows of one kind in one stretch of time. */
export interface Content {
  readonly count: number
  /** Of their amounts. */
  readonly sum: Total
  /** SHA-256 of the rows' own digests, one after the other. */
  readonly digest: Bytes
}

export type Contents = Readonly<Record<SealedKind, Content>>

/** One seal's own words. Times in milliseconds since 1970: from (included) until (excluded). */
export interface Stretch extends Contents {
  /** 1, 2, 3… */
  readonly number: number
  readonly from: number
  readonly until: number
}

export interface SealRow extends Stretch {
  /** SHA-256(the head before ‖ this seal's own words). */
  readonly head: Bytes
  /** By the vault's audit key, over number and head. */
  readonly signature: Bytes
}

/** What others keep. */
export type KeptHead = Pick<SealRow, 'number' | 'head' | 'signature'>

const DIGEST_BYTES = 32
const FIRST_HEAD: Bytes = new Uint8Array(DIGEST_BYTES)

const content: Field<Content> = struct<Content>({ count: u48, sum: total, digest: bytes(DIGEST_BYTES) })

/** Beside MESSAGE_TYPE of header.ts: a seal is about no purse. */
const layout = struct<Stretch & { readonly version: number; readonly type: 'seal' }>({
  version: u8,
  type: choice({ seal: 0x53 }),
  number: u32,
  from: u48,
  until: u48,
  entries: content,
  operations: content,
  receipts: content,
})

const signed = struct<{ version: number; type: 'head'; number: number; head: Bytes }>({
  version: u8,
  type: choice({ head: 0x54 }),
  number: u32,
  head: bytes(DIGEST_BYTES),
})

/** The head that follows from the one before it. */
export const headOf = (crypto: Crypto, before: Bytes | undefined, stretch: Stretch): Bytes =>
  crypto.sha256(concat(before ?? FIRST_HEAD, layout.write({ version: PROTOCOL_VERSION, type: 'seal', ...stretch })))

const messageOf = ({ number, head }: Pick<KeptHead, 'number' | 'head'>): Bytes =>
  signed.write({ version: PROTOCOL_VERSION, type: 'head', number, head })

/** The next seal, signed. */
export function sealed(
  { crypto, vault }: { readonly crypto: Crypto; readonly vault: Vault },
  before: SealRow | undefined,
  stretch: Stretch,
): SealRow {
  const head = headOf(crypto, before?.head, stretch)
  return { ...stretch, head, signature: vault.sign('audit', messageOf({ ...stretch, head })) }
}

/** Whether the center's audit key has signed this head. */
export const isSigned = (crypto: Crypto, publicKey: Bytes, kept: KeptHead): boolean =>
  crypto.verify(publicKey, messageOf(kept), kept.signature)

const HEAD = object<KeptHead>({ number: whole, head: hexText(DIGEST_BYTES), signature: hexText(64) })

/** A head out of a JSON value, as the center gives it out; other fields say nothing. @returns undefined when it is none */
export const readHead = (value: unknown): KeptHead | undefined => HEAD(value)

/** As JSON carries it. */
export const headJson = ({ number, head, signature }: KeptHead) => ({
  number,
  head: hex(head),
  signature: hex(signature),
})
