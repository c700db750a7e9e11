/**
 * A purse's life: random steps of center, till and power, in any order and any number of times, and what must hold after
 * each of them. The judge keeps no model of the chip, only what the chip itself has said: totals are exactly the sum of
 * the outcomes and receipts that it ever told, each once; nothing falls; whoever should not change a thing did not.
 */
import { assert } from '@kozeni/base/assert'
import { equal, hex } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import { answers, type SignedReceipt } from '@kozeni/protocol/debit'
import type { Fenced, Outcomes, Remembered } from '@kozeni/protocol/message'
import { comparePlaces, KIND, type Kind } from '@kozeni/protocol/operation'
import fc from 'fast-check'
import { PowerCut } from './chip-for-tests.ts'
import {
  abortOf,
  commandOf,
  EPOCH,
  type Order,
  type PurseForTests,
  requestOf,
  type Sale,
  till,
} from './purse-for-tests.ts'

const shop = till('0606060606060606')
const KINDS: readonly Kind[] = ['load', 'load', 'pay', 'refund', 'pay', 'sweep', 'load', 'pay']
const OK = 0x9000
const NOT_AUTHENTICATED = 0x6985

/** What happens, and after how many page writes of it power fails. */
interface Step {
  readonly do: 'command' | 'abort' | 'confirm' | 'debit' | 'void' | 'set' | 'fence'
  readonly cut: number | undefined
  /** Counted back from the newest number or `seq` there is; −1 is the next. */
  readonly back: number
  readonly prevBack: number
  readonly epoch: number
  readonly amount: bigint
  readonly blocked: boolean
}

const DOINGS = [
  'command',
  'command',
  'command',
  'abort',
  'confirm',
  'confirm',
  'debit',
  'debit',
  'void',
  'set',
  'fence',
] as const

/** So far back that it never got an answer. */
const LOST = 9

/** Lives of up to sixty steps: mostly the next thing, often again the last, now and then something long past. */
export const lives: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    do: fc.constantFrom(...DOINGS),
    cut: fc.constantFrom(undefined, undefined, undefined, 0, 1),
    back: fc.constantFrom(-1, -1, 0, 0, 0, 1, LOST),
    prevBack: fc.constantFrom(0, 0, 1),
    epoch: fc.constantFrom(EPOCH, EPOCH, EPOCH, EPOCH, EPOCH + 1),
    amount: fc.bigInt({ min: 1n, max: 40n }),
    blocked: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 20, maxLength: 60 },
)

/** Lives through all steps on this purse. Throws at the first that breaks what must hold. */
export function live(purse: PurseForTests, steps: readonly Step[]): void {
  const judge = new Judge(purse.read())
  for (const step of steps) {
    purse.chip.writesLeft = step.cut ?? Number.POSITIVE_INFINITY
    const receipt = orCut(purse, () => take(purse, step, judge))
    judge.hear(step, purse.read(), receipt)
  }
  judge.compareRing(purse.fence(EPOCH))
}

function orCut<T>(purse: PurseForTests, act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error
    return undefined
  } finally {
    purse.chip.writesLeft = Number.POSITIVE_INFINITY
  }
}

/** @returns the receipt, when the step got one */
function take(purse: PurseForTests, step: Step, judge: Judge): SignedReceipt | undefined {
  const { stands } = judge
  const number = Math.max(stands.number - step.back, 1)
  switch (step.do) {
    case 'command':
      return void purse.say(commandOf(judge.order(number, step)))
    case 'abort':
      return void purse.say(abortOf(judge.order(number, step)))
    case 'confirm':
      return void purse.confirm(
        { epoch: stands.epoch, number },
        { amount: stands.offlineAmount, count: stands.offlineCount },
      )
    case 'set':
      return void purse.set({ blocked: step.blocked, maximumValue: money(step.amount * 5n) })
    case 'fence':
      return void purse.fence(step.epoch)
    case 'debit':
    case 'void':
      return atTill(purse, judge.sale(step))
  }
}

