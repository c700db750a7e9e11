/**
 * What a terminal knows: the fold of its journal, and nothing else. Pure in its entries: the same journal makes the same
 * till. Whoever writes an entry applies it here once it is durable, never before.
 */
import { assert, never } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId, TerminalId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { type TerminalCertificate, terminalCertificate } from '@kozeni/protocol/certificate'
import { type DebitRequest, debitRequest, type Receipt, readReceipt } from '@kozeni/protocol/debit'
import type { RefusalCode } from '@kozeni/protocol/refusal'
import type { Entry, EntryOf, IssuerKey, Limits, ListChange, Standing } from './entry.ts'
import type { Placed } from './journal.ts'

/** A request that was signed: it may have reached a chip. */
export interface Asked {
  readonly bytes: Bytes
  readonly request: DebitRequest
}

/** A receipt that was checked and is durable. */
export interface Kept {
  readonly position: number
  /** The version of the hotlist that was accepted before it, 0 for none. */
  readonly hotlist: number
  readonly bytes: Bytes
  readonly receipt: Receipt
}

/** `unresolved`: a chip was asked, and what it did is not known. Final are abandoned, refused, paid and not-given. */
export type Stage = 'open' | 'abandoned' | 'unresolved' | 'refused' | 'paid' | 'not-given'
export type VoidStage = 'none' | 'unresolved' | 'refused' | 'given-up' | 'voided'

export interface Sale {
  readonly sale: number
  readonly at: number
  readonly amount: Money
  readonly currency: Currency
  readonly stage: Stage
  /** The one request that may have been executed, when there is one. */
  readonly asked: Asked | undefined
  readonly receipt: Kept | undefined
  readonly refusedFor: RefusalCode | undefined
  readonly voidStage: VoidStage
  readonly voidAsked: Asked | undefined
  readonly voidReceipt: Kept | undefined
  /** When the center was told that it was not given, and whether that is all. */
  readonly told: { readonly at: number; readonly final: boolean } | undefined
  /** Shown to the center, or about to be: no void any more (D-6). */
  readonly offered: boolean
  readonly answered: { readonly at: number; readonly standing: Standing; readonly final: boolean } | undefined
}

export interface Terms {
  readonly terminal: TerminalId
  readonly certificateBytes: Bytes
  readonly certificate: TerminalCertificate
  readonly issuerKeys: readonly IssuerKey[]
  readonly limits: Limits
}

export interface Hotlist {
  readonly version: number
  /** When the center made it, in seconds. */
  readonly made: number
  readonly purses: ReadonlySet<PurseId>
  /** Stolen ones; here only because the issuer signs the whole list. */
  readonly terminals: ReadonlySet<TerminalId>
}

/** Mail for chips that may come, and what chips that came have answered. */
export interface Mailbox {
  readonly version: number
  readonly letters: ReadonlyMap<PurseId, readonly Bytes[]>
  /** Those that the center has not taken in, the oldest first. */
  readonly answers: readonly MailAnswer[]
}

export interface MailAnswer {
  readonly position: number
  readonly purse: PurseId
  readonly answer: Bytes
}

