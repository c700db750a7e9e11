/**
 * Terminals as numbers: what a terminal is at a moment is what it knows, and the machine at its counter; the real machines
 * take it from one moment to the next. What the journal says is durable before the machine goes on.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { money } from '@kozeni/base/money'
import { type CommandApdu, decodeCommand } from '@kozeni/protocol/apdu'
import { INS, purseCommand } from '@kozeni/protocol/purse'
import { introduce, type Self, select } from '@kozeni/terminal/card'
import type { Deed, Entry } from '@kozeni/terminal/entry'
import { type Placed, placeAfter } from '@kozeni/terminal/journal'
import { sameAsHardware } from '@kozeni/terminal/limits'
import type { Input, Step, TapState } from '@kozeni/terminal/tap'
import { foldTill, type Till } from '@kozeni/terminal/till'
import { type Cast, STORE } from './cast.ts'
import { spell } from './centers.ts'
import type { Chips } from './chips.ts'
import type { Design } from './design.ts'
import { Interner } from './interner.ts'
import { certifyTerminal, crypto, keyOf, START_MS, terminalId, vault } from './issuer.ts'

/** A terminal at one moment. */
export interface Desk {
  readonly journal: readonly Placed[]
  /** The tap that goes on, until power fails or it ends. */
  readonly tap: { readonly deed: Deed; readonly state: TapState } | undefined
  readonly lost: boolean
}

/** Terminals' clocks stand still. */
export const NOW = seconds(START_MS)

export class Desks {
  readonly #design: Pick<Design, 'sale' | 'void'>
  readonly #desks = new Interner<Desk>()
  readonly #tills = new WeakMap<readonly Placed[], Till>()
  readonly #self: Self
  /** A terminal that has met the center once. */
  readonly first: number

  /** @param index  of the terminal, from 0 */
  constructor(design: Pick<Design, 'sale' | 'void'>, index: number) {
    this.#design = design
    const desk = { journal: journaled([], openingOf(index)), tap: undefined, lost: false }
    this.first = this.number(desk)
    const { terms } = this.till(desk)
    assert(terms !== undefined, 'a terminal is certified')
    this.#self = { crypto, key: keyOf(index + 1), terms }
  }

  desk(number: number): Desk {
    return this.#desks.value(number)
  }

  /** What a terminal knows and does is what it is: how often its journal says the same does not matter. */
  number(desk: Desk): number {
    const { sales, seqs } = this.till(desk)
    const known = [...sales.values()].map(sale => ({
      ...sale,
      receipt: sale.receipt?.bytes,
      voidReceipt: sale.voidReceipt?.bytes,
    }))
    return this.#desks.number(spell([known, seqs, desk.tap, desk.lost, lateVoids(desk)]), () => desk)
  }

  /** What this journal tells. Journals do not change, so each is folded once. */
  till({ journal }: Pick<Desk, 'journal'>): Till {
    const known = this.#tills.get(journal)
    if (known !== undefined) return known
    const { till } = foldTill(journal)
    this.#tills.set(journal, till)
    return till
  }

  /** The desk with these entries more. */
  written(desk: Desk, ...entries: readonly Entry[]): Desk {
    return { ...desk, journal: journaled(desk.journal, entries) }
  }

