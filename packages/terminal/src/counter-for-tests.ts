/** A counter for tests: an issuer, its center, and a terminal whose power can be cut at every write of its journal. */
import type { ContactAnswer, ContactRound, Post } from '@kozeni/api/meet'
import { type Bytes, base64url, fromBase64url, NO_BYTES } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { id, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { certify, terminalCertificate } from '@kozeni/protocol/certificate'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Receipt, readReceipt } from '@kozeni/protocol/debit'
import { hotlistMessage } from '@kozeni/protocol/hotlist'
import { type Refusal, type RefusalCode, refusal } from '@kozeni/protocol/refusal'
import type { Center, MailExchange, MailList, TerminalStanding, Upload, UploadAnswer } from './center.ts'
import { ChipForTests } from './chip-for-tests.ts'
import type { Entry } from './entry.ts'
import type { Journal, Placed } from './journal.ts'
import { MemoryJournal } from './journal-memory.ts'
import { type SoftwarePolicy, softwarePolicy } from './limits.ts'
import { Terminal } from './terminal.ts'

export const START_SECONDS = 1_800_000_000
export const TERMINAL = id<TerminalId>('0000000000000007')
export const JPY = currency('JPY')

/** Thrown by the journal when the power goes. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut'
}

/** The power goes at the append after so many, before or after it is durable. */
export interface Cut {
  readonly after: number
  readonly durable: boolean
}

class CuttableJournal implements Journal {
  readonly #journal: Journal
  #left: number
  readonly #durable: boolean

  constructor(journal: Journal, cut: Cut | undefined) {
    this.#journal = journal
    this.#left = cut?.after ?? Number.POSITIVE_INFINITY
    this.#durable = cut?.durable ?? true
  }

  entries(): readonly Placed[] {
    return this.#journal.entries()
  }

