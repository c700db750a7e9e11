/**
 * Everybody of one scenario, in the places of a stage: what they are at first, what they may be told, and what each message
 * is. The rules that they follow are the design's.
 */
import { assert } from '@kozeni/base/assert'
import type { PurseId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import type { Command, OperationRow, PurseRow, StoreRow } from '@kozeni/center/book'
import { recordCaptured, requestLoad } from '@kozeni/center/load'
import { registerStore, registerTerminal } from '@kozeni/center/register'
import { newPurse } from '@kozeni/center/reserve'
import { beginEpoch } from '@kozeni/center/restore'
import type { Outcomes, ToChip } from '@kozeni/protocol/message'
import { Centers, spell } from './centers.ts'
import { Chips, KEY_VERSIONS, NEWEST, OLDER } from './chips.ts'
import type { Design } from './design.ts'
import { Interner } from './interner.ts'
import {
  ACCOUNT,
  chipId,
  crypto,
  DEVICE,
  EPOCH,
  JPY,
  keyOf,
  loadId,
  means,
  policy,
  purseId,
  START_MS,
  storeId,
  terminalId,
} from './issuer.ts'
import type { Move, Outcome } from './move.ts'
import { Net } from './net.ts'
import type { Plot } from './plot.ts'
import { Stage } from './stage.ts'

/** What the provider has done about each load. */
export interface Provided {
  readonly taken: readonly boolean[]
  /** How often it gave the money back. */
  readonly back: readonly number[]
  /** What was paid for loads that are not the plot's own. */
  readonly elsewhere: number
}

/** The first store; it has no other. */
export const STORE = storeId(1)
const SESSION_STEP_MS = policy.sessionMs + 1000
export const PRESENT = 0
export const NO_BACKUP = 0

/** Chips answer under the version of their keys that they are asked under. */
type Said = Parameters<Design['hear']>[3]

/** The purses' keys before a rotation begins, and from then on. */
const BEFORE = { ...means, vault: { keyVersion: OLDER, keyFloor: OLDER } }
const SINCE = { ...means, vault: { keyVersion: NEWEST, keyFloor: NEWEST } }

/** The center's book after it has heard a chip, and what the chip is to be told. */
interface Hearing {
  readonly book: number
  readonly message: ToChip | undefined
}

export class Cast {
  readonly plot: Plot
  readonly design: Design
  /** Whether what the handlers do is remembered. */
  readonly memory: boolean
  readonly stage: Stage
  readonly chips: Chips
  readonly centers = new Centers()
  readonly providers = new Interner<Provided>()
  /** Messages by the records that they tell of. */
  readonly #statements: (readonly number[])[] = []
  /** Places of the chips, and whether each is lost. */
  readonly chipAt: readonly number[]
  readonly lossAt: number
  readonly centerAt: number
  readonly clockAt: number
  readonly providerAt: number
  /** What was kept of the center's book: see calamity.ts. */
  readonly backupAt: number
  /** How often the time has passed for which a till keeps what is settled. */
  readonly ageAt: number
  /** The books that chips and center begin with. */
  readonly first: { readonly book: number; readonly records: readonly number[] }

  constructor(plot: Plot, design: Design, memory: boolean) {
    this.plot = plot
    this.design = design
    this.memory = memory
    this.stage = new Stage(new Net(memory), memory)
    this.chips = new Chips(design.module)
    this.first = this.#opening()
    this.chipAt = this.first.records.map(record => this.stage.part(record))
    this.centerAt = this.stage.part(this.first.book)
    this.clockAt = this.stage.part(0)
    this.lossAt = this.stage.part(PRESENT)
    this.providerAt = this.stage.part(
      this.provided({ taken: plot.loads.map(() => false), back: plot.loads.map(() => 0), elsewhere: 0 }),
    )
    this.backupAt = this.stage.part(NO_BACKUP)
    this.ageAt = this.stage.part(0)
    this.stage.underWay(this.first.records.flatMap((record, chip) => this.statements(chip, record)))
  }

  /** The parts that say what time it is, if it passes at all. */
  get clock(): readonly number[] {
    return this.plot.ticks > 0 ? [this.clockAt] : []
  }

  /** The parts that say how long all this has gone on, if that matters. */
  get age(): readonly number[] {
    return this.plot.ages ? [this.ageAt] : []
  }

  /** The parts that say whether a chip is lost, if one may be. */
  get loss(): readonly number[] {
    return this.plot.chipLoss ? [this.lossAt] : []
  }

  nowMs(tick = 0): number {
    return START_MS + tick * SESSION_STEP_MS
  }

  provided(provided: Provided): number {
    return this.providers.number(spell(provided), () => provided)
  }

  /** A message of the center, for the chip's relay to bring at any time. */
  toChip(chip: number, message: ToChip, version: number): number {
    const name = `chip ${chip} ${version} ${spell(message)}`
    return this.stage.net.message(name, () => this.#delivery(chip, message, version))
  }

  #delivery(chip: number, message: ToChip, version: number): Move {
    return {
      parts: [this.chipAt[chip] ?? 0, ...this.loss],
      perform: (record, lost = PRESENT) => (lost === PRESENT ? this.#delivered(chip, record, message, version) : []),
    }
  }

  /** What comes of a message that reaches the chip, power cuts and all; the last is without a fault. */
  #delivered(chip: number, record: number, message: ToChip, version: number): readonly Outcome[] {
    const command = this.chips.sealed(purseId(chip + 1), message, version)
    const done = this.chips.session(record, [command])
    return done
      .filter(({ record: after, answer }, i) => answer !== undefined || done[i + 1]?.record !== after)
      .map(({ record: after, answer }) => ({
        next: [after, PRESENT].slice(0, 1 + this.loss.length),
        sends: [
          ...(after === record ? [] : this.statements(chip, after)),
          ...(message.type === 'fence' ? [this.fencedAnswer(chip, after, version)] : []),
        ],
        fair: false,
        says: `${named(chip)} takes in ${worded(message)}${answer === undefined ? ', and its power fails in the middle' : this.#effect(record, after)}`,
      }))
  }

  #effect(before: number, after: number): string {
    const [was, is] = [this.chips.facts(before), this.chips.facts(after)]
    if (before === after) return ' and changes nothing'
    const value = ({ credits, debits }: typeof was): bigint => credits - debits
    const flag = was.flag === is.flag ? '' : is.flag ? ', flag up' : ', flag down'
    const outcome = is.number === was.number && is.outcome === was.outcome ? '' : `, ${is.outcome}`
    return `${outcome}${flag}; it holds ${value(is)}`
  }

  /** What the chip says of itself when it stands at this record, under each version of its keys that may be in use. */
  statements(chip: number, record: number): readonly number[] {
    return (this.#statements[record] ??= (this.plot.rotates ? KEY_VERSIONS : [NEWEST])
      .filter(version => this.chips.answersUnder(record, version))
      .map(version => this.#saying(chip, this.chips.facts(record).result, version)))
  }

  /** The same, as a center with this book asks for it: under later keys, where a restored book's are shut out. */
  statement(chip: number, record: number, book: number): number {
    const known = this.keyVersion(book, chip)
    const heard = this.chips.answersUnder(record, known) ? known : NEWEST
    return this.#saying(chip, this.chips.facts(record).result, heard)
  }

  /** Under which a center with this book speaks to the chip. */
  keyVersion(book: number, chip: number): number {
    return this.centers.tables(book).purse.get(purseId(chip + 1))?.keyVersion ?? NEWEST
  }

  /** The chip's answer to a fence, when it stands at this record. */
  fencedAnswer(chip: number, record: number, version: number): number {
    return this.#saying(chip, this.chips.facts(record).fenced, version)
  }

  #saying(chip: number, said: Outcomes, keyVersion: number): number {
    return this.stage.net.message(`statement ${chip} ${keyVersion} ${spell(said)}`, () => ({
      parts: [this.centerAt, ...this.clock],
      perform: (book, tick) => this.#heard(chip, book, [{ ...said, keyVersion }], tick),
    }))
  }

  /** What comes of the center hearing this. */
  #heard(chip: number, book: number, said: Said, tick: number | undefined): readonly Outcome[] {
    const { book: after, message } = this.#hearing(chip, book, said, tick)
    const tells = message === undefined || message.type === 'read' ? undefined : message
    const sends = tells === undefined ? [] : [this.toChip(chip, tells, this.keyVersion(after, chip))]
    if (after === book && sends.length === 0) return []
    const heard = said.map(
      ({ epoch, number, outcome, flag }) =>
        ` ${named(chip)} at ${epoch}.${number} (${outcome}, flag ${flag ? 'up' : 'down'})`,
    )
    const says = `The center hears${heard.join()}${this.#news(book, after)}${tells === undefined ? '' : ` and sends ${worded(tells)}`}`
    return [{ next: [after, ...(tick === undefined ? [] : [tick])], sends, fair: false, says }]
  }

  #hearing(chip: number, book: number, said: Said, tick: number | undefined): Hearing {
    const purse = purseId(chip + 1)
    const rotated = this.keyVersion(book, chip) === NEWEST ? SINCE : BEFORE
    const command = this.design.hear(this.plot.rotates ? rotated : means, purse, undefined, said)
    const { book: after, answer } = this.centers.run(book, this.nowMs(tick), command)
    if ('behind' in answer) return this.#hearing(chip, this.newEpoch(after, answer.behind), said, tick)
    return { book: after, message: answer.ok ? answer.value.message : undefined }
  }

  /** The book after a center that supposes, unheard, that its open operation was not done. */
  supposed(book: number, purse: PurseRow, open: OperationRow, tick: number | undefined): number {
    const chip = this.first.records.findIndex(record => this.chips.purse(record) === purse.purse)
    const { result } = this.chips.facts(this.first.records[chip] ?? 0)
    const { seenCredits: credits, seenDebits: debits, seenSeq: seq, settings } = purse
    const place = { epoch: open.epoch, number: open.number, digest: open.digest }
    const said = {
      ...result,
      ...place,
      credits,
      debits,
      seq,
      settings,
      outcome: 'cancelled',
      flag: true,
      keyVersion: 1,
    } as const
    return this.#hearing(chip, book, [said], tick).book
  }

  /** The book, in an epoch that had to begin (F-12). */
  newEpoch(book: number, epoch: number): number {
    return this.centers.run(book, START_MS, beginEpoch(epoch)).book
  }

  #news(before: number, after: number): string {
    if (before === after) return ''
    const [was, is] = [this.centers.tables(before), this.centers.tables(after)]
    const news = [...is.operation.values()].flatMap(row => {
      const earlier = [...was.operation.values()].find(
        one => spell([one.purse, one.epoch, one.number]) === spell([row.purse, row.epoch, row.number]),
      )
      const name = `${row.kind} ${row.amount} as ${row.epoch}.${row.number}`
      if (earlier === undefined) return [`opens ${name}`]
      if (earlier.closed === undefined && row.closed !== undefined) return [`closes ${name}: ${row.decision}`]
      return earlier.decision === row.decision ? [] : [`decides ${row.decision} for ${name}`]
    })
    return news.length === 0 ? ', notes it' : `, ${news.join(', ')}`
  }

  /** Chips personalised and loaded with what they hold, and a center that knows it. */
  #opening(): { readonly book: number; readonly records: readonly number[] } {
    const fresh = Array.from({ length: this.plot.chips }, (_, i) => this.chips.personalised(purseId(i + 1)))
    let book = this.centers.opened({}, [])
    const run = <A>(command: Command<A>): void => {
      book = this.centers.run(book, START_MS, command).book
    }
    run(registerStore(storeRow))
    for (const i of this.plot.terminals.keys())
      run(registerTerminal(terminalId(i + 1), STORE, crypto.publicKey(keyOf(i + 1))))
    for (const [i, { publicKey }] of fresh.entries()) {
      const row = purseRow(i + 1, publicKey, this.plot)
      run({ keys: { purse: row.purse }, decide: () => ({ answer: undefined, writes: [{ write: 'purse', row }] }) })
    }
    const records = fresh.map(({ record }, chip) => {
      if (this.plot.holds > 0n) book = this.funded(book, 900 + chip, purseId(chip + 1), this.plot.holds)
      const met = this.rested(chip, record, book)
      book = met.book
      return met.record
    })
    return { book, records }
  }

  /** A load, asked for and captured. */
  funded(book: number, name: number, purse: PurseId, amount: bigint): number {
    const load = loadId(name)
    const request = {
      load,
      purse,
      amount: money(amount),
      currency: JPY,
      method: 'cash',
      inParts: false,
      inputDigest: new Uint8Array(32),
    }
    const asked = this.centers.run(book, START_MS, requestLoad(request, this.plot.maximum)).book
    return this.centers.run(asked, START_MS, recordCaptured(load, purse, `capture ${load}`)).book
  }

  /** Contacts without fault until there is nothing left to say. */
  rested(chip: number, record: number, book: number): { readonly record: number; readonly book: number } {
    for (let [at, to] = [record, book]; ; ) {
      const keyVersion = this.keyVersion(to, chip)
      const heard = this.#hearing(chip, to, [{ ...this.chips.facts(at).result, keyVersion }], undefined)
      if (heard.message === undefined) return { record: at, book: heard.book }
      to = heard.book
      at = this.chips.whole(at, [this.chips.sealed(purseId(chip + 1), heard.message, keyVersion)]).record
    }
  }
}