  /** The machine's next step, when it waits at this point. */
  told(desk: Desk, at: TapState['phase']['at'], input: Input): Desk | undefined {
    if (desk.tap === undefined || desk.tap.state.phase.at !== at) return undefined
    const { deed, state } = desk.tap
    const { step } = deed === 'void' ? this.#design.void : this.#design.sale
    return this.driven(
      desk,
      deed,
      step({ self: this.#self, till: this.till(desk), software: sameAsHardware }, state, input),
    )
  }

  /** Does what a step says, up to where the machine waits for somebody. */
  driven(desk: Desk, deed: Deed, { state, effects }: Step): Desk {
    const entries = effects.flatMap(effect => (effect.effect === 'journal' ? [effect.entry] : []))
    const after = this.written(desk, ...entries)
    if (state.phase.at === 'over') return { ...after, tap: undefined }
    const waiting: Desk = { ...after, tap: { deed, state } }
    return entries.length === 0
      ? waiting
      : (this.told(waiting, state.phase.at, { input: 'durable', now: NOW }) ?? waiting)
  }

  /** A sale without any fault: the chip pays, and the desk has its receipt. Undefined when it is refused. */
  sold(
    chips: Chips,
    desk: Desk,
    record: number,
    amount: bigint,
  ): { readonly desk: Desk; readonly record: number } | undefined {
    const begun = this.#design.sale.begin(this.till(desk), money(amount), NOW)
    if (!begun.ok) return undefined
    const [selecting, introducing] = this.introduction(chips, record)
    const heard = (commands: readonly CommandApdu[]): Input => ({
      input: 'response',
      response: chips.whole(record, commands).answer,
      now: NOW,
    })
    const met = this.told(this.driven(desk, 'debit', begun.value), 'listening', { input: 'chip', now: NOW })
    const greeted = met && this.told(met, 'selecting', heard([selecting]))
    const asking = greeted && this.told(greeted, 'introducing', heard([selecting, introducing]))
    const asked = asking?.tap?.state.task.asked
    if (asking === undefined || asked === undefined) return undefined
    const commands = [selecting, introducing, requesting('debit', asked.bytes)]
    const paid = this.told(asking, 'acting', heard(commands))
    return paid && { desk: paid, record: chips.whole(record, commands).record }
  }

  /** SELECT, and the terminal's introduction to what the chip answers. */
  introduction(chips: Chips, record: number): readonly [CommandApdu, CommandApdu] {
    const introduction = introduce(this.#self, chips.whole(record, [SELECT]).answer)
    assert(introduction.ok, 'a terminal introduces itself')
    return [SELECT, apdu(introduction.value)]
  }
}

/** Sales whose void was asked for when the center had been shown the debit already. */
export function lateVoids({ journal }: Pick<Desk, 'journal'>): readonly number[] {
  const offered = new Set<number>()
  return journal.flatMap(({ entry }) => {
    if (entry.entry === 'offered') for (const sale of entry.sales) offered.add(sale)
    return entry.entry === 'requested' && entry.deed === 'void' && offered.has(entry.sale) ? [entry.sale] : []
  })
}

/** A signed request as the command that brings it. */
export const requesting = (deed: Deed, request: Bytes): CommandApdu =>
  purseCommand(deed === 'void' ? INS.void : INS.debit, request)

const apdu = (bytes: Bytes): CommandApdu => {
  const command = decodeCommand(bytes)
  assert(command !== undefined, 'a command')
  return command
}

const SELECT = apdu(select)

function journaled(journal: readonly Placed[], entries: readonly Entry[]): readonly Placed[] {
  return entries.reduce((all, entry) => [...all, placeAfter(crypto, all.at(-1), entry)], journal)
}

const GENEROUS = {
  perSale: money(1000n),
  perPurse: money(1000n),
  unuploaded: money(1000n),
  maxOfflineSeconds: 259_200,
  hotlistAgeSeconds: 259_200,
  clockDoubtSeconds: 300,
}

function openingOf(index: number): readonly Entry[] {
  const terminal = terminalId(index + 1)
  const publicKey = crypto.publicKey(keyOf(index + 1))
  const certificate = certifyTerminal(terminal, STORE, publicKey)
  const issuerKeys = [{ version: 1, publicKey: vault.publicKey('certificates') }]
  const none = { listed: [], unlisted: [] }
  return [
    { entry: 'opened', at: NOW, publicKey },
    { entry: 'terms', at: NOW, terminal, certificate, issuerKeys, limits: GENEROUS },
    { entry: 'hotlist', at: NOW, version: 1, since: 0, made: NOW, purses: none, terminals: none },
    { entry: 'uploaded', at: NOW },
  ]
}

/** A till in its place, for what happens at it. */
export interface PlacedTill {
  readonly cast: Cast
  readonly desks: Desks
  /** Of the till in a state. */
  readonly place: number
  readonly name: string
}
