/** Any order of taps, cuts and clerks: what the till says happened is what happened at the chips, and once. */
import { assert } from '@kozeni/base/assert'
import { money } from '@kozeni/base/money'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import fc from 'fast-check'
import { test } from 'vitest'
import type { ChipForTests, Fault } from './chip-for-tests.ts'
import { isRecord } from './chip-for-tests.ts'
import { CounterForTests, type Cut, JPY, PowerCut, TERMINAL } from './counter-for-tests.ts'
import type { Screen } from './tap.ts'
import type { Terminal } from './terminal.ts'
import type { Sale, Stage } from './till.ts'
import { foldTill } from './till.ts'

type Deed =
  | ({ readonly do: 'sell' | 'retry' | 'void' } & { readonly chip: number; readonly taps: readonly Fault[] })
  | { readonly do: 'not-given' }
  | { readonly do: 'wait' }
  | { readonly do: 'upload'; readonly fault: 'none' | 'request-lost' | 'answer-lost' }
  | { readonly do: 'elsewhere'; readonly chip: number; readonly times: number }

interface Event {
  readonly deed: Deed
  readonly cut: Cut | undefined
}

const chip = fc.nat({ max: 1 })
const fault = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fault>('none') },
  { weight: 1, arbitrary: fc.constantFrom<Fault>('command-lost', 'answer-lost') },
)
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('sell' as const, 'retry' as const, 'void' as const),
      chip,
      taps: fc.array(fault, { maxLength: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Deed>({ do: 'not-given' }, { do: 'wait' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('upload' as const),
      fault: fc.constantFrom('none' as const, 'request-lost' as const, 'answer-lost' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('elsewhere' as const), chip, times: fc.constantFrom(1, 2, 20, 21) }),
  },
)
const event: fc.Arbitrary<Event> = fc.record({
  deed,
  cut: fc.option(fc.record({ after: fc.nat({ max: 4 }), durable: fc.boolean() }), { nil: undefined, freq: 3 }),
})

const FINAL: readonly Stage[] = ['abandoned', 'refused', 'paid', 'not-given']

class Story {
  readonly counter = new CounterForTests(nodeCrypto)
  readonly chips: readonly ChipForTests[]
  terminal: Terminal | undefined
  /** Final stages, once seen. */
  readonly ended = new Map<number, Stage>()
  shownPaid = 0

  constructor() {
    this.chips = [this.counter.chip(1, 2000n), this.counter.chip(2, 500n, { chipClass: 'software' })]
    for (const one of this.chips) one.made = record => this.#isNoLateVoid(record.receipt)
  }

  async run(events: readonly Event[]): Promise<void> {
    this.terminal = await this.counter.start()
    for (const { deed: what, cut } of events) {
      if (cut !== undefined) this.terminal = await this.counter.open(cut)
      await this.#act(this.terminal, what).catch(failure => this.#restart(failure))
      this.#judge()
    }
    await this.#settle()
  }

  async #restart(failure: unknown): Promise<void> {
    if (!(failure instanceof PowerCut)) throw failure
    this.terminal = await this.counter.open()
  }

  async #act(terminal: Terminal, what: Deed): Promise<void> {
    if (what.do === 'wait') this.counter.clock.advance(700_000)
    else if (what.do === 'upload') await this.#upload(terminal, what.fault)
    else if (what.do === 'elsewhere') this.#payElsewhere(this.#chip(what.chip), what.times)
    else if (what.do === 'not-given') await terminal.markNotGiven(terminal.status().unresolved[0]?.sale ?? 1)
    else await this.#tap(terminal, what.do, this.#chip(what.chip), what.taps)
  }

  async #tap(terminal: Terminal, what: 'sell' | 'retry' | 'void', one: ChipForTests, taps: readonly Fault[]) {
    const counter = { reader: one.reader(taps), waitMs: 1500, show: (screen: Screen) => this.#shown(screen) }
    if (what === 'sell') await terminal.sell(money(100n), counter)
    if (what === 'retry') await terminal.retry(counter)
    if (what === 'void') await terminal.voidLast(counter)
  }

  async #upload(terminal: Terminal, how: 'none' | 'request-lost' | 'answer-lost'): Promise<void> {
    this.counter.center.faults = [how]
    await terminal.upload().finally(() => {
      this.counter.center.faults = []
    })
  }

  #chip(number: number): ChipForTests {
    const found = this.chips[number]
    assert(found !== undefined, 'two chips')
    return found
  }

  #payElsewhere(one: ChipForTests, times: number): void {
    for (let i = 0; i < times; i++) {
      const head = { version: 1, type: 'debit-request', direction: 'to-chip', purse: one.purse, keyVersion: 0 } as const
      const sale = { seq: one.seq, amount: money(1n), currency: JPY, sale: 100_000 + one.seq, time: 1 }
      one.payElsewhere({ ...head, ...sale, terminal: TERMINAL })
    }
  }

  /** D-3, INV-SHOW: what the screen says is already durable; weakening 6: and is what the chips say. */
  #shown(screen: Screen): void {
    if (screen.screen !== 'ended') return
    const { outcome, sale, deed: what } = screen.outcome
    const durable = foldTill(this.counter.journal.entries()).till.sales.get(sale)
    if (what === 'debit' && outcome === 'done') {
      assert(durable?.stage === 'paid', 'paid is durable before it is shown')
      this.shownPaid += 1
    }
    if (what === 'void' && outcome === 'done') assert(durable?.voidStage === 'voided', 'so is a void')
    if (what === 'debit' && (outcome === 'abandoned' || outcome === 'refused' || outcome === 'never-happened'))
      assert(this.#debitsOf(sale).length === 0, `${outcome} is shown only when nothing was taken`)
  }

  /** Weakening 19. */
  #isNoLateVoid({ kind, purse, seq }: { kind: string; purse: string; seq: number }): void {
    const late = kind === 'void' && this.counter.center.seen.has(`${purse} ${seq - 1}`)
    assert(!late, 'no debit is voided that the center has seen')
  }

  #recordsOf(sale: number, kind: 'debit' | 'void') {
    return this.chips.flatMap(({ records }) => records.filter(r => r.receipt.sale === sale && r.receipt.kind === kind))
  }

  #debitsOf(sale: number) {
    return this.#recordsOf(sale, 'debit')
  }

  #judge(): void {
    for (const sale of foldTill(this.counter.journal.entries()).till.sales.values()) this.#judgeSale(sale)
  }

  #judgeSale({ sale, stage, voidStage, receipt, voidReceipt }: Sale): void {
    const [debit, another] = this.#debitsOf(sale)
    assert(another === undefined, 'one debit a sale')
    assert(this.#recordsOf(sale, 'void').length <= 1, 'one void a sale')
    if (stage === 'paid') assert(debit && receipt && isRecord(debit, receipt.bytes), 'paid is what the chip recorded')
    if (stage === 'abandoned' || stage === 'refused' || stage === 'open') assert(!debit, `${stage} took nothing`)
    if (voidStage === 'none') assert(this.#recordsOf(sale, 'void').length === 0, 'no void that nobody asked for')
    assert((voidStage === 'voided') === (voidReceipt !== undefined), 'voided with its receipt')
    const before = this.ended.get(sale)
    assert(before === undefined || before === stage, `${before} is final`)
    if (FINAL.includes(stage)) this.ended.set(sale, stage)
  }

  /** When faults stop, every sale ends, and the center has exactly what the till says is paid (INV-LIVE). */
  async #settle(): Promise<void> {
    const terminal = await this.counter.open()
    for (const one of this.chips) await this.#tap(terminal, 'retry', one, [])
    for (const one of this.chips) await this.#tap(terminal, 'retry', one, [])
    for (const { sale } of terminal.status().unresolved) await terminal.markNotGiven(sale)
    this.counter.clock.advance(700_000)
    this.counter.say({})
    for (let i = 0; i < 2; i++) assert((await terminal.upload()).ok, 'an upload without faults goes through')
    this.#judge()
    const kept = terminal.sales().filter(({ stage, voidStage }) => stage === 'paid' && voidStage !== 'voided')
    const owed = kept.reduce((sum, { amount }) => sum + amount, 0n)
    assert(this.counter.center.owed === owed, `the store is owed ${this.counter.center.owed}, and sold for ${owed}`)
    assert(terminal.status().unuploadedCount === 0, 'all is uploaded')
  }
}

test('whatever is cut, torn, repeated or tapped by whom: shown paid is durable, a sale takes once, no is said only of what took nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 14 }), events => new Story().run(events)),
    { numRuns: Number(process.env['RUNS'] ?? 300) },
  )
}, 600_000)
