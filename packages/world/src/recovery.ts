/**
 * How often each row of PROTOCOL §3’s recovery table is taken, by what really happens: what the book closes, and what a
 * contact hears of the chip before it tells it anything. Sees everything, and changes nothing. What cannot be told for
 * sure (an answer that no relay heard, mail that may still be in a box) is not counted.
 */
import type { Post, Report } from '@kozeni/api/meet'
import type { PurseId } from '@kozeni/base/ids'
import type { Result } from '@kozeni/base/result'
import { AnswerLost, type OperationRow, type Write } from '@kozeni/center/book'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { History } from './history.ts'

/** The rows, in the table’s order. Other kinds of operations, and a pay whose session is still open, have rows beside them. */
export const ROWS = [
  'before the center’s commit',
  'load: command lost',
  'load: RESULT lost',
  'load: CONFIRM lost',
  'load cancelled, chip not reached',
  'load cancelled, but it ran first',
  'chip rejects',
  'pay: command lost',
  'pay: session over, chip not reached',
  'pay: applied, RESULT lost, session over',
  'pay: committed, store not told',
  'any of these with an off-line debit in between',
] as const

/** A purse’s latest operation. */
interface Pursued {
  row: OperationRow
  /** A relay has had its command, or would have had it with the answer that was lost. */
  sent: boolean
  debited: boolean
  /** The one before it, of what kind it was. */
  readonly follows: OperationRow['kind'] | undefined
}

/** One contact, from its first round on. */
interface Contact {
  readonly purse: PurseId
  /** What was open when it began, and whether that had been sent before. */
  readonly open: Pursued | undefined
  readonly resent: boolean
  /** The latest that was closed by then: what a chip with its flag up has not heard of. */
  readonly closed: OperationRow['kind'] | undefined
  readonly said: Flags[]
  readonly counted: Set<'confirm' | 'open'>
}

type Flags = Extract<Report[number], { about: 'flags' }>

export class Recoveries {
  readonly #history: History
  readonly #latest = new Map<PurseId, Pursued>()
  /** Pays that were opened, by their numbers; and those over whose opening a center has died. */
  readonly #opened = new Set<string>()
  readonly #died = new Set<string>()

  constructor(history: History) {
    this.#history = history
  }

  /** One command's writes, committed together. */
  see(writes: readonly Write[]): void {
    for (const { write, row } of writes) if (write === 'operation') this.#seeOperation(row)
  }

  /** A chip may have been debited, or was, while it was off-line. */
  debited(purse: PurseId): void {
    const latest = this.#latest.get(purse)
    if (latest !== undefined) latest.debited = true
  }

  /** A store has asked after a pay that it was not told of, and it is paid. */
  storeAsked(): void {
    this.#history.recovery('pay: committed, store not told')
  }

  /** Carries out a request that opens the pay of this number, and sees whether a center dies before it is open. */
  async opening<T>(number: string, request: () => Promise<Result<T, Refusal>>): Promise<Result<T, Refusal>> {
    try {
      const answer = await request()
      if (answer.ok && this.#died.delete(number)) this.#history.recovery('before the center’s commit')
      return answer
    } catch (error) {
      if (error instanceof AnswerLost && !this.#opened.has(number)) this.#died.add(number)
      throw error
    }
  }

  /** The same post, watched. One relay brings one chip at a time. */
  watched(post: Post): Post {
    let contact: Contact | undefined
    return async body => {
      if (body.purpose !== undefined) contact = this.#begun(body.purpose)
      const answer = await post(body)
      if (answer.ok && contact !== undefined) this.#hear(contact, answer.value.report, answer.value.commands.length > 0)
      return answer
    }
  }

  #seeOperation(row: OperationRow): void {
    if (row.transaction !== undefined) this.#opened.add(row.transaction)
    const latest = this.#latest.get(row.purse)
    if (latest === undefined || latest.row.number !== row.number) {
      // all but a pay are opened by the transaction that makes their command
      this.#latest.set(row.purse, { row, sent: row.kind !== 'pay', debited: false, follows: latest?.row.kind })
      return
    }
    const closing = latest.row.closed === undefined ? closedAs(latest.row, row) : undefined
    latest.row = row
    if (closing !== undefined) this.#count(closing, latest)
  }

  #begun(purpose: NonNullable<Parameters<Post>[0]['purpose']>): Contact | undefined {
    if (purpose.kind !== 'purse') return undefined
    const purse = purpose.purse
    const latest = this.#latest.get(purse)
    const open = latest?.row.closed === undefined ? latest : undefined
    const closed = open === undefined ? latest?.row.kind : open.follows
    return { purse, open, resent: open?.sent ?? false, closed, said: [], counted: new Set() }
  }

  #hear(contact: Contact, report: Report, goesOn: boolean): void {
    contact.said.push(...report.filter(said => said.about === 'flags'))
    const latest = this.#latest.get(contact.purse)
    if (goesOn && latest !== undefined && latest.row.closed === undefined) latest.sent = true
    const [first, ...rest] = contact.said
    if (first === undefined) return
    this.#once(contact, 'open', ofOpen(contact, first, rest), contact.open)
    this.#once(contact, 'confirm', ofConfirm(contact, first, rest), latest)
  }

  #once({ counted }: Contact, what: 'confirm' | 'open', row: string | undefined, about: Pursued | undefined): void {
    if (row === undefined || counted.has(what)) return
    counted.add(what)
    this.#count(row, about)
  }

  #count(row: string, about: Pursued | undefined): void {
    this.#history.recovery(row)
    if (about?.debited === true) this.#history.recovery('any of these with an off-line debit in between')
  }
}

/** The row that a closing alone tells; what was applied as it was meant to be, it does not. */
function closedAs({ kind, decision }: OperationRow, { closed }: OperationRow): string | undefined {
  if (closed?.outcome === 'rejected') return 'chip rejects'
  if (closed?.outcome === 'reversed') return 'pay: applied, RESULT lost, session over'
  if (closed?.outcome === 'cancelled')
    return kind === 'pay' ? 'pay: session over, chip not reached' : `${kind} cancelled, chip not reached`
  return closed?.outcome === 'applied' && decision === 'void' ? `${kind} cancelled, but it ran first` : undefined
}

/** What was open before the contact and is closed by it as applied: the chip had done it already, or was told again. */
function ofOpen({ open, resent }: Contact, first: Flags, rest: readonly Flags[]): string | undefined {
  if (open?.row.closed?.outcome !== 'applied' || open.row.closed.source !== 'result') return undefined
  if (first.operation?.number !== open.row.number || first.operation.decision === 'void') return undefined
  if (isClosedBy(first, rest)) return `${open.row.kind}: RESULT lost`
  return resent ? `${open.row.kind}: command lost` : undefined
}

/** The chip came with its flag up for what the book had closed, and it has fallen. */
function ofConfirm(contact: Contact, first: Flags, rest: readonly Flags[]): string | undefined {
  const isBehind = first.flags.chip === 1 && (contact.open === undefined || !isClosedBy(first, rest))
  if (!isBehind || !rest.some(({ flags }) => flags.chip === 0)) return undefined
  return contact.closed && `${contact.closed}: CONFIRM lost`
}

/** Whether what the chip said first has closed what was open: it is not open any more when the chip is heard again. */
const isClosedBy = (first: Flags, [next]: readonly Flags[]): boolean =>
  first.flags.chip === 1 && first.operation !== undefined && next?.operation?.number !== first.operation.number