export interface Till {
  readonly publicKey: Bytes | undefined
  readonly terms: Terms | undefined
  readonly hotlist: Hotlist | undefined
  readonly mailbox: Mailbox
  readonly sales: ReadonlyMap<number, Sale>
  readonly lastSale: number
  /** Sales of which it is not known whether they were paid. */
  readonly unresolved: ReadonlySet<number>
  /** Sales with a receipt that the center has not answered for. */
  readonly unanswered: ReadonlySet<number>
  /** What these and the unresolved ones have taken, and not given back: of all, and of each purse. */
  readonly untold: { readonly amount: bigint; readonly byPurse: ReadonlyMap<PurseId, bigint> }
  /** Refused or not given, though a chip was asked and may do it yet: until the center says that nothing more comes of it. */
  readonly withheld: ReadonlySet<number>
  /** Answered, and not settled for good: kept, and shown again. */
  readonly unsettled: ReadonlySet<number>
  /** The highest seq that each purse has shown here (C-9). */
  readonly seqs: ReadonlyMap<PurseId, number>
  readonly offlineSince: number | undefined
  readonly clockDoubted: boolean
  /** The latest time this terminal has lived through. */
  readonly latest: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface OpenTill
  extends Mutable<Omit<Till, 'sales' | 'unresolved' | 'unanswered' | 'untold' | 'withheld' | 'unsettled' | 'seqs'>> {
  readonly sales: Map<number, Sale>
  readonly unresolved: Set<number>
  readonly unanswered: Set<number>
  readonly untold: { amount: bigint; readonly byPurse: Map<PurseId, bigint> }
  readonly withheld: Set<number>
  readonly unsettled: Set<number>
  readonly seqs: Map<PurseId, number>
}

/** @returns the till that this journal tells of, and the one way to change it */
export function foldTill(entries: readonly Placed[]): { readonly till: Till; apply(placed: Placed): void } {
  const till: OpenTill = {
    publicKey: undefined,
    terms: undefined,
    hotlist: undefined,
    mailbox: { version: 0, letters: new Map(), answers: [] },
    sales: new Map(),
    lastSale: 0,
    unresolved: new Set(),
    unanswered: new Set(),
    untold: { amount: 0n, byPurse: new Map() },
    withheld: new Set(),
    unsettled: new Set(),
    seqs: new Map(),
    offlineSince: undefined,
    clockDoubted: false,
    latest: 0,
  }
  for (const placed of entries) apply(till, placed)
  return { till, apply: placed => apply(till, placed) }
}

function apply(till: OpenTill, { entry, position }: Placed): void {
  till.latest = entry.entry === 'clock-agreed' ? entry.at : Math.max(till.latest, entry.at)
  const sale = saleAfter(till, entry, position)
  if (sale !== undefined) putSale(till, sale)
  else applyRest(till, entry, position)
}

/** The sale that the entry is about, as it stands after it. */
function saleAfter(till: OpenTill, entry: Entry, position: number): Sale | undefined {
  if (!('sale' in entry)) return undefined
  if (entry.entry === 'intended') return newSale(entry)
  const sale = till.sales.get(entry.sale)
  assert(sale !== undefined, `sale ${entry.sale} was intended before it was ${entry.entry}`)
  switch (entry.entry) {
    case 'abandoned':
    case 'not-given':
      return { ...sale, stage: entry.entry }
    case 'void-given-up':
      return { ...sale, voidStage: 'given-up' }
    case 'answered':
      return { ...sale, answered: { at: entry.at, standing: entry.standing, final: entry.final } }
    case 'found':
      return { ...sale, receipt: keptFrom(till, entry.receipt, position) }
    case 'not-given-told':
      return { ...sale, told: { at: entry.at, final: entry.final } }
    case 'requested':
      return afterRequest(till, sale, entry)
    case 'received':
      return afterReceipt(till, sale, entry, position)
    case 'refused':
      return entry.deed === 'void'
        ? { ...sale, voidStage: 'refused' }
        : { ...sale, stage: 'refused', refusedFor: entry.code }
    case 'never-happened':
      return entry.deed === 'void' ? { ...sale, voidStage: 'refused' } : { ...sale, stage: 'open', asked: undefined }
    default:
      return never(entry)
  }
}

const newSale = ({ sale, at, amount, currency }: EntryOf<'intended'>): Sale => ({
  sale,
  at,
  amount,
  currency,
  stage: 'open',
  asked: undefined,
  receipt: undefined,
  refusedFor: undefined,
  voidStage: 'none',
  voidAsked: undefined,
  voidReceipt: undefined,
  told: undefined,
  offered: false,
  answered: undefined,
})

function afterRequest(till: OpenTill, sale: Sale, { deed, request }: EntryOf<'requested'>): Sale {
  const asked = readAsked(request)
  raise(till, asked.request.purse, asked.request.seq)
  return deed === 'void'
    ? { ...sale, voidStage: 'unresolved', voidAsked: asked }
    : { ...sale, stage: 'unresolved', asked }
}

function afterReceipt(till: OpenTill, sale: Sale, entry: EntryOf<'received'>, position: number): Sale {
  const kept = keptFrom(till, entry.receipt, position)
  return entry.deed === 'void'
    ? { ...sale, voidStage: 'voided', voidReceipt: kept }
    : { ...sale, stage: 'paid', receipt: kept }
}

function keptFrom(till: OpenTill, bytes: Bytes, position: number): Kept {
  const receipt = known(receipts, bytes, () => readReceipt(bytes)?.receipt)
  assert(receipt !== undefined, 'only receipts are journaled as such')
  raise(till, receipt.purse, receipt.seq)
  return { position, hotlist: till.hotlist?.version ?? 0, bytes, receipt }
}

/** What was read from an entry's bytes, which never change: a journal that is folded again is not read again. */
const receipts = new WeakMap<Bytes, Receipt>()
const requests = new WeakMap<Bytes, DebitRequest>()

function known<T>(read: WeakMap<Bytes, T>, bytes: Bytes, readNow: () => T | undefined): T | undefined {
  const before = read.get(bytes)
  if (before !== undefined) return before
  const now = readNow()
  if (now !== undefined) read.set(bytes, now)
  return now
}

/** The signed request behind its bytes. A bug unless this terminal made them. */
export function readAsked(bytes: Bytes): Asked {
  const request = known(requests, bytes, () => debitRequest.read(bytes.subarray(0, debitRequest.size)))
  assert(request !== undefined, 'only requests are journaled as requested')
  return { bytes, request }
}

function raise(till: OpenTill, purse: PurseId, seq: number): void {
  till.seqs.set(purse, Math.max(till.seqs.get(purse) ?? 0, seq))
}

function putSale(till: OpenTill, sale: Sale): void {
  const before = till.sales.get(sale.sale)
  if (before !== undefined) addUntold(till, before, 0n - untoldOf(before))
  addUntold(till, sale, untoldOf(sale))
  till.sales.set(sale.sale, sale)
  till.lastSale = Math.max(till.lastSale, sale.sale)
  keep(till.unresolved, sale.sale, sale.stage === 'unresolved')
  keep(till.unanswered, sale.sale, isUnanswered(sale))
  keep(till.withheld, sale.sale, isWithheld(sale))
  keep(till.unsettled, sale.sale, sale.answered?.final === false)
}

const isUnanswered = ({ receipt, answered }: Sale): boolean => receipt !== undefined && answered === undefined

/** Value that only this terminal knows of: its receipt is not answered, or it may have been taken. */
function untoldOf(sale: Sale): bigint {
  const isOpen = sale.stage === 'unresolved' || isUnanswered(sale)
  return isOpen && sale.voidStage !== 'voided' ? sale.amount : 0n
}

function addUntold({ untold }: OpenTill, { asked }: Sale, change: bigint): void {
  if (change === 0n) return
  untold.amount += change
  const purse = asked?.request.purse
  if (purse === undefined) return
  const sum = (untold.byPurse.get(purse) ?? 0n) + change
  if (sum === 0n) untold.byPurse.delete(purse)
  else untold.byPurse.set(purse, sum)
}

/** Whoever kept the signed request can have it done later: what is taken then goes back (D-5). */
const isWithheld = ({ stage, asked, told }: Sale): boolean =>
  (stage === 'not-given' || stage === 'refused') && asked !== undefined && told?.final !== true

const keep = (set: Set<number>, sale: number, there: boolean): unknown => (there ? set.add(sale) : set.delete(sale))

function applyRest(till: OpenTill, entry: Entry, position: number): void {
  switch (entry.entry) {
    case 'opened':
      till.publicKey = entry.publicKey
      break
    case 'terms':
      till.terms = termsOf(entry)
      till.offlineSince ??= entry.at
      break
    case 'hotlist':
      till.hotlist = hotlistAfter(till.hotlist, entry)
      break
    case 'mail':
    case 'mail-answered':
    case 'mail-taken':
      till.mailbox = mailboxAfter(till.mailbox, entry, position)
      break
    case 'offered':
      for (const sale of entry.sales) putOffered(till, sale)
      break
    case 'uploaded':
      till.offlineSince = entry.at
      break
    case 'clock-doubted':
    case 'clock-agreed':
      till.clockDoubted = entry.entry === 'clock-doubted'
      break
    default:
      assert('sale' in entry, `an entry about the till, not ${entry.entry}`)
  }
}

function putOffered(till: OpenTill, number: number): void {
  const sale = till.sales.get(number)
  assert(sale !== undefined, `sale ${number} was made before it was offered`)
  till.sales.set(number, { ...sale, offered: true })
}

function termsOf({ terminal, certificate: certificateBytes, issuerKeys, limits }: EntryOf<'terms'>): Terms {
  const certificate = terminalCertificate.read(certificateBytes.slice(0, terminalCertificate.size))
  assert(certificate !== undefined, 'only terms with a certificate are journaled')
  return { terminal, certificateBytes, certificate, issuerKeys, limits }
}

/** The list after what changed; a whole one (since 0) replaces it. */
export function hotlistAfter(before: Hotlist | undefined, change: EntryOf<'hotlist'>): Hotlist {
  const { version, since, made, purses, terminals } = change
  const kept = since === 0 ? undefined : before
  return { version, made, purses: changed(kept?.purses, purses), terminals: changed(kept?.terminals, terminals) }
}

function changed<T>(before: ReadonlySet<T> | undefined, { listed, unlisted }: ListChange<T>): ReadonlySet<T> {
  const after = new Set(before)
  for (const one of listed) after.add(one)
  for (const one of unlisted) after.delete(one)
  return after
}

function mailboxAfter(
  before: Mailbox,
  entry: EntryOf<'mail'> | EntryOf<'mail-answered'> | EntryOf<'mail-taken'>,
  position: number,
): Mailbox {
  switch (entry.entry) {
    case 'mail': {
      const { version, letters } = entry
      return { ...before, version, letters: new Map(letters.map(({ purse, messages }) => [purse, messages])) }
    }
    case 'mail-answered':
      return { ...before, answers: [...before.answers, { position, purse: entry.purse, answer: entry.answer }] }
    case 'mail-taken':
      return { ...before, answers: before.answers.filter(answer => answer.position > entry.through) }
  }
}
