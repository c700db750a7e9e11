/**
 * The mailbox: what a terminal carries from the center for chips that meet it while it is alone, and carries back from them
 * (F-9). Pure. It understands none of the messages, so it can forge none; it drops none either: only a newer list does.
 */
import { type Bytes, base64url, equal, fromBase64url, NO_BYTES } from '@kozeni/base/bytes'
import type { PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { MailExchange, MailList } from './center.ts'
import type { Entry, Letter } from './entry.ts'
import type { MailAnswer, Mailbox, Till } from './till.ts'

/** Answers brought at once. */
const ANSWERS_MAX = 200

/** What this purse's chip is to be told before anything else, in order. @spec F-9 */
export const mailFor = ({ mailbox }: Till, purse: PurseId): readonly Bytes[] => mailbox.letters.get(purse) ?? []

/** The entry that keeps a chip's answer; none when it has said the same before and the center has not heard it yet. */
export function answerEntry({ mailbox }: Till, purse: PurseId, answer: Bytes, at: number): Entry | undefined {
  const known = mailbox.answers.some(earlier => earlier.purse === purse && equal(earlier.answer, answer))
  return known ? undefined : { entry: 'mail-answered', at, purse, answer }
}

/** The answers to bring now, the oldest first. */
export const answersDue = ({ mailbox }: Till): readonly MailAnswer[] => mailbox.answers.slice(0, ANSWERS_MAX)

/** The body that brings these answers. */
export const exchangeOf = (due: readonly MailAnswer[]): MailExchange => ({
  answers: due.map(({ purse, answer }) => ({ purse, answer: base64url(answer) })),
})

/**
 * What the center's answer changes, as journal entries. An answer that the center refuses is done with as well: it is no
 * evidence, and will be none tomorrow.
 *
 * @refuses center-garbled (fewer answers than were brought, or a list older than the one that is there)
 */
export function mailEntries(
  { mailbox }: Till,
  due: readonly MailAnswer[],
  said: MailList,
  at: number,
): Result<readonly Entry[], Refusal> {
  if (said.taken.length !== due.length) return no(refusal('center-garbled', { field: 'taken' }))
  if (said.version < mailbox.version) return no(refusal('center-garbled', { field: 'version' }))
  const last = due.at(-1)
  const taken: Entry[] = last === undefined ? [] : [{ entry: 'mail-taken', at, through: last.position }]
  const letters = said.letters.map(({ purse, messages }): Letter => ({ purse, messages: messages.map(bytesOf) }))
  return ok(isCarried(mailbox, letters) ? taken : [...taken, { entry: 'mail', at, version: said.version, letters }])
}

/** The contract has checked the spelling. */
const bytesOf = (text: string): Bytes => fromBase64url(text) ?? NO_BYTES

/** Whether the box holds these letters and no others already: then the journal need not grow. */
function isCarried({ letters: carried }: Mailbox, letters: readonly Letter[]): boolean {
  return carried.size === letters.length && letters.every(({ purse, messages }) => same(messages, carried.get(purse)))
}

const same = (a: readonly Bytes[], b: readonly Bytes[] = []): boolean =>
  a.length === b.length && a.every((message, i) => equal(message, b[i] ?? NO_BYTES))
