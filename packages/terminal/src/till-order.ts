/**
 * A clerk's orders as text, one row each: what a control over HTTP, a command line or a screen sends to a terminal, and
 * how its answers are spelled. Bytes are hexadecimal, amounts plain digits, both ways.
 */
import { hex } from '@kozeni/base/bytes'
import type { TerminalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { amountText, idText, optional, type Reader, type Readers, readObject, whole } from '@kozeni/protocol/json'
import type { Reader as ChipReader } from '@kozeni/protocol/reader'
import { type Refusal, refusal, refusalText } from '@kozeni/protocol/refusal'
import type { Counter } from './counter.ts'
import type { Outcome, Screen } from './tap.ts'
import type { Terminal } from './terminal.ts'
import type { Sale } from './till.ts'

/** A till that takes orders. */
export interface OrderTaker {
  readonly terminal: Terminal
  readonly reader: ChipReader
  /** What the center is to call it from now on. */
  certify(terminal: TerminalId): Promise<void>
  readonly show?: (screen: Screen) => void
  /** Ends the waiting for a chip that is going on, if any. */
  enough: AbortController
}

type Obey = (till: OrderTaker, input: object) => Promise<Result<unknown, Refusal>>

/** An order with the fields it takes; others are ignored. */
const order =
  <T extends object>(
    readers: Readers<T>,
    work: (till: OrderTaker, input: T) => Promise<Result<unknown, Refusal>>,
  ): Obey =>
  async (till, input) => {
    const read = readObject<T>(input, readers)
    return read.ok ? await work(till, read.value) : read
  }

const PATIENCE_MS = 30_000
const PATIENCE_MAX_MS = 120_000

/** How long to wait for a chip; half a minute when not given. */
const patience: Reader<number> = value => {
  const waitMs = value === undefined ? PATIENCE_MS : whole(value)
  return waitMs !== undefined && waitMs <= PATIENCE_MAX_MS ? waitMs : undefined
}

/** The counter for one order, until the next `cancel`. */
function counterOf(till: OrderTaker, waitMs: number): Counter {
  const { reader, show } = till
  if (till.enough.signal.aborted) till.enough = new AbortController()
  return { reader, waitMs, enough: till.enough.signal, ...(show && { show }) }
}

const ORDERS: Readonly<Record<string, Obey>> = {
  'POST /sell': order({ amount: amountText, waitMs: patience }, async (till, { amount, waitMs }) =>
    spelled(await till.terminal.sell(amount, counterOf(till, waitMs)), outcomeText),
  ),
  'POST /retry': order({ sale: optional(whole), waitMs: patience }, async (till, { sale, waitMs }) =>
    spelled(await till.terminal.retry(counterOf(till, waitMs), sale ?? undefined), outcomeText),
  ),
  'POST /not-given': order({ sale: whole }, async ({ terminal }, { sale }) =>
    spelled(await terminal.markNotGiven(sale), saleText),
  ),
  'POST /void': order({ waitMs: patience }, async (till, { waitMs }) =>
    spelled(await till.terminal.voidLast(counterOf(till, waitMs)), outcomeText),
  ),
  'POST /contact': order({ waitMs: patience }, async (till, { waitMs }) =>
    spelled(await till.terminal.contact(counterOf(till, waitMs)), report => ({ report })),
  ),
  'POST /cancel': order({}, async till => {
    till.enough.abort()
    return ok({})
  }),
  'POST /upload': order({}, ({ terminal }) => terminal.upload()),
  'POST /certify': order({ terminal: idText<TerminalId> }, async (till, { terminal }) => {
    await till.certify(terminal)
    return till.terminal.upload()
  }),
  'GET /status': order({}, async ({ terminal }) => ok(statusText(terminal))),
  'GET /sales': order({}, async ({ terminal }) => ok({ sales: terminal.sales().map(saleText) })),
}

/**
 * Does one order.
 *
 * @param order  method and path: `POST /sell`
 * @returns      plain JSON
 * @refuses      instruction-unknown · data-wrong, naming the field · what the order refuses
 */
export const obey = (till: OrderTaker, named: string, input: object): Promise<Result<unknown, Refusal>> =>
  Object.hasOwn(ORDERS, named) && ORDERS[named] !== undefined
    ? ORDERS[named](till, input)
    : Promise.resolve(no(refusal('instruction-unknown')))

const spelled = <T>(result: Result<T, Refusal>, spell: (value: T) => unknown): Result<unknown, Refusal> =>
  result.ok ? ok(spell(result.value)) : result

/** What a clerk reads. No words for a sale whose end is not known say that it was not paid (weakening 6). */
const WORDS: Readonly<Record<Outcome['outcome'], Readonly<Record<Outcome['deed'], string>>>> = {
  done: { debit: 'Paid.', void: 'Given back.' },
  refused: { debit: 'Nothing was taken.', void: 'Not given back: the sale stays paid.' },
  unresolved: {
    debit: 'It may have been paid. Let the same purse tap again, or mark the sale as not given.',
    void: 'It may have been given back. Let the same purse tap again.',
  },
  'never-happened': { debit: 'Nothing was taken. The sale can be offered again.', void: 'The sale stays paid.' },
  abandoned: { debit: 'No purse was asked; nothing was taken.', void: 'No purse was asked; the sale stays paid.' },
}

function outcomeText({ outcome, deed, sale, amount, purse, receipt, why, onlineWanted }: Outcome) {
  return {
    outcome: outcome === 'done' ? (deed === 'debit' ? 'paid' : 'voided') : outcome,
    says: WORDS[outcome][deed],
    sale,
    amount: String(amount),
    onlineWanted,
    ...(purse && { purse }),
    ...(receipt && { receipt: hex(receipt) }),
    ...(why && { why: refusalText(why) }),
  }
}

function saleText({ sale, at, amount, currency, stage, asked, voidStage, offered, answered, refusedFor }: Sale) {
  return {
    sale,
    at,
    amount: String(amount),
    currency,
    stage: voidStage === 'voided' ? 'voided' : stage,
    offered,
    ...(asked && { purse: asked.request.purse }),
    ...(refusedFor && { refusedFor }),
    ...(voidStage === 'unresolved' && { void: voidStage }),
    ...(answered && { standing: answered.standing, final: answered.final }),
  }
}

function statusText(terminal: Terminal) {
  const { unuploadedAmount, unresolved, unresolvedVoids, lastSale, stopped, ...rest } = terminal.status()
  return {
    ...rest,
    publicKey: hex(terminal.publicKey),
    unuploadedAmount: String(unuploadedAmount),
    unresolved: unresolved.map(saleText),
    unresolvedVoids: unresolvedVoids.map(saleText),
    ...(lastSale && { lastSale: saleText(lastSale) }),
    ...(stopped && { stopped: refusalText(stopped) }),
  }
}
