/**
 * What a terminal's journal is made of: facts, each with the second it was written. Together, in order, they are all
 * that the terminal knows; till.ts folds them. An entry is one JSON object; bytes are hexadecimal, amounts text.
 */
import { type Bytes, hex, isHex, unhex } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId, TerminalId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { TERMINAL_CERTIFICATE_BYTES } from '@kozeni/protocol/certificate'
import { POINT_BYTES } from '@kozeni/protocol/crypto'
import { DEBIT_REQUEST_BYTES, SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'
import {
  amountText,
  currencyText,
  hexText,
  idText,
  list,
  object,
  parseJson,
  type Reader,
  type Readers,
  readExactly,
  whole,
  word,
} from '@kozeni/protocol/json'
import { type RefusalCode, WIRE } from '@kozeni/protocol/refusal'

/** What a request asks of a chip. */
export type Deed = 'debit' | 'void'

/** What the center said became of a receipt. */
export type Standing = 'booked' | 'already-booked' | 'held' | 'refused'

/** What the terminal may risk while it is alone (D-7), as the center set it. */
export interface Limits {
  readonly perSale: Money
  readonly perPurse: Money
  readonly unuploaded: Money
  readonly maxOfflineSeconds: number
  readonly hotlistAgeSeconds: number
  readonly clockDoubtSeconds: number
}

export interface IssuerKey {
  readonly version: number
  readonly publicKey: Bytes
}

/** Put on a list, and taken off it. */
export interface ListChange<T> {
  readonly listed: readonly T[]
  readonly unlisted: readonly T[]
}

/** Sealed messages of the center for one purse's chip, in the order in which they are given to it. */
export interface Letter {
  readonly purse: PurseId
  readonly messages: readonly Bytes[]
}

interface At {
  /** Seconds since 1970, by the terminal's clock. */
  readonly at: number
}

interface OfSale extends At {
  readonly sale: number
}

/** Every kind of entry, by name. */
interface Entries {
  /** The first: whose journal this is. */
  readonly opened: At & { readonly publicKey: Bytes }
  readonly intended: OfSale & { readonly amount: Money; readonly currency: Currency }
  /** Ended before any chip was asked: nothing can have been taken. */
  readonly abandoned: OfSale
  readonly requested: OfSale & { readonly deed: Deed; readonly request: Bytes }
  /** The chip has proved that the request did nothing and never will (D-4). */
  readonly 'never-happened': OfSale & { readonly deed: Deed }
  readonly refused: OfSale & { readonly deed: Deed; readonly code: RefusalCode }
  readonly received: OfSale & { readonly deed: Deed; readonly receipt: Bytes }
  /** Final: the goods were withheld and always will be (D-5). */
  readonly 'not-given': OfSale
  /** The chip has shown that it was debited for a sale that was not given: its holder is to have it back. */
  readonly found: OfSale & { readonly receipt: Bytes }
  /** The center knows that the sale was not given; `final`: nothing more will come of it. */
  readonly 'not-given-told': OfSale & { readonly final: boolean }
  /** The void is not asked for again: the debit goes to the center alone. */
  readonly 'void-given-up': OfSale
  /** These sales' receipts are about to be shown to the center: no void from here on (D-6). */
  readonly offered: At & { readonly sales: readonly number[] }
  readonly answered: OfSale & { readonly standing: Standing; readonly final: boolean }
  /** All that was kept has been answered: the time alone begins anew. */
  readonly uploaded: At
  readonly terms: At & {
    readonly terminal: TerminalId
    readonly certificate: Bytes
    readonly issuerKeys: readonly IssuerKey[]
    readonly limits: Limits
  }
  /** A hotlist accepted; `since` 0 replaces the whole, otherwise this is what changed. */
  readonly hotlist: At & {
    readonly version: number
    readonly since: number
    /** When the center made it. */
    readonly made: number
    readonly purses: ListChange<PurseId>
    readonly terminals: ListChange<TerminalId>
  }
  /** The newer list of all mail that is carried: nothing else takes mail out of the box (F-9). */
  readonly mail: At & { readonly version: number; readonly letters: readonly Letter[] }
  /** What a chip answered to a message of its letter. */
  readonly 'mail-answered': At & { readonly purse: PurseId; readonly answer: Bytes }
  /** The center has taken in the answers up to this position of the journal. */
  readonly 'mail-taken': At & { readonly through: number }
  /** The clock stood before `latest`, or far from the center's. */
  readonly 'clock-doubted': At & { readonly latest: number }
  readonly 'clock-agreed': At
}

export type EntryName = keyof Entries
export type EntryOf<E extends EntryName> = { readonly entry: E } & Entries[E]
export type Entry = { [E in EntryName]: EntryOf<E> }[EntryName]

const at = { at: whole }
const ofSale = { ...at, sale: whole }
const deed = word<Deed>('debit', 'void')
const code: Reader<RefusalCode> = value => (typeof value === 'string' && isCode(value) ? value : undefined)
const isCode = (text: string): text is RefusalCode => Object.hasOwn(WIRE, text)
const anyHex: Reader<Bytes> = value => (typeof value === 'string' && isHex(value) ? unhex(value) : undefined)
const boolean: Reader<boolean> = value => (typeof value === 'boolean' ? value : undefined)

const limits = object<Limits>({
  perSale: amountText,
  perPurse: amountText,
  unuploaded: amountText,
  maxOfflineSeconds: whole,
  hotlistAgeSeconds: whole,
  clockDoubtSeconds: whole,
})

const READERS: { readonly [E in EntryName]: Readers<Entries[E]> } = {
  opened: { ...at, publicKey: hexText(POINT_BYTES) },
  intended: { ...ofSale, amount: amountText, currency: currencyText },
  abandoned: ofSale,
  requested: { ...ofSale, deed, request: hexText(DEBIT_REQUEST_BYTES) },
  'never-happened': { ...ofSale, deed },
  refused: { ...ofSale, deed, code },
  received: { ...ofSale, deed, receipt: hexText(SIGNED_RECEIPT_BYTES) },
  'not-given': ofSale,
  found: { ...ofSale, receipt: hexText(SIGNED_RECEIPT_BYTES) },
  'not-given-told': { ...ofSale, final: boolean },
  'void-given-up': ofSale,
  offered: { ...at, sales: list(whole) },
  answered: { ...ofSale, standing: word<Standing>('booked', 'already-booked', 'held', 'refused'), final: boolean },
  uploaded: at,
  terms: {
    ...at,
    terminal: idText<TerminalId>,
    certificate: hexText(TERMINAL_CERTIFICATE_BYTES),
    issuerKeys: list(object<IssuerKey>({ version: whole, publicKey: hexText(POINT_BYTES) })),
    limits,
  },
  hotlist: {
    ...at,
    version: whole,
    since: whole,
    made: whole,
    purses: object<ListChange<PurseId>>({ listed: list(idText<PurseId>), unlisted: list(idText<PurseId>) }),
    terminals: object<ListChange<TerminalId>>({ listed: list(idText<TerminalId>), unlisted: list(idText<TerminalId>) }),
  },
  mail: {
    ...at,
    version: whole,
    letters: list(object<Letter>({ purse: idText<PurseId>, messages: list(anyHex) })),
  },
  'mail-answered': { ...at, purse: idText<PurseId>, answer: anyHex },
  'mail-taken': { ...at, through: whole },
  'clock-doubted': { ...at, latest: whole },
  'clock-agreed': at,
}

/** @returns one line of JSON, without its end */
export const writeEntry = (entry: Entry): string =>
  JSON.stringify(entry, (_, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    return value instanceof Uint8Array ? hex(value) : value
  })

/** @returns undefined when the text is no entry: fields too many, too few, or of the wrong kind */
export function readEntry(text: string): Entry | undefined {
  const { entry, ...fields } = (parseJson(text) ?? {}) as { readonly entry?: unknown }
  if (typeof entry !== 'string' || !Object.hasOwn(READERS, entry)) return undefined
  const name = entry as EntryName
  const read = readExactly<Entries[EntryName]>(fields, READERS[name])
  return read.ok ? ({ entry: name, ...read.value } as Entry) : undefined
}
