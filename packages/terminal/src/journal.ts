/**
 * The port to the terminal's journal: append-only, and chained, so that nobody can later change, drop or insert what
 * was written (K-3 rests on the order of receipts and accepted hotlists). What append has answered survives any power
 * cut; what it has not answered may be there afterwards, or not.
 */
import { type Bytes, concat, hex, isHex, unhex, utf8 } from '@kozeni/base/bytes'
import { type Crypto, SHA256_BYTES } from '@kozeni/protocol/crypto'
import { type Entry, readEntry, writeEntry } from './entry.ts'

/** An entry in its place. */
export interface Placed {
  /** 1 for the first. */
  readonly position: number
  /** SHA-256 of the hash before ‖ the entry's text. */
  readonly hash: Bytes
  readonly entry: Entry
}

export interface Journal {
  /** All that was written, the oldest first. */
  entries(): readonly Placed[]
  /**
   * Resolves when the entry is durable. Rejects when it could not be written, and from then on always: what the disk
   * holds is not known before the next start.
   */
  append(entry: Entry): Promise<Placed>
  close(): Promise<void>
}

/** What the first entry's hash starts from. */
export const GENESIS: Bytes = new Uint8Array(SHA256_BYTES)

/** The entry's place behind `last`. */
export function placeAfter(crypto: Crypto, last: Placed | undefined, entry: Entry): Placed {
  const hash = crypto.sha256(concat(last?.hash ?? GENESIS, utf8(writeEntry(entry))))
  return { position: (last?.position ?? 0) + 1, hash, entry }
}

/** One line: position, hash, entry; without its end. */
export const writeLine = ({ position, hash, entry }: Placed): string => `${position} ${hex(hash)} ${writeEntry(entry)}`

/** @returns undefined when the line is not the one that follows `last` */
export function readLine(crypto: Crypto, last: Placed | undefined, line: string): Placed | undefined {
  const [, position, hash, text] = /^(\d{1,10}) ([0-9a-f]{64}) (\{.*\})$/.exec(line) ?? []
  const entry = text === undefined ? undefined : readEntry(text)
  if (entry === undefined || hash === undefined || !isHex(hash)) return undefined
  const placed = { position: Number(position), hash: unhex(hash), entry }
  return writeLine(placeAfter(crypto, last, entry)) === line ? placed : undefined
}