function atTill(purse: PurseForTests, sale: Sale): SignedReceipt | undefined {
  const early = purse.ask(shop, sale)
  const { statusWord, data } = early.statusWord === NOT_AUTHENTICATED ? purse.meet(shop).ask(shop, sale) : early
  if (statusWord !== OK) return undefined
  const signed = purse.genuine(data)
  assert(answers(requestOf(shop, sale), signed.receipt), 'a receipt answers its request')
  return signed
}

class Judge {
  stands: Outcomes
  readonly #orders = new Map<string, Order>()
  readonly #outcomes = new Map<string, Outcomes>()
  readonly #receipts = new Map<number, SignedReceipt>()

  constructor(stands: Outcomes) {
    this.stands = stands
  }

  /** One number is one order for ever, as the center has it; only what it has closed may change. */
  order(number: number, { epoch, amount, prevBack }: Step): Order {
    const key = `${epoch}/${number}`
    const kind = KINDS[number % KINDS.length] ?? 'load'
    const order = this.#orders.get(key) ?? { epoch, number, kind, amount: kind === 'sweep' ? 0n : amount }
    this.#orders.set(key, order)
    return { ...order, prev: { epoch: this.stands.epoch, number: Math.max(this.stands.number - prevBack, 0) } }
  }

  /** The next sale or one before: what was asked for once is asked for again with the same content. */
  sale({ do: doing, back, amount }: Step): Sale {
    const seq = Math.max(this.stands.seq - Math.max(back, 0), 0)
    if (doing === 'debit' && back === LOST) return { seq: Math.max(this.stands.seq - 1, 0), amount, sale: 5000 }
    const asked = doing === 'debit' && back < 0 ? undefined : this.#receipts.get(seq)?.receipt
    if (doing === 'void') return { type: 'void-request', seq, amount: asked?.amount ?? amount, sale: asked?.sale ?? 1 }
    if (asked?.kind === 'debit') return { seq: asked.seq - 1, amount: asked.amount, sale: asked.sale }
    return { seq, amount, sale: 1000 + seq }
  }

  hear(step: Step, now: Outcomes, receipt: SignedReceipt | undefined): void {
    const before = this.stands
    this.stands = now
    this.#nothingFalls(before, now)
    this.#onlyItsOwn(step, before, now)
    this.#outcome(step, before, now)
    if (receipt !== undefined) this.#receipt(before, now, receipt)
    this.#sums(now)
  }

  compareRing({ ring }: Fenced): void {
    const told = [...this.#outcomes.values()].toSorted((a, b) => comparePlaces(b, a)).slice(0, ring.length)
    told.forEach((outcome, i) =>
      assert(sameOutcome(ring[i], outcome), `the ring tells outcome ${i} as it was told before`),
    )
  }

  #nothingFalls(before: Outcomes, now: Outcomes): void {
    const rising = [
      'credits',
      'debits',
      'seq',
      'offlineAmount',
      'offlineCount',
      'acknowledgedAmount',
      'acknowledgedCount',
      'time',
      'epochFloor',
    ] as const
    for (const name of rising) assert(now[name] >= before[name], `${name} fell from ${before[name]} to ${now[name]}`)
    assert(comparePlaces(now, before) >= 0, 'the place fell')
    assert(now.debits <= now.credits, 'value below zero')
    assert(now.offlineCount >= now.acknowledgedCount, 'acknowledged above the total')
  }

