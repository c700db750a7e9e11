/**
 * The mail that off-line tills carry (F-9): messages for the chips that a store's tills are likely to meet. The center keeps
 * no list of it: what is owed follows from the saved states, as in any contact. Pays never travel this way.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { PurseId } from '@kozeni/base/ids'
import { seal, type ToChip } from '@kozeni/protocol/message'
import { type Command, type PurseRow, type TerminalRow, unchanged } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import { type Means as ContactMeans, takeAnswer } from './contact.ts'
import { isListenedTo, leadOn } from './operation.ts'
import { versionsFrom } from './purse-keys.ts'
import { isFenced } from './restore.ts'
import { mailFor } from './step.ts'
import type { Views } from './views.ts'

type Means = ContactMeans & { readonly views: Views }

/** What one purse's chip is to be given, in this order. */
export interface Letter {
  readonly purse: PurseId
  readonly messages: readonly Bytes[]
}

/** Mail says the day, not the second: the same mail is the same bytes, and a till need not take it anew. */
const DAY_MS = 86_400_000

/**
 * The letters for one till: those of purses that its store's tills have met lately, and that are owed something. A till that
 * is stolen carries nothing.
 *
 * @spec F-9
 */
export async function lettersFor(means: Means, { store, stolen }: TerminalRow): Promise<readonly Letter[]> {
  if (stolen) return []
  const purses = await means.views.metLately(store, means.policy.mailPurses)
  const letters = await Promise.all(purses.map(purse => means.book.run(write(means, purse))))
  return letters.filter(({ messages }) => messages.length > 0)
}

/** What waits is opened first, as in a contact: so a chip that never meets the network gets what it is owed. */
const write = (means: Means, purse: PurseId): Command<Letter> => ({
  keys: { purse },
  decide: seen => {
    const { purse: row, now } = seen
    if (row === undefined || !isListenedTo(row)) return unchanged({ purse, messages: [] })
    const after = leadOn(means.crypto, { ...seen, purse: row })
    const messages = mailFor({ ...seen, ...after, now: now - (now % DAY_MS) })
    return { answer: { purse, messages: sealed(means, after.purse, messages, seen.present) }, writes: after.writes }
  },
})

/** A fence goes under every version of its keys that the chip may have: nobody is there to say which (F-12). */
function sealed({ crypto, vault }: Means, row: PurseRow, messages: readonly ToChip[], present: EpochRow): Bytes[] {
  const versions = isFenced(row, present) ? [row.keyVersion] : versionsFrom(row.keyVersion, row.purse, vault)
  return versions
    .flatMap(version => vault.purseKeys(version, row.purse) ?? [])
    .flatMap(keys => messages.map(message => seal(crypto, keys, row.purse, message)))
}

/** What a chip answered to its mail. */
export interface MailAnswer {
  readonly purse: PurseId
  readonly answer: Bytes
}

/** Takes in chips' answers, in their order: a later one of the same chip says more. @spec F-6, F-9 */
export async function takeAnswers(means: Means, answers: readonly MailAnswer[]) {
  const taken: Awaited<ReturnType<typeof takeAnswer>>[] = []
  for (const { purse, answer } of answers) taken.push(await takeAnswer(means, purse, answer))
  return taken
}
