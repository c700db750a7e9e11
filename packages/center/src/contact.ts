/**
 * One contact between center and chip, through a relay that only carries bytes (PROTOCOL §3): the center is told what
 * the chip answered, judges it, and says what comes next, until there is nothing left to say. All that it must remember
 * between two posts is in the book, or in the token; any center process can take the next post.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import type { PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Outcomes, seal, type ToChip, unseal } from '@kozeni/protocol/message'
import { INS, PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import { type Refusal, type RefusalCode, refusal, refusalOf } from '@kozeni/protocol/refusal'
import { type Book, type Command, type OperationRow, type PurseRow, type Seen, unchanged, type Write } from './book.ts'
import { type PurseToken, sealToken } from './contact-token.ts'
import { judge } from './evidence.ts'
import { expire, openWaiting } from './operation.ts'
import type { Policy } from './policy.ts'
import { type Action, nextStep, type Proof, proves } from './step.ts'
import type { Vault } from './vault.ts'

/** What a contact works with. */
export interface Means {
  readonly book: Book
  readonly crypto: Crypto
  readonly vault: Vault
  readonly policy: Policy
  readonly clock: Clock
  readonly dice: Dice
  /** The purse program as it is delivered. */
  readonly module: Bytes
}

/** What is to go to the chip next; without a token the contact is over. */
export interface Turn {
  readonly token: Bytes | undefined
  readonly commands: readonly Bytes[]
  readonly report: readonly Statement[]
}

/** One sentence of the contact's story, for a screen: the saved pair of flags, what it proves, and what was done. */
export type Statement =
  | {
      readonly about: 'flags'
      readonly chip: boolean | undefined
      readonly center: boolean
      readonly proves: Proof | undefined
      readonly action: Action
      readonly operation: OperationRow | undefined
      /** Why the chip did not do what it was told, or rejected it for ever. */
      readonly reason: RefusalCode | undefined
    }
  | { readonly about: 'install'; readonly step: string; readonly purse: PurseId }

/** What the book says after the chip was heard, and what it is to be told. */
interface Heard {
  readonly purse: PurseRow
  /** Fs before the chip was heard. */
  readonly flagBefore: boolean
  readonly about: OperationRow | undefined
  readonly action: Action
  readonly message: ToChip | undefined
}

/**
 * Opens what waits, and makes the first commands to a purse's chip.
 *
 * @refuses not-found · purse-not-active
 */
export async function beginContact(means: Means, caller: string, purse: PurseId): Promise<Result<Turn, Refusal>> {
  const heard = await means.book.run(hear(means, purse, undefined))
  return heard.ok ? turn(means, caller, heard.value, undefined) : heard
}

/**
 * Takes in what the chip answered to the last turn's commands, and makes the next.
 *
 * @refuses mac-wrong · chip-gone · what the chip says in plain status words
 */
export async function continueContact(
  means: Means,
  token: PurseToken,
  responses: readonly Bytes[],
): Promise<Result<Turn, Refusal>> {
  const outcomes = outcomesIn(means, token, responses)
  if (!outcomes.ok) return outcomes
  const heard = await means.book.run(hear(means, token.purse, outcomes.value))
  if (!heard.ok) return heard
  return stuck(token, heard.value, outcomes.value)
    ? ok({ token: undefined, commands: [], report: [statement({ ...heard.value, action: 'none' }, outcomes.value)] })
    : turn(means, token.caller, heard.value, outcomes.value)
}

/** One transaction: judge what was said, decide what time has decided, open what waits, choose what to say. */
const hear = (means: Means, purse: PurseId, said: Outcomes | undefined): Command<Result<Heard, Refusal>> => ({
  keys: { purse },
  decide: seen => {
    const { purse: row } = seen
    if (row === undefined || row.stage === 'retired') return unchanged(no(refusal('not-found')))
    if (row.stage !== 'active') return unchanged(no(refusal('purse-not-active', { stage: row.stage })))
    const judged = judgeSaid({ ...seen, purse: row }, said)
    const timed = judged.open === undefined ? undefined : expire(judged.open, seen.now)
    const waiting = openWaiting(means.crypto, { ...seen, purse: judged.purse, open: timed?.operation })
    const after = waiting?.purse ?? judged.purse
    const open = waiting?.operation ?? timed?.operation
    const step = nextStep(after, open, said, seen.now)
    return {
      answer: ok({ purse: after, flagBefore: row.flag, about: open ?? seen.open, ...step }),
      writes: [...judged.writes, ...(timed?.writes ?? []), ...(waiting?.writes ?? [])],
    }
  },
})

function judgeSaid(
  seen: Seen & { readonly purse: PurseRow },
  said: Outcomes | undefined,
): { purse: PurseRow; open: OperationRow | undefined; writes: readonly Write[] } {
  if (said === undefined) return { purse: seen.purse, open: seen.open, writes: [] }
  const judged = judge(seen, { ...said, source: 'result' })
  const settingsSeen = said.settingsEpoch === judged.purse.epoch ? said.settings : judged.purse.settingsSeen
  if (settingsSeen === judged.purse.settingsSeen) return judged
  const purse = { ...judged.purse, settingsSeen }
  return { ...judged, purse, writes: [...judged.writes, { write: 'purse', row: purse }] }
}

/** The chip's answer to this turn's one message, if it is authentic. */
function outcomesIn(means: Means, token: PurseToken, responses: readonly Bytes[]): Result<Outcomes, Refusal> {
  const last = decodeResponse(responses.at(-1) ?? new Uint8Array(0))
  if (last === undefined || responses.length !== token.commands) return no(refusal('chip-gone'))
  if (last.statusWord !== 0x9000) return no(refusal(refusalOf(last.statusWord) ?? 'not-personalised'))
  const keys = means.vault.purseKeys(last.data[2] ?? 0, token.purse)
  const message = keys && unseal(means.crypto, keys, token.purse, last.data)
  const fromChip = message?.type === 'result' || message?.type === 'fenced'
  return fromChip ? ok(message.body) : no(refusal('mac-wrong'))
}

/** The chip will not do what it was told just now (a PIN, a freeze): saying it again would not help. */
const stuck = (token: PurseToken, heard: Heard, said: Outcomes): boolean =>
  said.status !== 0x9000 && heard.action === token.action && heard.purse.number === token.number

function turn(means: Means, caller: string, heard: Heard, said: Outcomes | undefined): Result<Turn, Refusal> {
  const report = [statement(heard, said)]
  if (heard.message === undefined) return ok({ token: undefined, commands: [], report })
  const { purse, keyVersion, number } = heard.purse
  const keys = means.vault.purseKeys(keyVersion, purse)
  if (keys === undefined) return no(refusal('key-version-unknown', { version: keyVersion }))
  const message = purseCommand(INS.message, seal(means.crypto, keys, purse, heard.message))
  const commands = (said === undefined ? [selectCommand(PURSE_AID), message] : [message]).map(encodeCommand)
  const token = { kind: 'purse', caller, purse, action: heard.action, number, commands: commands.length } as const
  return ok({ token: sealToken(means, token), commands, report })
}

function statement(heard: Heard, said: Outcomes | undefined): Statement {
  const reason = said === undefined || said.status === 0x9000 ? undefined : refusalOf(said.status)
  return {
    about: 'flags',
    chip: said?.flag,
    center: heard.flagBefore,
    proves: said && proves(said.flag, heard.flagBefore),
    action: heard.action,
    operation: heard.about,
    reason,
  }
}