  /** Tills and orders without value touch no operation; operations touch no debit (F-9, F-12, F-14). */
  #onlyItsOwn({ do: doing, cut, epoch }: Step, before: Outcomes, now: Outcomes): void {
    const operation = ({ epoch, number, outcome, flag, digest }: Outcomes) =>
      `${epoch} ${number} ${outcome} ${flag} ${hex(digest)}`
    if (['debit', 'void', 'set', 'fence'].includes(doing))
      assert(operation(now) === operation(before), `${doing} touched an operation`)
    if (!['debit', 'void'].includes(doing)) assert(now.seq === before.seq, `${doing} touched the debits`)
    if (['confirm', 'set', 'fence'].includes(doing))
      assert(now.credits === before.credits && now.debits === before.debits, `${doing} moved value`)
    if (doing === 'fence' && cut === undefined) assert(now.epochFloor >= epoch, 'a fence was not taken')
  }

  #outcome(step: Step, before: Outcomes, now: Outcomes): void {
    if (now.number === 0) return
    const key = `${now.epoch}/${now.number}`
    const told = this.#outcomes.get(key)
    if (told === undefined) this.#isNew(step, before, now)
    else if (told.outcome !== now.outcome) this.#isReversal(before, now)
    assert(told === undefined || equal(told.digest, now.digest), 'another operation under a used number')
    this.#outcomes.set(key, now)
  }

  #isNew({ prevBack }: Step, before: Outcomes, now: Outcomes): void {
    assert(!before.flag || prevBack === 0, 'an operation over one that is not known to be closed')
    assert(now.flag, 'an outcome without its flag')
    assert(now.epoch >= before.epochFloor, 'an operation from before the fence')
    const blocked = before.blocked && (now.kind === KIND.load || now.kind === KIND.pay)
    assert(now.outcome !== 'applied' || !blocked, 'a blocked purse moved value')
  }

  #isReversal(before: Outcomes, now: Outcomes): void {
    assert(before.outcome === 'applied' && now.outcome === 'reversed', `${before.outcome} became ${now.outcome}`)
    assert(now.kind === KIND.pay, 'what is no pay was undone')
    assert(before.flag, 'a confirmed pay was undone')
  }

  #receipt(before: Outcomes, now: Outcomes, signed: SignedReceipt): void {
    const { receipt } = signed
    const told = this.#receipts.get(receipt.seq)
    if (told !== undefined) return assert(equal(told.body, signed.body), 'two receipts under one seq')
    assert(receipt.seq === before.seq + 1 && receipt.seq === now.seq, `receipt ${receipt.seq} after ${before.seq}`)
    assert(receipt.credits === now.credits && receipt.debits === now.debits, 'a receipt with other totals')
    assert(receipt.kind === 'void' || !before.blocked, 'a blocked purse was debited')
    const previous = this.#receipts.get(receipt.prevSeq)?.receipt
    assert(receipt.prevSeq === before.seq && receipt.prevAmount === (previous?.amount ?? 0n), 'a wrong witness')
    this.#receipts.set(receipt.seq, signed)
  }

  #sums({ credits, debits, seq }: Outcomes): void {
    const moved = [...this.#outcomes.values()].filter(({ outcome }) => outcome === 'applied' || outcome === 'reversed')
    const records = [...this.#receipts.values()].map(({ receipt }) => receipt)
    const given = sum(
      moved.filter(({ kind, outcome }) => kind === KIND.load || kind === KIND.refund || outcome === 'reversed'),
    )
    const taken = sum(moved.filter(({ kind }) => kind === KIND.pay || kind === KIND.sweep))
    assert(
      credits === given + sum(records.filter(({ kind }) => kind === 'void')),
      `credits ${credits} are the sum of what came in`,
    )
    assert(
      debits === taken + sum(records.filter(({ kind }) => kind === 'debit')),
      `debits ${debits} are the sum of what went out`,
    )
    assert(records.length === seq, `every one of ${seq} records was told`)
  }
}

const sum = (moves: ReadonlyArray<{ readonly amount: bigint }>): bigint =>
  moves.reduce((all, { amount }) => all + amount, 0n)

const sameOutcome = (remembered: Remembered | undefined, told: Outcomes): boolean =>
  remembered !== undefined &&
  comparePlaces(remembered, told) === 0 &&
  remembered.kind === told.kind &&
  remembered.outcome === told.outcome &&
  equal(remembered.digest, told.digest)