/** The chip as the sentences call it. */
export const named = (chip: number): string => (chip === 0 ? 'the chip' : `chip ${chip + 1}`)

function worded({ type, body }: ToChip): string {
  switch (type) {
    case 'command':
      return `COMMAND ${body.epoch}.${body.number} (${body.kind} ${body.amount})`
    case 'abort':
      return `ABORT ${body.epoch}.${body.number}`
    case 'confirm':
      return `CONFIRM ${body.epoch}.${body.number}`
    case 'set':
      return `SET ${body.epoch}.${body.settings}${body.blocked ? ' (blocked)' : ''}`
    case 'fence':
      return `FENCE ${body.epoch}`
    case 'read':
      return 'READ'
  }
}

const storeRow: StoreRow = {
  store: STORE,
  name: 'Bakery',
  currency: JPY,
  publicKey: crypto.publicKey(keyOf(500)),
  generation: 1,
  feeBasisPoints: 0,
  webhookUrl: undefined,
  webhookSecret: 'whsec_c2VjcmV0',
  reportedEpoch: EPOCH,
}

function purseRow(index: number, publicKey: Uint8Array, plot: Plot): PurseRow {
  const { holds, maximum, offlineCount, rotates } = plot
  assert(holds <= maximum, 'a chip holds what it may')
  const wanted = { purse: purseId(index), chip: chipId(index), device: DEVICE, account: ACCOUNT }
  const fresh = newPurse(means, wanted, 'hardware', { now: START_MS, epoch: EPOCH })
  const limits = { ...policy.limits, maximumValue: money(maximum), upperCount: offlineCount }
  return { ...fresh, stage: 'active', publicKey, limits, keyVersion: rotates ? OLDER : NEWEST }
}
