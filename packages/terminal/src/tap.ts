/**
 * One request to one chip, from intent to durable receipt, over as many taps as it takes: a machine without I/O
 * (PROTOCOL §4). A step takes an input and gives the next state and what to do. sale.ts and void.ts are its two kinds.
 *
 * Once a request has been journaled, only the chip's answer or the clerk's durable word ends it: no time-out does.
 */
import { assert, never } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import type { PurseId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import type { Result } from '@kozeni/base/result'
import { encodeCommand } from '@kozeni/protocol/apdu'
import { answers, type DebitRequest, readReceipt, signRequest } from '@kozeni/protocol/debit'
import { PROTOCOL_VERSION } from '@kozeni/protocol/header'
import { purseCommand } from '@kozeni/protocol/purse'
import { type Refusal, type RefusalCode, refusal, WIRE } from '@kozeni/protocol/refusal'
import { answerOf, type Card, introduce, meet, type Self, SUCCESS, said, select } from './card.ts'
import type { Deed, Entry } from './entry.ts'
import { commandFor, type Errand, entryOf, errandsAt, RING } from './errand.ts'
import type { SoftwarePolicy } from './limits.ts'
import { type Asked, readAsked, type Till } from './till.ts'

/** What the machine may look at: who the terminal is, and what it knows. */
export interface World {
  readonly self: Self
  readonly till: Till
  /** On-line first only while the center answers. */
  readonly software: SoftwarePolicy
}

/** What is to be done, and the one request that may already have been executed. */
export interface Task {
  readonly sale: number
  readonly amount: Money
  readonly asked: Asked | undefined
  /** The one purse that it concerns, when that is known. */
  readonly purse: PurseId | undefined
}

/** What differs between taking and giving back. */
export interface Rules {
  readonly deed: Deed
  readonly ins: number
  readonly type: 'debit-request' | 'void-request'
  /** Whether this chip may be asked now, for the first time. */
  check(world: World, task: Task, card: Card, now: number): Result<unknown, Refusal>
  /** What the chip says when it has moved on without doing it. */
  readonly movedOn: readonly RefusalCode[]
  /** Whether a task that no chip was asked for ends in the journal. */
  readonly abandons: boolean
  /** Whether a chip in software meets the center before it is asked for the first time. */
  readonly asksCenter: boolean
}

/** How a task ends, for now (`unresolved`, `never-happened`) or for ever. */
export interface Outcome {
  readonly outcome: 'done' | 'refused' | 'unresolved' | 'never-happened' | 'abandoned'
  readonly deed: Deed
  readonly sale: number
  readonly amount: Money
  readonly purse: PurseId | undefined
  /** Signed, as the chip made it. */
  readonly receipt: Bytes | undefined
  readonly why: Refusal | undefined
  /** The purse should meet the center soon. */
  readonly onlineWanted: boolean
}

/** What clerk and holder see. `tap-again`: it may or may not have been done, and no screen says that it was not. */
export type Screen =
  | { readonly screen: 'tap'; readonly sale: number; readonly amount: Money; readonly why: Refusal | undefined }
  | { readonly screen: 'tap-again'; readonly sale: number; readonly amount: Money; readonly why: Refusal | undefined }
  | { readonly screen: 'ended'; readonly outcome: Outcome }

export type Phase =
  | { readonly at: 'intending' | 'listening' | 'selecting' | 'introducing' }
  /** Errands are done at the chip; `keeping` while its answer becomes durable. */
  | { readonly at: 'running' | 'keeping'; readonly card: Card; readonly errands: readonly Errand[] }
  | { readonly at: 'relaying' | 'requesting' | 'acting'; readonly card: Card }
  | { readonly at: 'ending' | 'over'; readonly outcome: Outcome }

export interface TapState {
  readonly task: Task
  readonly phase: Phase
  /** What was wrong at the latest tap. */
  readonly trouble: Refusal | undefined
  /** Who has met the center in this tap, or would have. */
  readonly met?: PurseId
}

/** `now` in seconds since 1970. `stop` is the clerk, or the end of patience; it is heard only between taps. */
export type Input = { readonly now: number } & (
  | { readonly input: 'chip' | 'durable' | 'stop' }
  | { readonly input: 'response'; readonly response: Bytes | undefined }
  | { readonly input: 'relayed'; readonly why: Refusal | undefined }
)

/** `journal` is answered by `durable`, `transmit` by `response`, `relay` (a contact of the chip with the center) by `relayed`. */
export type Effect =
  | { readonly effect: 'journal'; readonly entry: Entry }
  | { readonly effect: 'transmit'; readonly command: Bytes }
  | { readonly effect: 'relay'; readonly purse: PurseId }
  | { readonly effect: 'show'; readonly screen: Screen }
  | { readonly effect: 'stop-listening' }

export interface Step {
  readonly state: TapState
  readonly effects: readonly Effect[]
}

/** The chip's word that it did nothing: said only after it has looked into its ring (D-4), so also good at a repetition. */
const NOTHING_TAKEN: readonly RefusalCode[] = [
  'balance-too-low',
  'debit-too-large',
  'online-required',
  'purse-blocked',
  'currency-differs',
  'counter-exhausted',
]

/**
 * One step. What a state does not wait for changes nothing; after `over` nothing ever does.
 *
 * @spec D-1, D-3, D-4, weakening 6
 */
export function step(rules: Rules, world: World, state: TapState, input: Input): Step {
  switch (input.input) {
    case 'chip':
      return state.phase.at === 'listening' ? to(state, { at: 'selecting' }, transmit(select)) : stay(state)
    case 'stop':
      return state.phase.at === 'listening' ? stopped(rules, state, input.now) : stay(state)
    case 'durable':
      return onDurable(rules, world, state, input.now)
    case 'response':
      return onResponse(rules, world, state, input.response, input.now)
    case 'relayed':
      return state.phase.at === 'relaying' ? relayed(rules, state, state.phase.card, input) : stay(state)
    default:
      return never(input)
  }
}

/** Ready for a chip. */
export const listening = (task: Task, trouble?: Refusal): Step => {
  const { sale, amount, asked } = task
  const screen = { screen: asked === undefined ? 'tap' : 'tap-again', sale, amount, why: trouble } as const
  return { state: { task, phase: { at: 'listening' }, trouble }, effects: [{ effect: 'show', screen }] }
}

function onDurable(rules: Rules, world: World, state: TapState, now: number): Step {
  const { phase, task } = state
  if (phase.at === 'intending') return listening(task)
  if (phase.at === 'keeping') return run(rules, world, state, phase, now)
  if (phase.at === 'requesting') return act(rules, state, phase.card)
  return phase.at === 'ending' ? over(state, phase.outcome) : stay(state)
}

function onResponse(rules: Rules, world: World, state: TapState, response: Bytes | undefined, now: number): Step {
  const { phase } = state
  if (phase.at === 'selecting') {
    const introduction = introduce(world.self, response)
    return introduction.ok
      ? to(state, { at: 'introducing' }, transmit(introduction.value))
      : listening(state.task, introduction.refusal)
  }
  if (phase.at === 'introducing') {
    const card = meet(world.self, response)
    if (!card.ok) return listening(state.task, card.refusal)
    const { purse } = card.value
    if (meetsFirst(rules, world, state, card.value))
      return to(state, { at: 'relaying', card: card.value }, { effect: 'relay', purse })
    return run(rules, world, state, { card: card.value, errands: errandsAt(world.till, card.value) }, now)
  }
  if (phase.at === 'running') return ran(rules, world, state, phase, response, now)
  return phase.at === 'acting' ? judge(rules, world, state, phase.card, response, now) : stay(state)
}

/** A chip that was asked already is only asked again: what it did is to be known, whatever the center says. */
const meetsFirst = (rules: Rules, { software }: World, { task, met }: TapState, { purse, chipClass }: Card): boolean =>
  rules.asksCenter && software.onlineFirst && chipClass === 'software' && task.asked === undefined && met !== purse

/** Whether nobody answered who could have said no. */
export const isNoCenter = ({ code }: Refusal): boolean => WIRE[code].http >= 500 || code === 'terminal-not-certified'

/** The chip says anew who it is, for it has talked to the center since; the center's no is the sale's end. @spec C-9 */
function relayed(
  rules: Rules,
  state: TapState,
  card: Card,
  { why, now }: { why: Refusal | undefined; now: number },
): Step {
  if (why === undefined || isNoCenter(why))
    return to({ ...state, met: card.purse }, { at: 'selecting' }, transmit(select))
  return why.code === 'chip-gone' ? listening(state.task, why) : refused(rules, state, why, now, card)
}

interface Running {
  readonly card: Card
  readonly errands: readonly Errand[]
}

/** Errands come first, so that a block, a limit or a refund in the mail counts for what is asked next. @spec F-9 */
function run(rules: Rules, world: World, state: TapState, { card, errands }: Running, now: number): Step {
  const [next] = errands
  return next === undefined
    ? met(rules, world, state, card, now)
    : to(state, { at: 'running', card, errands }, transmit(commandFor(next)))
}

/** The answer is durable before anything else is done: it may be what the center waits for. */
function ran(
  rules: Rules,
  world: World,
  state: TapState,
  { card, errands }: Running,
  answer: Bytes | undefined,
  now: number,
): Step {
  const [done, ...left] = errands
  if (answer === undefined || done === undefined) return listening(state.task, refusal('chip-gone'))
  const entry = entryOf(world.self, world.till, card, done, answer, now)
  return entry === undefined
    ? run(rules, world, state, { card, errands: left }, now)
    : to(state, { at: 'keeping', card, errands: left }, journal(entry))
}

/** A chip that was asked already is asked the same again, and only that one (D-4). */
function met(rules: Rules, world: World, state: TapState, card: Card, now: number): Step {
  const { task } = state
  if (task.purse !== undefined && task.purse !== card.purse) return listening(task, refusal('chip-differs'))
  if (task.asked === undefined) return ask(rules, world, state, card, now)
  if (card.seq < task.asked.request.seq) return listening(task, refusal('seq-fell', { purse: card.purse }))
  return act(rules, state, card)
}

/** The request is durable before the chip can see it (D-3). */
function ask(rules: Rules, world: World, state: TapState, card: Card, now: number): Step {
  const checked = rules.check(world, state.task, card, now)
  if (!checked.ok) return refused(rules, state, checked.refusal, now, card)
  const { key, crypto } = world.self
  const request = signRequest(crypto, key, requestFor(rules, world, state.task, card, now))
  const task: Task = { ...state.task, asked: readAsked(request), purse: card.purse }
  const entry: Entry = { entry: 'requested', at: now, sale: task.sale, deed: rules.deed, request }
  return to({ ...state, task }, { at: 'requesting', card }, journal(entry))
}

const requestFor = (rules: Rules, { self }: World, { sale, amount }: Task, card: Card, now: number): DebitRequest => ({
  version: PROTOCOL_VERSION,
  type: rules.type,
  direction: 'to-chip',
  purse: card.purse,
  keyVersion: 0,
  seq: card.seq,
  amount,
  currency: self.terms.certificate.currency,
  terminal: self.terms.terminal,
  sale,
  time: now,
})

function act(rules: Rules, state: TapState, card: Card): Step {
  const { asked } = state.task
  assert(asked !== undefined, 'a chip acts on a journaled request')
  return to(state, { at: 'acting', card }, transmit(encodeCommand(purseCommand(rules.ins, asked.bytes))))
}

/** What the chip did, as far as its answer proves it. */
function judge(
  rules: Rules,
  world: World,
  state: TapState,
  card: Card,
  response: Bytes | undefined,
  now: number,
): Step {
  const answer = answerOf(response)
  if (!answer.ok) return listening(state.task, answer.refusal)
  if (answer.value.statusWord === SUCCESS) return kept(rules, world, state, card, answer.value.data, now)
  const why = said(answer.value.statusWord)
  if (rules.movedOn.includes(why.code)) return movedOn(rules, state, card, why, now)
  return NOTHING_TAKEN.includes(why.code) ? refused(rules, state, why, now, card) : listening(state.task, why)
}

/** The receipt is checked, then durable, then shown (D-3). */
function kept(rules: Rules, { self }: World, state: TapState, card: Card, receipt: Bytes, now: number): Step {
  const { task } = state
  const signed = readReceipt(receipt)
  const good =
    signed !== undefined &&
    task.asked !== undefined &&
    answers(task.asked.request, signed.receipt) &&
    self.crypto.verify(card.publicKey, signed.body, signed.signature)
  if (!good) return listening(task, refusal('receipt-wrong'))
  const entry: Entry = { entry: 'received', at: now, sale: task.sale, deed: rules.deed, receipt }
  return ending(state, outcomeOf(rules, task, 'done', { card, receipt }), entry)
}

/** Within the ring's reach the chip would have shown the receipt: so it never happened. Beyond, the center decides. */
function movedOn(rules: Rules, state: TapState, card: Card, why: Refusal, now: number): Step {
  const { task } = state
  const since = card.seq - (task.asked?.request.seq ?? card.seq)
  if (since < 1 || since > RING) return listening(task, why)
  const entry: Entry = { entry: 'never-happened', at: now, sale: task.sale, deed: rules.deed }
  return ending(state, outcomeOf(rules, task, 'never-happened', { card, why }), entry)
}

function refused(rules: Rules, state: TapState, why: Refusal, now: number, card: Card): Step {
  const { sale } = state.task
  const entry: Entry = { entry: 'refused', at: now, sale, deed: rules.deed, code: why.code }
  return ending(state, outcomeOf(rules, state.task, 'refused', { card, why }), entry)
}

/** No chip came, or none that answered. Whatever was asked stays asked: there is no "not paid" by time-out. */
function stopped(rules: Rules, state: TapState, now: number): Step {
  const { task, trouble: why } = state
  if (task.asked !== undefined) return over(state, outcomeOf(rules, task, 'unresolved', { why }))
  const outcome = outcomeOf(rules, task, 'abandoned', { why })
  return rules.abandons
    ? ending(state, outcome, { entry: 'abandoned', at: now, sale: task.sale })
    : over(state, outcome)
}

const outcomeOf = (
  { deed }: Rules,
  { sale, amount, purse }: Task,
  outcome: Outcome['outcome'],
  { card, receipt, why }: { card?: Card; receipt?: Bytes; why?: Refusal | undefined },
): Outcome => ({
  outcome,
  deed,
  sale,
  amount,
  purse: card?.purse ?? purse,
  receipt,
  why,
  onlineWanted: card?.onlineWanted ?? false,
})

const ending = (state: TapState, outcome: Outcome, entry: Entry): Step =>
  to(state, { at: 'ending', outcome }, journal(entry))

const over = (state: TapState, outcome: Outcome): Step =>
  to(
    state,
    { at: 'over', outcome },
    { effect: 'show', screen: { screen: 'ended', outcome } },
    { effect: 'stop-listening' },
  )

const to = (state: TapState, phase: Phase, ...effects: Effect[]): Step => ({ state: { ...state, phase }, effects })
const stay = (state: TapState): Step => ({ state, effects: [] })
const transmit = (command: Bytes): Effect => ({ effect: 'transmit', command })
const journal = (entry: Entry): Effect => ({ effect: 'journal', entry })