  async append(entry: Entry): Promise<Placed> {
    this.#left -= 1
    if (this.#left >= 0) return this.#journal.append(entry)
    if (this.#left === -1 && this.#durable) await this.#journal.append(entry)
    throw new PowerCut()
  }

  async close(): Promise<void> {}
}

/** Limits that stand in nobody’s way. */
export const GENEROUS: TerminalStanding['limits'] = {
  perSale: '100000',
  perPurse: '1000000',
  unuploaded: '10000000',
  maxOfflineSeconds: 259_200,
  hotlistAgeSeconds: 259_200,
  clockDoubtSeconds: 300,
}

/** A center that books each receipt once, and remembers in which order it saw them. */
export class CenterForTests implements Center {
  readonly seen = new Map<string, Receipt>()
  uploads: Upload[] = []
  says: TerminalStanding
  /** What becomes of the next deliveries: the request is lost, or the answer. */
  faults: ('request-lost' | 'answer-lost' | 'none')[] = []
  final = false
  /** What it says to a contact's next rounds; then it cannot be reached. */
  turns: ContactAnswer[] = []
  rounds: ContactRound[] = []
  /** What it says to every contact instead. */
  forbids: RefusalCode | undefined

  readonly #sign: (message: Bytes) => Bytes

  constructor(standing: TerminalStanding, sign: (message: Bytes) => Bytes) {
    this.says = standing
    this.#sign = sign
  }

  async deliver(upload: Upload): Promise<Result<UploadAnswer, Refusal>> {
    const fault = this.faults.shift() ?? 'none'
    if (fault === 'request-lost') return no(refusal('center-unreachable'))
    this.uploads.push(upload)
    const answers = upload.receipts.map(({ receipt }) => this.#book(fromBase64url(receipt) ?? NO_BYTES))
    const notGiven = (upload.notGiven ?? []).map(each => this.#noted(each))
    return fault === 'none' ? ok({ answers, notGiven, hotlist: { version: 1 } }) : no(refusal('center-unreachable'))
  }

  async standing(since: number): Promise<Result<TerminalStanding, Refusal>> {
    const { hotlist } = this.says
    const unchanged = since === hotlist.version
    const message = hotlistMessage({
      version: hotlist.version,
      at: Date.parse(hotlist.at) / 1000,
      purses: hotlist.entries.flatMap(entry => (entry.subject === 'purse' ? [entry.purse] : [])),
      terminals: hotlist.entries.flatMap(entry => (entry.subject === 'terminal' ? [entry.terminal] : [])),
    })
    const signed = { ...hotlist, signature: base64url(this.#sign(message)) }
    return ok({ ...this.says, hotlist: unchanged ? { ...signed, since, entries: [] } : signed })
  }

  /** What it says of mail, and what it was brought. */
  letters: MailList['letters'] = []
  readonly brought: MailExchange['answers'] = []

  async mail({ answers }: MailExchange): Promise<Result<MailList, Refusal>> {
    this.brought.push(...answers)
    const taken = answers.map(() => ({ standing: 'taken' as const }))
    return ok({ taken, version: this.uploads.length, letters: this.letters })
  }

  readonly contact: Post = async round => {
    this.rounds.push(round)
    if (this.forbids !== undefined) return no(refusal(this.forbids))
    const turn = this.turns.shift()
    return turn === undefined ? no(refusal('center-unreachable')) : ok(turn)
  }

  /** Debits whose goods were not given: the store is charged again with what it was credited. */
  readonly #refunded = new Set<string>()

  /** Value that the store is owed. */
  get owed(): bigint {
    return [...this.seen]
      .filter(([name]) => !this.#refunded.has(name))
      .reduce((sum, [, { kind, amount }]) => (kind === 'debit' ? sum + amount : sum - amount), 0n)
  }

  /** As the center does: it is refunded once its receipt is there. */
  #noted({ sale, purse, seq }: NonNullable<Upload['notGiven']>[number]): UploadAnswer['notGiven'][number] {
    const known = this.seen.get(`${purse} ${seq}`)?.sale === sale
    if (known) this.#refunded.add(`${purse} ${seq}`)
    return { sale, standing: known ? 'refunded' : 'noted', final: known && this.final }
  }

  #book(bytes: Bytes): UploadAnswer['answers'][number] {
    const made = readReceipt(bytes)?.receipt
    if (made === undefined) return { standing: 'refused', code: 'data-wrong', final: true }
    const name = `${made.purse} ${made.seq}`
    const standing = this.seen.has(name) ? 'already-booked' : 'booked'
    this.seen.set(name, made)
    return { purse: made.purse, seq: made.seq, standing, final: this.final }
  }
}

export class CounterForTests {
  readonly crypto: Crypto
  readonly clock = new StillClock(START_SECONDS * 1000)
  readonly dice = new SeededDice(7)
  readonly issuer: Bytes
  readonly key: Bytes
  readonly center: CenterForTests
  journal: Journal
  software: SoftwarePolicy = softwarePolicy

  constructor(crypto: Crypto) {
    this.crypto = crypto
    this.issuer = crypto.generate(this.dice)
    this.key = crypto.generate(this.dice)
    this.journal = new MemoryJournal(crypto)
    this.center = new CenterForTests(this.#standing(), message => crypto.sign(this.issuer, message))
  }

  /** A terminal that has been on-line once. */
  async start(): Promise<Terminal> {
    const terminal = await this.open()
    const uploaded = await terminal.upload()
    if (!uploaded.ok) throw new Error(uploaded.refusal.code)
    return terminal
  }

  /** The terminal as it starts with what the journal holds; its power may be cut at a later write. */
  async open(cut?: Cut): Promise<Terminal> {
    const { crypto, clock, key, center, software } = this
    const journal = new CuttableJournal(this.journal, cut)
    const terminal = await Terminal.open({ crypto, clock, key, center, journal, software })
    if (!terminal.ok) throw new Error(terminal.refusal.code)
    return terminal.value
  }

  /** Another chip of this issuer. */
  chip(number: number, balance: bigint, more: { expires?: number; chipClass?: 'software' } = {}): ChipForTests {
    const { crypto, dice, issuer } = this
    const purse = id<PurseId>(`00000000000000a${number}`)
    return new ChipForTests({ crypto, dice, issuer, purse, balance, expires: START_SECONDS + 604_800, ...more })
  }

  /** Changes what the center says of limits or hotlist. */
  say(named: Partial<TerminalStanding>): void {
    this.center.says = { ...this.center.says, at: this.#time(), ...named }
  }

  #time(): string {
    return new Date(this.clock.now()).toISOString()
  }

  #standing(): TerminalStanding {
    const { crypto, issuer, key } = this
    const facts = { version: 1, type: 'terminal-certificate', issuerKeyVersion: 1, terminal: TERMINAL } as const
    const certificate = certify(message => crypto.sign(issuer, message), terminalCertificate, {
      ...facts,
      store: id<StoreId>('0000000000000005'),
      currency: JPY,
      expires: START_SECONDS + 31_536_000,
      publicKey: crypto.publicKey(key),
    })
    return {
      terminal: TERMINAL,
      store: id<StoreId>('0000000000000005'),
      currency: JPY,
      certificate: base64url(certificate),
      issuerKeys: [{ version: 1, publicKey: base64url(crypto.publicKey(issuer)) }],
      limits: GENEROUS,
      hotlist: { version: 1, since: 0, at: this.#time(), entries: [] },
      at: this.#time(),
    }
  }
}
